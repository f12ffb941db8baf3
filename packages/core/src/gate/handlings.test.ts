import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assessGate } from "./assess-gate.ts";
import type { StratumEvidence } from "./evidence.ts";
import {
  criterion,
  EDIT_RATE,
  evidenceOf,
  gate,
  gateInput,
  QUALITY,
  rate,
  stratum,
} from "./testing/builders.ts";

/** One stage in which both releases show the same rate. */
function alike(stageIndex: number, propensityBps: number, shown: number): StratumEvidence {
  const total = 20_000;
  const candidate = Math.round((total * propensityBps) / 10_000);
  const baseline = total - candidate;
  return stratum({
    stageIndex,
    propensityBps,
    candidate: rate(Math.round(candidate * shown), candidate),
    baseline: rate(Math.round(baseline * shown), baseline),
  });
}

describe("a baseline that moves while the share grows", () => {
  const rising = [alike(0, 100, 0.1), alike(1, 2_500, 0.16), alike(2, 5_000, 0.22)];
  const pooled = [
    stratum({
      stageIndex: 0,
      propensityBps: 2_533,
      candidate: sumOf(rising.map(({ candidate }) => candidate.bins)),
      baseline: sumOf(rising.map(({ baseline }) => baseline.bins)),
    }),
  ];

  it("is no harm of the candidate, because stages are strata", () => {
    const report = gate({ criteria: [EDIT_RATE], evidence: [evidenceOf("edit_rate", rising)] });
    expect(report.verdict).not.toBe("fail");
    expect(report.logHarm).toBeLessThan(0);
  });

  it("would be taken for harm if all stages were one", () => {
    const report = gate({ criteria: [EDIT_RATE], evidence: [evidenceOf("edit_rate", pooled)] });
    expect(report.verdict).toBe("fail");
  });
});

it("harm in one small slice is found there, and on all traffic it is lost", () => {
  const of = (baseline: number, candidate: number, total: number) =>
    stratum({
      stageIndex: 1,
      propensityBps: 5_000,
      baseline: rate(baseline, total),
      candidate: rate(candidate, total),
    });
  const whole = evidenceOf("edit_rate", [of(3_000, 3_025, 20_000)]);
  const slice = evidenceOf("edit_rate", [of(60, 160, 400)], "kind=rare");
  const sliced = { ...EDIT_RATE, perSlice: true };
  const parts = { criteria: [sliced], slices: ["kind=rare"], evidence: [whole, slice] };
  expect(gate(parts)).toMatchObject({ verdict: "fail", culprit: { slice: "kind=rare" } });
  expect(gate({ ...parts, slices: [], evidence: [whole] }).verdict).not.toBe("fail");
});

it("a report is the same to the bit whatever was judged before it", () => {
  const counts = fc.record({ bin: fc.integer({ min: 0, max: 100 }), count: fc.nat(200) });
  const cell = fc.array(counts, { maxLength: 60 }).map((entries) => ({
    bins: Object.fromEntries(entries.map(({ bin, count }) => [bin, count])),
  }));
  fc.assert(
    fc.property(cell, cell, fc.integer({ min: 1, max: 400 }), (baseline, candidate, others) => {
      const judge = (rollback: number) =>
        assessGate(
          gateInput({
            criteria: [{ ...QUALITY, comparison: { kind: "relative", hold: 0.01, rollback } }],
            evidence: [
              evidenceOf("quality", [
                stratum({ stageIndex: 1, propensityBps: 1_000, baseline, candidate }),
              ]),
            ],
          }),
        );
      const first = JSON.stringify(judge(0.1));
      // More criteria than are kept compiled, so that the one in question is compiled again.
      for (let index = 0; index < others * 2; index += 1) judge(0.2 + index / 1_500);
      expect(JSON.stringify(judge(0.1))).toBe(first);
    }),
    { numRuns: 3 },
  );
});

it("a baseline that is answered no more holds: the candidate's later answers have no control", () => {
  // A tenth of 10,000 requests; then 150 of the candidate's, where 1,350 of the baseline's belong.
  const seen = (later: number) =>
    gate({
      criteria: [QUALITY],
      evidence: [
        evidenceOf("quality", [
          stratum({
            propensityBps: 1_000,
            candidate: { bins: { "80": 1_000 + later } },
            baseline: { bins: { "80": 9_000 } },
          }),
        ]),
      ],
    });
  expect(seen(0).verdict).toBe("pass");
  expect(seen(150)).toMatchObject({ verdict: "hold", open: [{ evidence: "measured" }] });
});

it("an unknown metric is an error of the evidence and never a pass", () => {
  const of = criterion("tone", { kind: "relative", hold: 0.05, rollback: 0.1 });
  expect(gate({ criteria: [of] }).open).toMatchObject([{ evidence: "error" }]);
});

function sumOf(cells: readonly Readonly<Record<string, number>>[]) {
  const bins: Record<string, number> = {};
  for (const cell of cells) {
    for (const [bin, count] of Object.entries(cell)) bins[bin] = (bins[bin] ?? 0) + count;
  }
  return { bins };
}

describe("an outage that both releases share", () => {
  // Half a point more edits: suspicious, and well within what may be.
  const edits = [
    stratum({
      propensityBps: 5_000,
      candidate: rate(9_450, 60_000),
      baseline: rate(9_000, 60_000),
    }),
  ];
  const errors = (share: number) => [
    stratum({
      propensityBps: 5_000,
      candidate: rate(share * 60_000, 60_000),
      baseline: rate(share * 60_000, 60_000),
    }),
  ];
  const report = (share: number) =>
    gate({
      criteria: [EDIT_RATE, criterion("error_rate", { kind: "limit", hold: 0.03, rollback: 0.05 })],
      evidence: [evidenceOf("edit_rate", edits), evidenceOf("error_rate", errors(share))],
    });

  it("lends its evidence to no other criterion", () => {
    expect(
      report(0.04).verdicts.find(({ metric }) => metric === "error_rate")?.logBlock,
    ).toBeGreaterThan(20);
    expect(report(0.01).verdict).toBe("hold");
    expect(report(0.04).verdict).toBe("hold");
    expect(report(0.04).logHarm).toBeGreaterThan(Math.log(20));
  });
});

describe("suspicion among many rows", () => {
  const at = (candidate: number) =>
    stratum({
      propensityBps: 5_000,
      candidate: rate(candidate, 2_000),
      baseline: rate(300, 2_000),
    });
  const names = Array.from({ length: 12 }, (_, index) => `ward=${index}`);
  const judged = (suspicious: number) =>
    gate({
      criteria: [{ ...EDIT_RATE, perSlice: true }],
      slices: names,
      evidence: [
        evidenceOf("edit_rate", [at(300)]),
        ...names.map((name, index) =>
          evidenceOf(
            "edit_rate",
            [at(index < suspicious ? (suspicious > 1 ? 375 : 350) : 290)],
            name,
          ),
        ),
      ],
    });

  it("does not freeze the ramp for one row that chance has made look bad", () => {
    const report = judged(1);
    expect(Math.max(...report.verdicts.map(({ logHarm }) => logHarm))).toBeGreaterThan(Math.log(3));
    expect(report.logHarm).toBeLessThan(Math.log(3));
    expect(report.verdict).not.toBe("hold");
    expect(report.verdicts.map(({ verdict }) => verdict)).not.toContain("hold");
  });

  it("does where all of them together look bad, and names those that do", () => {
    const report = judged(12);
    expect(report.logHarm).toBeGreaterThan(Math.log(3));
    expect(report.verdict).toBe("hold");
    expect(report.culprit?.slice).not.toBe("*");
  });
});

describe("slices that turn up one after the other", () => {
  const losing = stratum({
    propensityBps: 5_000,
    candidate: rate(100, 2_000),
    baseline: rate(400, 2_000),
  });
  const with2 = (slices: readonly string[], sliceSlots?: number) =>
    gate({
      criteria: [{ ...EDIT_RATE, perSlice: true }],
      slices,
      ...(sliceSlots === undefined ? {} : { sliceSlots }),
      evidence: [
        evidenceOf("edit_rate", [losing]),
        ...slices.map((s) => evidenceOf("edit_rate", s === "a=1" ? [losing] : [], s)),
      ],
    }).logHarm;

  it("do not lift the odds of harm, for their places had their weight from the start", () => {
    expect(with2(["a=1", "a=2"], 3)).toBeCloseTo(with2(["a=1"], 3), 9);
    // What a weight by the slices seen so far would do.
    expect(with2(["a=1", "a=2"])).toBeGreaterThan(with2(["a=1"]) + 1);
  });
});
