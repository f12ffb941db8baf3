import { GRID_EXPONENTS } from "./bet-grid.ts";
import { logAdd, logSumExp } from "./log-sum-exp.ts";

/** One block (an hour) of steady state, without a control arm. */
export type DriftBlock = {
  /** Mean of the metric in this block. */
  readonly mean: number;
  /** What this hour of the week is like: the mean of the same hour over the last four weeks. */
  readonly reference: number;
};

export type DriftDesign = {
  /** A move up to this size is no drift, >= 0. Same unit as the means. */
  readonly tolerance: number;
  /** The move that should be found fastest, > tolerance. */
  readonly drop: number;
  /** Standard deviation of mean - reference over quiet weeks, > 0; see {@link driftDeviation}. */
  readonly deviation: number;
  /** -1 watches for a mean that falls (quality), +1 for one that rises (errors). */
  readonly direction: 1 | -1;
  /**
   * Mean number of quiet blocks between two false alarms, at least: hours in a month are about 730.
   */
  readonly averageRunLength: number;
};

export type DriftAssessment = {
  /** ln of the average of the detector's components. */
  readonly logStatistic: number;
  /** Index of the first block whose end raised the alarm; null if none did. */
  readonly alarmAt: number | null;
};

/**
 * Safety factor on the residuals' deviation, which is estimated and has heavier tails than assumed.
 */
const DEVIATION_MARGIN = 1.2;
/** A reference that is a mean of four weeks has a quarter of a week's variance itself. */
const REFERENCE_VARIANCE = 1.25;

/** σ of the detector from the standard deviation of the blocks around their hour of the week. */
export function driftDeviation(residualDeviation: number): number {
  return DEVIATION_MARGIN * residualDeviation * Math.sqrt(REFERENCE_VARIANCE);
}

/**
 * Watches hourly means against their hour-of-week reference: Gaussian e-SR per grid point, M_j =
 * (M_j + 1) exp(λ_j r - λ_j² σ²/2), r = direction · (mean - reference) - tolerance, λ_j = (drop -
 * tolerance) 2^(J/2)/σ², J = -2..6. Alarm when the average over j reaches the wanted average run
 * length A.
 *
 * M_t - t has mean at most 0 while nothing drifts, so the mean number of blocks to a false alarm is
 * at least A (optional stopping). Asymptotic in that the residuals are taken as normal with
 * deviation at most σ. Why not bounded bets: on block means they are capped and need days for what
 * this sees in hours.
 *
 * Source: Shin, Ramdas and Rinaldo (2024), "E-detectors: a nonparametric framework for sequential
 * change detection", section 2.
 */
export function assessDrift(blocks: readonly DriftBlock[], design: DriftDesign): DriftAssessment {
  const { tolerance, drop, deviation, direction } = design;
  const variance = deviation * deviation;
  const bets = GRID_EXPONENTS.map(
    (exponent) => ((drop - tolerance) * 2 ** (exponent / 2)) / variance,
  );
  const logs = bets.map(() => Number.NEGATIVE_INFINITY);
  let logStatistic = Number.NEGATIVE_INFINITY;
  let alarmAt: number | null = null;
  for (const [time, block] of blocks.entries()) {
    const excess = direction * (block.mean - block.reference) - tolerance;
    for (const [point, bet] of bets.entries()) {
      const factor = bet * excess - (bet * bet * variance) / 2;
      logs[point] = logAdd(logs[point] as number, 0) + factor;
    }
    logStatistic = logSumExp(logs) - Math.log(logs.length);
    if (alarmAt === null && logStatistic >= Math.log(design.averageRunLength)) alarmAt = time;
  }
  return { logStatistic, alarmAt };
}
