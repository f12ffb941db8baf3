import { betaBinomialBound, betaBinomialMixture } from "./beta-binomial-mixture.ts";

export type QuantileTuning = {
  /** Which quantile, strictly between 0 and 1: 0.95 for p95. */
  readonly quantile: number;
  /** 1 - coverage, over all looks together. */
  readonly alpha: number;
  /** Number of observations at which the interval should be tightest, > 0. */
  readonly tOpt: number;
};

export type QuantileRanks = {
  /** Distances in probability below and above the quantile. */
  readonly lowRadius: number;
  readonly highRadius: number;
  /**
   * Ranks (1 is the smallest) of the observations between which the quantile lies; null: no bound
   * yet.
   */
  readonly lowRank: number | null;
  readonly highRank: number | null;
};

/**
 * Which order statistics of `t` observations bound a quantile, at all looks together: ranks ⌊t(p -
 * low) + 1⌋ and ⌈t(p + high)⌉, radii from the two-sided beta-binomial boundary with (g, h) = (1 -
 * p, p) below and (p, 1 - p) above.
 *
 * While even the most extreme sample would not be rejected, the boundary is that sample and bounds
 * nothing: the largest of 30 values is below the 95th percentile in one case of five. Published
 * code returns it all the same; here that side is open.
 *
 * Howard and Ramdas (2022), "Sequential estimation of quantiles", theorem 1 with section 4.
 */
export function quantileRanks(
  t: number,
  { quantile: p, alpha, tOpt }: QuantileTuning,
): QuantileRanks {
  const unit = p * (1 - p);
  const radius = (g: number): number => {
    const tuning = { vOpt: unit * tOpt, alphaOpt: alpha };
    const mixture = betaBinomialMixture({ g, h: 1 - g }, tuning, "two_sided");
    return betaBinomialBound(unit * t, alpha, mixture) / t;
  };
  const lowRadius = radius(1 - p);
  const highRadius = radius(p);
  return {
    lowRadius,
    highRadius,
    lowRank: isOpen(lowRadius, p) ? null : Math.floor(t * (p - lowRadius) + 1),
    highRank: isOpen(highRadius, 1 - p) ? null : Math.ceil(t * (p + highRadius)),
  };
}

/**
 * Whether a radius reaches (but for rounding) as far as a share can be from the quantile at all.
 */
function isOpen(radius: number, largest: number): boolean {
  return radius >= largest * (1 - 1e-9);
}

/** One bin of a histogram: all its observations lie between `from` and `to`. */
export type CountedBin = { readonly from: number; readonly to: number; readonly count: number };

/** Null where the data do not bound that side yet. */
export type QuantileInterval = { readonly low: number | null; readonly high: number | null };

/**
 * Anytime-valid interval of a quantile from counts per bin, for charts. Bins ascend. What a bin
 * hides is given away: the low end is the lower edge of its bin and the high end the upper edge, so
 * the interval covers for any values inside the bins. Counts add, so shards merge.
 */
export function quantileInterval(
  bins: readonly CountedBin[],
  tuning: QuantileTuning,
): QuantileInterval {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return { low: null, high: null };
  const { lowRank, highRank } = quantileRanks(total, tuning);
  return {
    low: lowRank === null ? null : (binOfRank(bins, lowRank)?.from ?? null),
    high: highRank === null ? null : (binOfRank(bins, highRank)?.to ?? null),
  };
}

function binOfRank(bins: readonly CountedBin[], rank: number): CountedBin | undefined {
  let seen = 0;
  return bins.find(({ count }) => {
    seen += count;
    return seen >= rank;
  });
}
