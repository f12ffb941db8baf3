import { describe, expect, it } from "vitest";
import { rollout, stage, strategy } from "../../test/rollout-builders.ts";
import { gateInputOf } from "../rollout/gate-input.ts";
import { assessGate } from "./assess-gate.ts";
import type { Criterion } from "./criterion.ts";
import type { RolloutEvidence } from "./evidence.ts";
import { METRIC_CATALOGUE } from "./metric-catalogue.ts";
import { criterion, evidenceOf, rate, stratum } from "./testing/builders.ts";
import type { Verdict } from "./verdict.ts";

const METRIC = "harmful_content";
const NONE = criterion(METRIC, { kind: "zero_tolerance", maximumRate: 0.005 }, { id: "none" });
const FEW = criterion(METRIC, { kind: "limit", hold: 0.02, rollback: 0.05 }, { id: "few" });

/** Three harmful answers to a ring, and a canary without any. */
const STRATA = [
  stratum({ stageIndex: 0, propensityBps: 0, candidate: rate(3, 3) }),
  stratum({
    stageIndex: 1,
    propensityBps: 1_000,
    candidate: rate(0, 40),
    baseline: rate(0, 360),
  }),
];

function verdicts(criteria: readonly Criterion[], evidence: RolloutEvidence): readonly Verdict[] {
  const live = rollout({
    strategy: { ...strategy([stage("staging", { ring: "beta" }), stage("canary")]), criteria },
    state: { kind: "progressing", stageIndex: 1, enteredAtMs: 0 },
  });
  return assessGate(gateInputOf(live, evidence, METRIC_CATALOGUE)!).verdicts;
}

describe("a ring's harmful answers", () => {
  const evidence = { metrics: [evidenceOf(METRIC, STRATA)], exposures: [] };
  const of = (id: string, criteria: readonly Criterion[]): Verdict =>
    verdicts(criteria, evidence).find(({ criterionId }) => criterionId === id)!;

  it("count for a zero tolerance and for no rate, whichever are judged on the metric", () => {
    expect(of("none", [NONE]).verdict).toBe("fail");
    expect(of("none", [NONE, FEW])).toEqual(of("none", [NONE]));
    const few = of("few", [FEW]);
    expect(few).toMatchObject({ candidateMean: 0, observations: { candidate: 40 } });
    const beside = of("few", [NONE, FEW]);
    expect(beside).toMatchObject({ candidateMean: 0, observations: { candidate: 40 } });
    expect(beside.logSafety).toBe(few.logSafety);
  });

  it("count for no rate by time either", () => {
    const timed = {
      metric: METRIC,
      slice: "*",
      blockSeconds: 3_600,
      blocks: [{ startMs: 0, strata: STRATA }],
    };
    const late = { ...FEW, overSeconds: 3_600 };
    const row = verdicts([NONE, late], { ...evidence, timed: [timed] }).find(
      ({ criterionId }) => criterionId === "few",
    );
    expect(row).toMatchObject({ candidateMean: 0, observations: { candidate: 40 } });
  });
});
