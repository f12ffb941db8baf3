import { GRID_WEIGHTS } from "../statistics/bet-grid.ts";
import { restartWeights } from "../statistics/restarts.ts";
import { noWealth } from "./bet-table.ts";
import { compileCriterion } from "./compiled-criterion.ts";
import type { Comparison } from "./criterion.ts";
import type { StratumEvidence } from "./evidence.ts";
import type { MetricDefinition } from "./metric.ts";
import { observeRow } from "./observed-row.ts";
import type { QuantileTest } from "./quantile-move.ts";
import { LIVE_WEIGHT } from "./test-log-e.ts";
import type { TestPart } from "./test-part.ts";
import { MOST_BLOCKS } from "./windows.ts";

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
  /**
   * What a criterion that looks for a late beginning stakes on each block of time, in order, in a rollout
   * whose strategy does not say how long it lasts (`plannedBlocks`). ln Σ exp of a
   * grid point then starts from the block's stake, and stakes still to come count as they are.
   */
  readonly restartWeights: readonly number[];
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
  const compiled = compileCriterion({ metric, comparison, nextShareBps });
  if (compiled.kind !== "tested") return null;
  return {
    harm: toParts(compiled.harm),
    block: toParts(compiled.block),
    safety: toParts(compiled.safety),
    gridWeights: GRID_WEIGHTS,
    armWeight: LIVE_WEIGHT,
    restartWeights: restartWeights(MOST_BLOCKS),
  };
}

function toParts({ parts }: QuantileTest): readonly CriterionTestPart[] {
  return parts.map(toPart);
}

function toPart(part: TestPart): CriterionTestPart {
  const logsOf = (add: TestPart["addArms"], seen: Partial<StratumEvidence>) => {
    const logs = noWealth();
    for (const stratum of observeRow([{ ...EMPTY_STRATUM, ...seen }]).strata) {
      add(logs, stratum);
    }
    return [...logs];
  };
  return {
    weight: part.weight,
    armLogs: ({ arm, bin, propensityBps }) =>
      logsOf(part.addArms, { propensityBps, [arm]: { bins: { [bin]: 1 } } }),
    pairLogs: ({ baselineBin, candidateBin }) =>
      logsOf(part.addPairs, { pairs: { joint: { [`${baselineBin}:${candidateBin}`]: 1 } } }),
  };
}

const EMPTY_STRATUM: StratumEvidence = {
  stageIndex: 0,
  propensityBps: 0,
  baseline: { bins: {} },
  candidate: { bins: {} },
  pairs: { joint: {} },
};
