import { betGrid, GRID_EXPONENTS, mixGrid } from "./bet-grid.ts";
import type { Bounds } from "./confidence-interval.ts";
import type { BetDesign, Contrast } from "./contrast.ts";
import { logWealths } from "./log-wealth.ts";
import { bisectIncreasing } from "./normal-mixture.ts";
import type { RandomisedStage } from "./randomised-bet.ts";
import { randomisedDesignBet, randomisedGains, smallestGain } from "./randomised-bet.ts";
import type { EventCounts } from "./rate-ratio.ts";
import { rateRatioLogE } from "./rate-ratio.ts";

/** The ratios between which an interval is searched; beyond them it is open. */
const RATIO_RANGE = 1e6;

export type RatioIntervalTuning = {
  /** 1 - coverage, over all looks together; half of it per side. */
  readonly alpha: number;
  /**
   * The ratio from R0 to the alternative that is aimed at, > 1; 1.5 finds a change by a half
   * fastest.
   */
  readonly designStep: number;
};

/**
 * Exact anytime-valid interval of the ratio of event rates: all R0 that M1 rejects in neither
 * direction. High is Infinity, or low 0, where the data do not bound that side yet.
 *
 * With a fixed step k the alternatives are R0·k_j, and both ln(θ(R0 k_j)/θ(R0)) and ln((1 - θ(R0
 * k_j))/(1 - θ(R0))) fall as R0 grows for k_j > 1. So every grid point's log-likelihood ratio is
 * monotone in R0, the set is an interval, and bisection finds its ends.
 */
export function exactRatioInterval(
  stages: readonly EventCounts[],
  { alpha, designStep }: RatioIntervalTuning,
): Bounds {
  const threshold = Math.log(2 / alpha);
  const excess = (logRatio: number, direction: 1 | -1): number => {
    const nullRatio = Math.exp(logRatio);
    const designRatio = nullRatio * designStep ** direction;
    return rateRatioLogE(stages, { nullRatio, designRatio, direction }) - threshold;
  };
  const range = Math.log(RATIO_RANGE);
  const bracket = { low: -range, high: range };
  // Above the low end "ratio <= R0" is no longer rejected; below the high end "ratio >= R0" is not.
  const low = excess(-range, 1) < 0 ? null : bisectIncreasing((r) => -excess(r, 1), bracket);
  const high = excess(range, -1) < 0 ? null : bisectIncreasing((r) => excess(r, -1), bracket);
  return {
    low: low === null ? 0 : Math.exp(low),
    high: high === null ? Number.POSITIVE_INFINITY : Math.exp(high),
  };
}

export type DifferenceIntervalTuning = BetDesign & {
  /** 1 - coverage, over all looks together; half of it per side. */
  readonly alpha: number;
  /** Guess of the baseline's mean in [0, 1], fixed before the data. */
  readonly centre: number;
};

/**
 * Exact anytime-valid interval of mean_c - mean_b for outcomes in [0, 1]: all δ that M3 rejects in
 * neither direction. For fixed bets each factor 1 + λ(z - δ) falls with δ, so the set is an
 * interval. The bets are therefore capped for the worst δ in [-1, 1] and not for each δ by itself;
 * that costs some sharpness against the gate's own test at one δ.
 */
export function exactDifferenceInterval(
  stages: readonly RandomisedStage[],
  tuning: DifferenceIntervalTuning,
): Bounds {
  const threshold = Math.log(2 / tuning.alpha);
  const bracket = { low: -1, high: 1 };
  const above = (offset: number): number =>
    fixedBetLogE(stages, tuning, { ratio: 1, offset, direction: 1 }) - threshold;
  const below = (offset: number): number =>
    fixedBetLogE(stages, tuning, { ratio: 1, offset, direction: -1 }) - threshold;
  return {
    low: above(-1) < 0 ? -1 : bisectIncreasing((offset) => -above(offset), bracket),
    high: below(1) < 0 ? 1 : bisectIncreasing(below, bracket),
  };
}

/** M3 with bets that do not depend on the offset. */
function fixedBetLogE(
  stages: readonly RandomisedStage[],
  tuning: DifferenceIntervalTuning,
  contrast: Contrast,
): number {
  const logs = GRID_EXPONENTS.map(() => 0);
  for (const stage of stages) {
    const { propensity } = stage;
    const { direction } = contrast;
    const worst = { ...tuning, contrast: { ratio: 1, offset: direction, direction } };
    const zMin = smallestGain(randomisedGains(propensity, worst));
    const bets = betGrid(randomisedDesignBet(worst, propensity), zMin);
    const gains = randomisedGains(propensity, { ...tuning, contrast });
    const stageLogs = logWealths(bets, {
      outcomes: [
        ...stage.candidate.values.map(gains.candidate),
        ...stage.baseline.values.map(gains.baseline),
      ],
      counts: [...stage.candidate.counts, ...stage.baseline.counts],
    });
    for (const [point, log] of stageLogs.entries()) logs[point] = (logs[point] as number) + log;
  }
  return mixGrid(logs);
}
