import { describe, expect, test } from "vitest";
import { HOUR, rollout, stage, strategy } from "../../test/rollout-builders.ts";
import type { MetricEvidence } from "../gate/evidence.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import type { Judgement } from "./decision-record.ts";
import { judge } from "./decision-record.ts";
import { gateInputOf } from "./gate-input.ts";
import { strategyProblems } from "./strategy.ts";

const PAIRS = 500;

type Joint = Readonly<Record<string, number>>;

function pairs(metric: string, joint: Joint): MetricEvidence {
  const nothing = { baseline: { bins: {} }, candidate: { bins: {} } };
  const strata = [{ stageIndex: 0, propensityBps: 0, ...nothing, pairs: { joint } }];
  return { metric, slice: "*", strata };
}

/** The baseline never differs from itself. */
function differing(share: number): Joint {
  const events = Math.round(PAIRS * share);
  return { "0:0": PAIRS - events, "0:100": events };
}

const AS_GOOD: Joint = { "80:80": PAIRS };
const WORSE: Joint = { "80:80": PAIRS - 100, "80:0": 100 };

/** A shadow of 500 pairs, with a limit of 8% on divergence under review. */
function shadow(of: {
  readonly divergence: number;
  readonly quality?: Joint;
  readonly criteria?: readonly string[];
}): Judgement {
  const { criteria: ids = ["quality", "divergence"] } = of;
  const stages = [stage("shadow", { review: ["divergence"] }), stage("verify")];
  const base = strategy(stages, [...ids]);
  const criteria = base.criteria.map((criterion) =>
    criterion.id === "divergence"
      ? { ...criterion, comparison: { kind: "limit", hold: 0.08, rollback: 0.1 } as const }
      : criterion,
  );
  const reviewed = rollout({
    strategy: { ...base, criteria },
    state: { kind: "progressing", stageIndex: 0, enteredAtMs: 0 },
  });
  const exposure = { baseline: 0, candidate: 0, pairs: PAIRS, excluded: {} };
  const evidence = {
    metrics: [
      pairs("quality", of.quality ?? AS_GOOD),
      pairs("divergence", differing(of.divergence)),
    ],
    exposures: [{ stageIndex: 0, propensityBps: 0, ...exposure, lastObservedAtMs: null }],
  };
  return judge({
    rollout: reviewed,
    event: { kind: "tick" },
    gate: gateInputOf(reviewed, evidence, METRIC_CATALOGUE),
    stageObservations: PAIRS,
    nowMs: 2 * HOUR * 1_000,
  });
}

function rowOf({ report }: Judgement, id: string) {
  return report?.verdicts.find(({ criterionId }) => criterionId === id);
}

describe("a criterion under review", () => {
  test("holds for a person where the same evidence would take back", () => {
    const judged = shadow({ divergence: 0.3 });
    const { outcome, report } = judged;
    expect(outcome).toMatchObject({ next: { kind: "held", code: "harm_suspected" } });
    expect(report?.verdict).toBe("hold");
    expect(report?.sentence).toMatch(/^A person has to look: divergence is at 30%/);
    expect(outcome.reason).toBe(report?.sentence);
    expect(report?.culprit).toEqual(rowOf(judged, "divergence"));
  });

  test("says of a limit how surely it is exceeded, and nothing of the baseline", () => {
    const row = rowOf(shadow({ divergence: 0.13 }), "divergence")!;
    expect(row.verdict).toBe("hold");
    expect(row.logHarm).toBe(row.logBlock);
    expect(row.logHarm).toBeLessThan(Math.log(1_000));
    expect(row.sentence).toMatch(/the limit is 10%; odds \d+:1 that it is beyond 8%/);
  });

  test("is open where nothing is shown of it, in all that the report and the decision say", () => {
    const judged = shadow({ divergence: 0.076 });
    const { outcome, report } = judged;
    const row = rowOf(judged, "divergence")!;
    expect(row).toMatchObject({ verdict: "inconclusive", evidence: "measured" });
    expect(row.sentence).toContain("not yet proven to stay below");
    expect(row.moreObservations).toBeGreaterThan(0);
    expect(report).toMatchObject({
      verdict: "inconclusive",
      culprit: null,
      sentence: `Not yet decided: 1 of 2 checks pass. ${row.sentence}`,
      open: [{ criterionId: "divergence", verdict: "inconclusive", sentence: row.sentence }],
    });
    expect(outcome).toMatchObject({ kind: "wait", reason: row.sentence });
  });

  test("passes below its limit, and is counted among the checks", () => {
    const judged = shadow({ divergence: 0.01 });
    expect(rowOf(judged, "divergence")).toMatchObject({ verdict: "pass", moreObservations: null });
    expect(judged.report?.sentence).toContain("Safe to advance: all 2 checks");
    expect(judged.outcome).toMatchObject({ decision: "advance" });
  });

  test("takes no part in the average, and stands behind what is suspected without it", () => {
    const alone = shadow({ divergence: 0.01, quality: WORSE });
    const both = shadow({ divergence: 0.3, quality: WORSE });
    expect(both.report?.logHarm).toBe(alone.report?.logHarm);
    expect(both.report?.verdicts.map(({ criterionId, verdict }) => [criterionId, verdict])).toEqual(
      [
        ["quality", "fail"],
        ["divergence", "hold"],
      ],
    );
    expect(both.outcome).toMatchObject({ decision: "rollback" });
  });

  test("costs no words and no figures until somebody reads them", () => {
    for (const divergence of [0.01, 0.076, 0.3]) {
      const properties = Object.getOwnPropertyDescriptors(shadow({ divergence }).report!);
      for (const name of ["verdicts", "open", "sentence"] as const) {
        expect(properties[name].get).toBeTypeOf("function");
      }
    }
  });
});

describe("a gate with nothing but criteria under review", () => {
  test("is refused, since nothing would take a candidate back", () => {
    const only = strategy([stage("shadow", { review: ["quality"] }), stage("verify")]);
    const everywhere = strategy([
      stage("shadow", { review: ["quality"] }),
      stage("verify", { review: ["quality"] }),
    ]);
    for (const of of [only, everywhere]) {
      const [problem, ...rest] = strategyProblems(of, 2);
      expect(problem?.path).toBe("gate");
      expect(problem?.message).toContain("All criteria are under review (quality)");
      expect(rest).toEqual([]);
    }
  });

  test("passes by them where a rollout has it all the same", () => {
    const { report, outcome } = shadow({ divergence: 0.01, criteria: ["divergence"] });
    expect(report).toMatchObject({ verdict: "pass", logHarm: 0 });
    expect(report?.sentence).toBe("Safe to advance: the only check stays below its margin.");
    expect(outcome).toMatchObject({ decision: "advance" });
    expect(shadow({ divergence: 0.3, criteria: ["divergence"] }).report?.verdict).toBe("hold");
  });
});
