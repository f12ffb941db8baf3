import type { BucketSums } from "./cluster-variance.ts";
import { clusteredMean, LEAST_BUCKETS } from "./cluster-variance.ts";
import type { Contrast } from "./contrast.ts";
import { normalMixtureLogE, normalMixtureRho } from "./normal-mixture.ts";

/** One arm of one stratum, reduced to what the normal mixture needs. */
export type ArmMean = {
  readonly observations: number;
  readonly mean: number;
  /** Variance of the mean. */
  readonly meanVariance: number;
  /** Observations with the event, for binary outcomes; null for others. */
  readonly events: number | null;
  /** Non-empty hash buckets when units are sticky; null when randomised per request. */
  readonly buckets: number | null;
};

/** A stage: both arms at one propensity and under one baseline. */
export type NormalStratum = { readonly candidate: ArmMean; readonly baseline: ArmMean };

/**
 * An arm of binary outcomes. The variance uses the smoothed rate (events + ½)/(n + 1): with the
 * plain one an arm without events would have no variance, and a plug-in variance at the first looks
 * makes 24% false alarms out of 5%.
 */
export function rateArm(events: number, observations: number): ArmMean {
  const smoothed = (events + 0.5) / (observations + 1);
  return {
    observations,
    mean: observations === 0 ? 0 : events / observations,
    meanVariance: (smoothed * (1 - smoothed)) / Math.max(1, observations),
    events,
    buckets: null,
  };
}

/** An arm from its first two moments (integer sums merge exactly). */
export function momentArm(moments: {
  readonly observations: number;
  readonly sum: number;
  readonly sumOfSquares: number;
}): ArmMean {
  const { observations: n, sum, sumOfSquares } = moments;
  const mean = n === 0 ? 0 : sum / n;
  const spread = Math.max(0, sumOfSquares - n * mean * mean);
  const meanVariance = n < 2 ? Number.POSITIVE_INFINITY : spread / (n - 1) / n;
  return { observations: n, mean, meanVariance, events: null, buckets: null };
}

/** An arm of sticky units: mean and variance between hash buckets. */
export function bucketArm(sums: BucketSums, events: number | null): ArmMean {
  const seen = clusteredMean(sums);
  return {
    observations: seen?.observations ?? 0,
    mean: seen?.mean ?? 0,
    meanVariance: seen?.variance ?? Number.POSITIVE_INFINITY,
    events,
    buckets: seen?.buckets ?? 0,
  };
}

export type ContrastEstimate = {
  /** x̄_c - R x̄_b - δ, over strata. */
  readonly estimate: number;
  readonly variance: number;
};

/**
 * A linear contrast over strata: L = Σ W_k L_k / Σ W_k with L_k = x̄_c - R x̄_b - δ and
 * Mantel-Haenszel weights W_k = n_c n_b/(n_c + n_b); variance Σ W_k² V_k / (Σ W_k)², V_k = V_c + R²
 * V_b. Ratio margins need no delta method because the contrast is linear. A stratum with one empty
 * arm has weight 0: pooling the arms across stages instead would mistake a drifting baseline for an
 * effect.
 *
 * Mantel and Haenszel (1959); the linearisation is Fieller's (1954). Null when no stratum has both
 * arms with a known, positive variance.
 */
export function estimateContrast(
  strata: readonly NormalStratum[],
  { ratio, offset }: Contrast,
): ContrastEstimate | null {
  let total = 0;
  let sum = 0;
  let varianceSum = 0;
  for (const { candidate, baseline } of strata) {
    const size = candidate.observations + baseline.observations;
    const weight = size === 0 ? 0 : (candidate.observations * baseline.observations) / size;
    const variance = candidate.meanVariance + ratio * ratio * baseline.meanVariance;
    if (weight === 0 || !Number.isFinite(variance)) continue;
    total += weight;
    sum += weight * (candidate.mean - ratio * baseline.mean - offset);
    varianceSum += weight * weight * variance;
  }
  const variance = varianceSum / (total * total);
  return variance > 0 ? { estimate: sum / total, variance } : null;
}

export type NormalContrastDesign = {
  /** +1 tests H0: contrast <= 0 (the offset is in the estimate), -1 tests H0: contrast >= 0. */
  readonly direction: 1 | -1;
  /** Distance from the null that should be found fastest, > 0, in the outcome's unit. */
  readonly effect: number;
  /** Level that the mixture is tuned for; 0.05 is the gates' own. */
  readonly alpha: number;
};

/**
 * NM1: one-sided log e-value about a linear contrast, asymptotic. v = 1/V, s = direction · L/V, and
 * v_opt = (2.8/effect)², the information at which such an effect is found with power 0.8 at level
 * 0.05.
 *
 * For what no exact test serves: clustered, unbounded or ratio-shaped outcomes. Ask
 * {@link normalBurnIn} first. 0 (no evidence) while there is nothing to estimate from.
 *
 * Howard, Ramdas, McAuliffe and Sekhon (2021), equation 18, in the information time of Waudby-Smith
 * et al. (2024).
 *
 * @param seen From {@link estimateContrast}, or `estimateClusteredContrast` when units are sticky.
 */
export function normalContrastLogE(
  seen: ContrastEstimate | null,
  { direction, effect, alpha }: NormalContrastDesign,
): number {
  if (seen === null) return 0;
  const rho = normalMixtureRho({ vOpt: (2.8 / effect) ** 2, alphaOpt: alpha }, "one_sided");
  const sum = { s: (direction * seen.estimate) / seen.variance, v: 1 / seen.variance };
  return normalMixtureLogE(sum, rho, "one_sided");
}

/**
 * How far single values may lie from the mean: bounded (rates, scores), skewed (cost per call,
 * about lognormal with σ = 1.2), or heavy (anything with no known bound).
 */
export type OutcomeTail = "bounded" | "skewed" | "heavy";

/** Whether a normal mixture may be used yet, by what it would decide. */
export type BurnIn = {
  readonly isReadyForRollback: boolean;
  readonly isReadyForPromotion: boolean;
};

const LEAST_PER_ARM = 50;
const LEAST_EVENTS = 10;
const LEAST_FOR_PROMOTION = {
  bounded: 200,
  skewed: 2000,
  heavy: Number.POSITIVE_INFINITY,
} as const;
const LEAST_EVENTS_FOR_PROMOTION = 30;

/**
 * The normal approximation is bad at first, and worse for promotion than for rollback: a lucky
 * candidate has both a low mean and a low estimated variance. Rollback from 50 observations per arm
 * and 10 events (false alarms then at most 4.5% at 5%); promotion from 200 candidate observations
 * and 30 candidate events, 2,000 for skewed outcomes, never for heavy tails (6 to 12% false
 * promotions otherwise). Sticky units additionally need {@link LEAST_BUCKETS} non-empty buckets per
 * arm.
 */
export function normalBurnIn(strata: readonly NormalStratum[], tail: OutcomeTail): BurnIn {
  const candidate = totals(strata.map((stratum) => stratum.candidate));
  const baseline = totals(strata.map((stratum) => stratum.baseline));
  const hasUnits = candidate.buckets >= LEAST_BUCKETS && baseline.buckets >= LEAST_BUCKETS;
  const isReadyForRollback =
    hasUnits &&
    Math.min(candidate.observations, baseline.observations) >= LEAST_PER_ARM &&
    candidate.events + baseline.events >= LEAST_EVENTS;
  return {
    isReadyForRollback,
    isReadyForPromotion:
      isReadyForRollback &&
      candidate.observations >= LEAST_FOR_PROMOTION[tail] &&
      candidate.events >= LEAST_EVENTS_FOR_PROMOTION,
  };
}

/** Outcomes that are not events, and units that are not sticky, set no condition of their own. */
function totals(arms: readonly ArmMean[]): {
  readonly observations: number;
  readonly events: number;
  readonly buckets: number;
} {
  const unlimited = Number.POSITIVE_INFINITY;
  return {
    observations: arms.reduce((sum, arm) => sum + arm.observations, 0),
    events: arms.reduce((sum, arm) => sum + (arm.events ?? unlimited), 0),
    buckets: Math.max(0, ...arms.map((arm) => arm.buckets ?? unlimited)),
  };
}
