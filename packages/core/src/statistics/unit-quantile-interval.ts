import type { BucketSums } from "./bucket-sums.ts";
import { clusteredArm } from "./clustered-contrast.ts";
import { normalMixtureBound, normalMixtureRho } from "./normal-mixture.ts";
import type { CountedBin, QuantileInterval, QuantileTuning } from "./quantile-interval.ts";
import { studentOfNormalScore } from "./student-scores.ts";

export type UnitQuantileInput = {
  /** Ascending. */
  readonly bins: readonly CountedBin[];
  /** By group of units: all observations, and those at most at the observed quantile. */
  readonly atMostQuantile: BucketSums;
};

/**
 * Anytime interval of a quantile where units come more than once, so that its ranks are no ranks of
 * independent draws. What a quantile q_p is asked is whether a share p is at most there, which is a mean of
 * events, and a mean has a variance between groups of units. All u are in the interval whose observed share
 * F(u) is within the two-sided normal mixture's radius of p:
 *
 *   |F(u) - p| <= √V · r,   V = deff · p(1 - p)/n,
 *
 * deff the variance of the share at the observed quantile between groups over that of single draws, at
 * least 1, and r Student's for the groups that there are (student-scores.ts). Only the test at the true
 * quantile must hold for the interval to cover it, at all looks together, so nothing is paid for the many u.
 *
 * Woodruff (1952), "Confidence intervals for medians and other position measures", and Francisco and Fuller
 * (1991), with the sequence of Howard et al. (2021), equation 14. Asymptotic: ask for some tens of groups. An
 * end is open (null) until the radius is less than the share beyond the quantile: for a p95 from about
 * eleven observations beyond it on, each worth as much as a unit of its own.
 */
export function unitQuantileInterval(
  { bins, atMostQuantile }: UnitQuantileInput,
  { quantile: p, alpha, tOpt }: QuantileTuning,
): QuantileInterval {
  const arm = clusteredArm([{ sums: atMostQuantile, weight: 1 }]);
  if (arm === null) return { low: null, high: null };
  const designEffect = Math.max(1, arm.variance / arm.eventVariance);
  const v = arm.observations / (designEffect * p * (1 - p));
  const rho = normalMixtureRho({ vOpt: tOpt / (p * (1 - p)), alphaOpt: alpha }, "two_sided");
  const z = normalMixtureBound(v, { alpha, rho, sides: "two_sided" }) / Math.sqrt(v);
  const radius = studentOfNormalScore(z, arm.degreesOfFreedom) / Math.sqrt(v);
  return between(bins, { low: p - radius, high: p + radius });
}

/** The values between two shares, null beyond 0 and 1; what a bin hides is given away. */
function between(
  bins: readonly CountedBin[],
  shares: { readonly low: number; readonly high: number },
): QuantileInterval {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  let [low, high]: [number | null, number | null] = [null, null];
  for (const { from, to, count } of bins) {
    if (seen <= shares.high * total) high = to;
    seen += count;
    if (low === null && seen >= shares.low * total) low = from;
  }
  return { low: shares.low > 0 ? low : null, high: shares.high < 1 ? high : null };
}
