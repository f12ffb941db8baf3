import { normalMixtureRho } from "./normal-mixture.ts";

/** Two estimated means and what is known of their errors. */
export type MeanEstimates = {
  readonly candidate: number;
  readonly baseline: number;
  /** Variances of the estimates (not of single values), and their covariance (0 for arms). */
  readonly candidateVariance: number;
  readonly baselineVariance: number;
  readonly covariance: number;
};

export type IntervalTuning = {
  /** 1 - coverage, over all looks together. */
  readonly alpha: number;
  /** The difference of means (same unit) at which the interval should be tightest, > 0. */
  readonly designDistance: number;
};

export type Bounds = { readonly low: number; readonly high: number };

/**
 * Anytime-valid (asymptotically) interval for mean_c - mean_b: the radius of the two-sided normal
 * mixture in information time, √V · √((1 + ρ/v)(ln(1 + v/ρ) + 2 ln(1/α))), v = 1/V. For display; no
 * decision rests on it. Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform central
 * limit theory and asymptotic confidence sequences", theorem 2.2.
 */
export function differenceInterval(means: MeanEstimates, tuning: IntervalTuning): Bounds {
  const variance = means.candidateVariance + means.baselineVariance - 2 * means.covariance;
  const difference = means.candidate - means.baseline;
  const radius = Math.sqrt(variance) * radiusMultiplier(variance, tuning);
  return { low: difference - radius, high: difference + radius };
}

/**
 * The same for mean_c / mean_b, by Fieller's inversion: all R for which 0 is inside the interval of
 * mean_c - R·mean_b. Solved as a quadratic with the radius multiplier of R = mean_c/mean_b. Null when
 * the baseline's mean is not clearly positive: then no finite interval exists.
 */
export function ratioInterval(means: MeanEstimates, tuning: IntervalTuning): Bounds | null {
  const { candidate, baseline, candidateVariance, baselineVariance, covariance } = means;
  if (!(baseline > 0)) return null;
  const centre = candidate / baseline;
  const variance = candidateVariance + centre * centre * baselineVariance - 2 * centre * covariance;
  const k = radiusMultiplier(variance, tuning) ** 2;
  const a = baseline * baseline - k * baselineVariance;
  const b = candidate * baseline - k * covariance;
  const c = candidate * candidate - k * candidateVariance;
  if (a <= 0) return null;
  const root = Math.sqrt(Math.max(0, b * b - a * c));
  return { low: (b - root) / a, high: (b + root) / a };
}

/** Anytime-valid interval of one mean, from its estimate and the estimate's variance. */
export function meanInterval(mean: number, variance: number, tuning: IntervalTuning): Bounds {
  const radius = Math.sqrt(variance) * radiusMultiplier(variance, tuning);
  return { low: mean - radius, high: mean + radius };
}

/** Radius in standard errors: √((1 + ρ/v)(ln(1 + v/ρ) + 2 ln(1/α))), v = 1/variance. */
export function radiusMultiplier(variance: number, tuning: IntervalTuning): number {
  if (!(variance > 0)) return 0;
  // A difference of 2.8 standard errors is found with power 0.8 at level 0.05: the time to tune for.
  const vOpt = (2.8 / tuning.designDistance) ** 2;
  const rho = normalMixtureRho({ vOpt, alphaOpt: tuning.alpha }, "two_sided");
  const v = 1 / variance;
  return Math.sqrt((1 + rho / v) * (Math.log1p(v / rho) + 2 * Math.log(1 / tuning.alpha)));
}
