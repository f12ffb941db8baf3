import { GRID_WEIGHTS } from "../statistics/bet-grid.ts";
import type { Comparison } from "./criterion.ts";
import type { StratumEvidence } from "./evidence.ts";
import { planTests } from "./harm-tests.ts";
import { criterionDefect, testLevels } from "./levels.ts";
import type { MetricDefinition } from "./metric.ts";
import { observeRow } from "./observed-row.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import { outcomeScale } from "./outcome-scale.ts";
import { planQuantileMove } from "./quantile-move.ts";
import type { TestPart } from "./test-part.ts";
import { LIVE_WEIGHT, scaleRow } from "./test-part.ts";

/**
 * The tests of a criterion, one observation at a time: for callers that watch millions of histories
 * and cannot afford a whole report per look. Log-wealths add over observations, so after any history
 *
 *   E = Σ_parts weight · (armWeight · Σ_j gridWeights_j · exp(Σ logs_j) + 1 - armWeight)
 *
 * is what {@link assessGate} reports as long as there are no pairs and arms are split as planned.
 */
export type CriterionTests = {
  /** H0: harm <= 0. */
  readonly harm: readonly CriterionTestPart[];
  /** H0: harm <= hold level. */
  readonly block: readonly CriterionTestPart[];
  /** H0: harm >= the stage's margin. */
  readonly safety: readonly CriterionTestPart[];
  readonly gridWeights: readonly number[];
  readonly armWeight: number;
};

export type CriterionTestPart = {
  /** Its share of the test's average. */
  readonly weight: number;
  /** What one observation adds to each of the nine log-wealths. */
  readonly armLogs: (seen: ArmObservation) => readonly number[];
  readonly pairLogs: (seen: PairedObservation) => readonly number[];
};

export type ArmObservation = {
  readonly arm: "baseline" | "candidate";
  /** See `binOfValue`. */
  readonly bin: number;
  /** Probability of the candidate, in basis points, strictly between 0 and 10000. */
  readonly propensityBps: number;
};

export type PairedObservation = { readonly baselineBin: number; readonly candidateBin: number };

/**
 * The tests of a comparison as the gate runs them before an advance to `nextShareBps`, or null when
 * the gate has no test for it.
 */
export function criterionTests(
  metric: MetricDefinition,
  comparison: Exclude<Comparison, { kind: "zero_tolerance" }>,
  nextShareBps: number,
): CriterionTests | null {
  if (criterionDefect(comparison, metric) !== null) return null;
  const scaled = outcomeScale(metric, comparison);
  if (scaled.kind === "unsupported") return null;
  const levels = testLevels(comparison, metric, nextShareBps);
  const rest = { gridWeights: GRID_WEIGHTS, armWeight: LIVE_WEIGHT };
  if (metric.kind === "quantile" && comparison.kind !== "limit") {
    const quantile = metric.quantile as number;
    const expected = (metric.expected as { readonly value: number }).value;
    const plan = planQuantileMove({ comparison, levels, quantile, expected });
    const of = (test: typeof plan.harm) => test.parts.map((part) => toPart(part, test.scale));
    return { ...rest, harm: of(plan.harm), block: of(plan.block), safety: of(plan.safety) };
  }
  const plan = planTests(comparison, { metric, scale: scaled.scale, levels });
  const of = (parts: readonly TestPart[]) => parts.map((part) => toPart(part, scaled.scale));
  return { ...rest, harm: of(plan.harm), block: of(plan.block), safety: of(plan.safety) };
}

function toPart(part: TestPart, scale: OutcomeScale): CriterionTestPart {
  const scaledStratum = (seen: Partial<StratumEvidence>) => {
    const stratum: StratumEvidence = { ...EMPTY_STRATUM, ...seen };
    const scaled = scaleRow(observeRow([stratum]), scale).strata[0];
    if (scaled === undefined) throw new RangeError("A row of one stratum has a first stratum.");
    return scaled;
  };
  return {
    weight: part.weight,
    armLogs: ({ arm, bin, propensityBps }) =>
      part.armLogs(scaledStratum({ propensityBps, [arm]: { bins: { [bin]: 1 } } })),
    pairLogs: ({ baselineBin, candidateBin }) =>
      part.pairLogs(scaledStratum({ pairs: { joint: { [`${baselineBin}:${candidateBin}`]: 1 } } })),
  };
}

const EMPTY_STRATUM: StratumEvidence = {
  stageIndex: 0,
  propensityBps: 0,
  baseline: { bins: {} },
  candidate: { bins: {} },
  pairs: { joint: {} },
};
