import { betGrid, GRID_EXPONENTS } from "./bet-grid.ts";
import type { BetDesign, ValueCounts } from "./contrast.ts";
import { SMALLEST_EFFECT } from "./contrast.ts";
import { logWealths } from "./log-wealth.ts";

export type RateCounts = { readonly events: number; readonly observations: number };

export type RateDesign = {
  /** p0: the rate at the edge of the null hypothesis, in (0, 1). */
  readonly nullRate: number;
  /** +1 tests H0: rate <= nullRate; -1 tests H0: rate >= nullRate. */
  readonly direction: 1 | -1;
};

const LARGEST_RATE = 0.9;

/**
 * M4: log likelihood ratios about one rate against an absolute bound, one per grid point; to be mixed.
 *
 * The grid is p_j = p0 · 2^(±2^J), at most 0.9. Valid for the composite null by the argument of M1: the
 * factor's mean p·p_j/p0 + (1 - p)(1 - p_j)/(1 - p0) is monotone in p and 1 at p = p0. A null of 0.9 or
 * more leaves no room above it; the grid then collapses on p0 and the result is 0 (no evidence).
 */
export function rateLogs(seen: RateCounts, { nullRate, direction }: RateDesign): number[] {
  return GRID_EXPONENTS.map((exponent) => {
    const shifted = nullRate * 2 ** (direction * 2 ** exponent);
    const rate = direction > 0 ? Math.max(nullRate, Math.min(shifted, LARGEST_RATE)) : shifted;
    return (
      seen.events * Math.log(rate / nullRate) +
      (seen.observations - seen.events) * (Math.log1p(-rate) - Math.log1p(-nullRate))
    );
  });
}

/**
 * Log e-value against "the rate is at least `maximumRate`" from observations without any event:
 * -n · ln(1 - p_max). 20 : 1 needs about 3 / p_max clean observations, the rule of three, here valid
 * at any time. One event ends it: the e-value is 0 (-Infinity) from then on.
 */
export function cleanRateLogE(seen: RateCounts, maximumRate: number): number {
  if (seen.events > 0) return Number.NEGATIVE_INFINITY;
  return -seen.observations * Math.log1p(-maximumRate);
}

/** Clean observations needed to rule out `maximumRate` at level alpha. */
export function cleanObservationsNeeded(maximumRate: number, alpha: number): number {
  return Math.ceil(Math.log(1 / alpha) / -Math.log1p(-maximumRate));
}

export type MeanDesign = BetDesign & {
  /** The mean at the edge of the null hypothesis, in [0, 1]. */
  readonly nullMean: number;
  /** +1 tests H0: mean <= nullMean; -1 tests H0: mean >= nullMean. */
  readonly direction: 1 | -1;
};

/**
 * One-armed bet: log-wealths of the nine constant bets on z = direction · (x - nullMean), for
 * outcomes in [0, 1]. Waudby-Smith and Ramdas (2024), section 4.
 */
export function meanLogs(seen: ValueCounts, design: MeanDesign): number[] {
  const { direction, nullMean } = design;
  const gain = (x: number): number => direction * (x - nullMean);
  const effect = Math.max(design.effect, SMALLEST_EFFECT);
  const bets = betGrid(effect / (design.variance + effect * effect), Math.min(gain(0), gain(1)));
  return logWealths(bets, { outcomes: seen.values.map(gain), counts: seen.counts });
}
