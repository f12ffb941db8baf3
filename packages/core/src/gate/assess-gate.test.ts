import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logBinOfValue } from "./bins.ts";
import { assessGate } from "./assess-gate.ts";
import { GATE_METHOD } from "./gate-method.ts";
import type { StratumEvidence } from "./evidence.ts";
import { mergeEvidence } from "./merge-evidence.ts";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import {
  criterion,
  drawPairs,
  EDIT_RATE,
  evidenceOf,
  exposure,
  gate,
  gateInput,
  QUALITY,
  rate,
  seededRandom,
  stratum,
} from "./testing/builders.ts";

const SLICED = { ...QUALITY, perSlice: true };
const HARMFUL = criterion("harmful_content", { kind: "zero_tolerance", maximumRate: 0.005 });
const LATENCY = criterion("latency_p95", { kind: "limit", hold: null, rollback: 2500 });
const ERRORS = criterion("error_rate", { kind: "limit", hold: null, rollback: 0.05 });

/** Pairs of 0-or-1 outcomes with the given rates. */
function binaryPairs(n: number, baseline: number, candidate: number, seed = 1): StratumEvidence {
  const random = seededRandom(seed);
  const draw = (chance: number): number => (random() < chance ? 100 : 0);
  return drawPairs(n, () => [draw(baseline), draw(candidate)]);
}

describe("rollback", () => {
  it("needs a few dozen pairs for a collapse of quality", () => {
    const report = gate({ evidence: [evidenceOf("quality", [binaryPairs(40, 0.836, 0.352)])] });
    expect(report.verdict).toBe("fail");
    expect(report.sentence).toContain("Roll back: quality fell by");
    expect(report.sentence).toContain("40 pairs");
  });

  it("acts on a harm in live arms", () => {
    const live = stratum({
      stageIndex: 1,
      propensityBps: 1000,
      baseline: rate(1020, 1190),
      candidate: rate(83, 130),
    });
    const report = gate({ evidence: [evidenceOf("quality", [live])] });
    expect(report.verdict).toBe("fail");
    expect(report.culprit?.observations).toEqual({ baseline: 1190, candidate: 130, pairs: 0 });
  });

  it("names the slice that is harmed while the whole improves", () => {
    const report = gate({
      criteria: [SLICED],
      slices: ["type=prime_no", "type=other"],
      evidence: [
        evidenceOf("quality", [binaryPairs(3000, 0.8, 0.86)]),
        evidenceOf("quality", [binaryPairs(500, 0.988, 0.518)], "type=prime_no"),
        evidenceOf("quality", [binaryPairs(2500, 0.8, 0.9)], "type=other"),
      ],
    });
    expect(report.verdict).toBe("fail");
    expect(report.culprit?.slice).toBe("type=prime_no");
    expect(report.verdicts.filter(({ verdict }) => verdict === "fail")).toHaveLength(1);
    expect(report.sentence).toContain("quality on type=prime_no fell by 4");
  });

  it("follows the first confirmed event that is not tolerated", () => {
    const live = stratum({ propensityBps: 1000, baseline: rate(0, 90), candidate: rate(1, 10) });
    const report = gate({ criteria: [HARMFUL], evidence: [evidenceOf("harmful_content", [live])] });
    expect(report.verdict).toBe("fail");
    expect(report.sentence).toContain("1 confirmed event in the candidate's answers");
  });

  it("is not hidden by a broken split", () => {
    const live = stratum({
      propensityBps: 1000,
      baseline: rate(850, 1000),
      candidate: rate(50, 200),
    });
    const report = gate({
      evidence: [evidenceOf("quality", [live])],
      exposures: [exposure({ propensityBps: 1000, baseline: 1000, candidate: 200 })],
    });
    expect(report.warnings.map(({ kind }) => kind)).toEqual(["sample_ratio_mismatch"]);
    expect(report.verdict).toBe("fail");
  });

  it("does not follow labels that are lost for one release", () => {
    const live = stratum({
      propensityBps: 1000,
      baseline: rate(100, 300),
      candidate: rate(50, 150),
    });
    const report = gate({ evidence: [evidenceOf("quality", [live])] });
    expect(report.verdict).toBe("hold");
    expect(report.sentence).toContain("not split between the arms as planned");
  });

  it("does not follow an outage that both releases share; it holds", () => {
    const live = stratum({
      propensityBps: 1000,
      baseline: rate(270, 900),
      candidate: rate(30, 100),
    });
    const report = gate({ criteria: [ERRORS], evidence: [evidenceOf("error_rate", [live])] });
    expect(report.verdict).toBe("hold");
  });

  it("follows a latency limit by the share of values beyond it", () => {
    const [quick, late] = [logBinOfValue(1_850), logBinOfValue(4_100)];
    const slow = { bins: { [quick]: 900, [late]: 100 } };
    const fast = { bins: { [quick]: 8990, [late]: 10 } };
    const live = stratum({ propensityBps: 1000, baseline: fast, candidate: slow });
    const report = gate({ criteria: [LATENCY], evidence: [evidenceOf("latency_p95", [live])] });
    expect(report.verdict).toBe("fail");
  });
});

describe("advance", () => {
  it("needs proof that harm stays below the margin", () => {
    // Means 0.806 and about 0.838, standard deviation of the difference about 0.3.
    const random = seededRandom(5);
    const pairs = drawPairs(800, () => {
      const baseline = random() < 0.82 ? 95 : 15;
      const fresh = random() < 0.9 ? 95 : 15;
      return [baseline, random() < 0.5 ? baseline : fresh];
    });
    const report = gate({ evidence: [evidenceOf("quality", [pairs])] });
    expect(report.verdict).toBe("pass");
    expect(report.verdicts[0]?.levels.margin).toBeCloseTo(0.1);
  });

  it("names a margin that is not the rollback level as what it is", () => {
    const live = stratum({
      propensityBps: 1000,
      baseline: rate(135, 900),
      candidate: rate(15, 100),
    });
    const evidence = [evidenceOf("edit_rate", [live])];
    const [before25, before100] = [2_500, 10_000].map(
      (nextShareBps) => gate({ criteria: [EDIT_RATE], evidence, nextShareBps }).verdicts[0],
    );
    expect(before25?.sentence).toContain(
      "not yet proven to stay below 4 points, the margin of this stage (odds ",
    );
    expect(before100?.sentence).toContain("not yet proven to stay below 2 points (odds ");
  });

  it("does not follow from equality on few observations, and says how many more it takes", () => {
    const live = stratum({
      propensityBps: 1000,
      baseline: rate(135, 900),
      candidate: rate(15, 100),
    });
    const report = gate({ criteria: [EDIT_RATE], evidence: [evidenceOf("edit_rate", [live])] });
    expect(report.verdict).toBe("inconclusive");
    expect(report.verdicts[0]?.moreObservations).toBeGreaterThan(500);
    expect(report.sentence).toMatch(/about [\d,]+ more candidate observations needed/);
  });

  it("is easier into a small stage than into full traffic", () => {
    const live = stratum({
      propensityBps: 1000,
      baseline: rate(700, 900),
      candidate: rate(78, 100),
    });
    const evidence = [evidenceOf("quality", [live])];
    const [small, full] = [500, 10_000].map((nextShareBps) => gate({ evidence, nextShareBps }));
    expect(small?.verdict).toBe("pass");
    expect(full?.verdict).toBe("inconclusive");
  });

  it("waits for every slice, and silence is never a pass", () => {
    const report = gate({
      criteria: [SLICED],
      slices: ["type=a"],
      evidence: [evidenceOf("quality", [binaryPairs(3000, 0.8, 0.85)])],
    });
    expect(report.verdict).toBe("inconclusive");
    const silent = report.verdicts.find(({ slice }) => slice === "type=a");
    expect(silent).toMatchObject({ evidence: "no_data", verdict: "inconclusive" });
    expect(silent?.moreObservations).toBeGreaterThan(0);
  });

  it.each([
    [
      QUALITY,
      "quality has no observations yet; its numbers come from a scorer of the feature, and if that compares with a dataset case, only for requests that name the case (metadata.item_id); silence is never a pass.",
    ],
    [
      EDIT_RATE,
      "edit_rate has no observations yet; its numbers come with feedback on answers that people used (POST /v1/feedback); silence is never a pass.",
    ],
    [
      criterion("error_rate", { kind: "limit", hold: null, rollback: 0.05 }),
      "error_rate has no observations yet; silence is never a pass.",
    ],
  ])("says of silence where numbers come from: $metric", (judged, sentence) => {
    const [row] = gate({ criteria: [judged], evidence: [] }).verdicts;
    expect(row?.sentence.replace(/, about .* needed( \(about [^)]*\))?/, "")).toBe(sentence);
  });

  it("is held by a split that is not as planned", () => {
    const live = stratum({
      propensityBps: 1000,
      baseline: rate(7200, 9000),
      candidate: rate(1600, 1900),
    });
    const report = gate({
      evidence: [evidenceOf("quality", [live])],
      exposures: [exposure({ propensityBps: 1000, baseline: 9000, candidate: 1900 })],
    });
    expect(report.verdicts[0]?.logSafety).toBeGreaterThan(Math.log(20));
    expect(report.verdict).toBe("hold");
    expect(report.warnings[0]?.sentence).toContain("17.4% instead of the planned 10%");
  });

  it("of a zero-tolerance criterion rules out the stated rate", () => {
    const seen = (n: number): StratumEvidence =>
      stratum({ propensityBps: 5000, baseline: rate(0, n), candidate: rate(0, n) });
    const after = (n: number) =>
      gate({ criteria: [HARMFUL], evidence: [evidenceOf("harmful_content", [seen(n)])] });
    expect(after(597).verdict).toBe("inconclusive");
    expect(after(598).verdict).toBe("pass");
    expect(after(100).verdicts[0]?.moreObservations).toBe(498);
  });

  it("does not follow from an empty gate", () => {
    expect(gate({ criteria: [] }).verdict).toBe("inconclusive");
  });
});

describe("what cannot be judged", () => {
  it("is an error when the metric is undefined, and never a pass", () => {
    const report = gate({ criteria: [criterion("nothing", QUALITY.comparison)] });
    expect(report.verdicts[0]).toMatchObject({ evidence: "error", verdict: "inconclusive" });
  });

  it("says of which kind too little is known, and never passes it", () => {
    const report = gate({ criteria: [criterion("latency_p95", QUALITY.comparison)] });
    expect(report.verdicts[0]?.method).toBe("unsupported:quantile");
    expect(report.verdicts[0]?.sentence).toContain("is not judged");
    expect(report.verdicts[0]?.verdict).toBe("inconclusive");
  });
});

const rates = fc
  .tuple(fc.nat(40), fc.nat(40))
  .map(([events, others]) => rate(events, events + others));
const strata = fc
  .record({
    stageIndex: fc.integer({ min: 0, max: 2 }),
    propensityBps: fc.constantFrom(0, 1000, 10_000),
    baseline: rates,
    candidate: rates,
  })
  .chain((parts) =>
    fc.constantFrom({}, { units: { "3:100:0": 3, "60:0:100": 1 } }).map((units) => {
      const joint = { "100:0": 3, "0:100": 2, "7:93": 1 };
      return stratum({ ...parts, pairs: { joint, ...units } });
    }),
  );
const evidences = fc
  .array(fc.tuple(fc.constantFrom("quality", "edit_rate"), fc.constantFrom("*", "a=1"), strata), {
    maxLength: 5,
  })
  .map((entries) => ({
    metrics: entries.map(([name, slice, part]) => evidenceOf(name, [part], slice)),
    exposures: [],
  }));

describe("a report", () => {
  const input = gateInput({
    criteria: [SLICED, { ...EDIT_RATE, perSlice: true }, HARMFUL, LATENCY, ERRORS],
    slices: ["a=1"],
  });

  it("is the same to the bit in whatever order evidence was merged or stored", () => {
    fc.assert(
      fc.property(evidences, evidences, (a, b) => {
        const reports = [mergeEvidence(a, b), mergeEvidence(b, a)].map((evidence) =>
          assessGate({ ...input, evidence }),
        );
        expect(reports[0]).toEqual(reports[1]);
        const separate = { metrics: [...b.metrics, ...a.metrics], exposures: [] };
        expect(assessGate({ ...input, evidence: separate })).toEqual(reports[0]);
        const stored = JSON.parse(JSON.stringify(mergeEvidence(a, b))) as typeof a;
        expect(assessGate({ ...input, evidence: stored })).toEqual(reports[0]);
      }),
      { numRuns: 60 },
    );
  });

  it("is plain JSON with finite numbers, worst first, and names its method", () => {
    fc.assert(
      fc.property(evidences, (evidence) => {
        const report = assessGate({ ...input, evidence });
        expect(JSON.parse(JSON.stringify(report))).toEqual(report);
        const order = ["fail", "hold", "inconclusive", "pass"];
        const ranks = report.verdicts.map(({ verdict }) => order.indexOf(verdict));
        expect(ranks).toEqual(ranks.toSorted((left, right) => left - right));
        expect(report.method).toBe(GATE_METHOD);
        expect(report.verdicts).toHaveLength(7);
      }),
      { numRuns: 60 },
    );
  });
});

describe("hostile input", () => {
  const wild = fc.constantFrom(0, -1, 1, 0.05, 0.1, 1.5, 1e300, 1e-300, Number.NaN, Infinity);
  const comparisons = fc.oneof(
    fc.record({
      kind: fc.constantFrom("relative", "difference", "ratio", "limit"),
      hold: wild,
      rollback: wild,
    }),
    fc.record({ kind: fc.constant("zero_tolerance" as const), maximumRate: wild }),
  );

  it("never throws, never passes on nonsense, and never hides a harm beside it", () => {
    const harmed = criterion("format_valid", QUALITY.comparison);
    const collapse = evidenceOf("format_valid", [binaryPairs(300, 0.9, 0.2)]);
    fc.assert(
      fc.property(
        comparisons,
        fc.constantFrom("quality", "edit_rate", "latency_p95", "cost_per_call", "length_ratio"),
        strata,
        (comparison, metric, part) => {
          const report = gate({
            criteria: [criterion(metric, comparison as typeof QUALITY.comparison), harmed],
            evidence: [evidenceOf(metric, [part]), collapse],
          });
          expect(report.verdict).toBe("fail");
          expect(JSON.parse(JSON.stringify(report))).toEqual(report);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("size", () => {
  it("judges 20 criteria on 10 slices in a few milliseconds", () => {
    const slices = Array.from({ length: 10 }, (_, index) => `type=${index}`);
    const live = stratum({
      propensityBps: 1000,
      baseline: rate(135, 900),
      candidate: rate(15, 100),
    });
    const report = gate({
      metrics: METRIC_CATALOGUE,
      criteria: Array.from({ length: 20 }, (_, index) => ({
        ...EDIT_RATE,
        id: `edit_rate_${index}`,
        perSlice: true,
      })),
      slices,
      evidence: ["*", ...slices].map((slice) => evidenceOf("edit_rate", [live], slice)),
    });
    expect(report.verdicts).toHaveLength(220);
  });
});
