import type { BucketSums } from "./bucket-sums.ts";
import { effectiveUnits } from "./effective-units.ts";

/** A stage whose units are sticky: both arms by hash bucket, the same buckets in every stage. */
export type ClusteredStratum = { readonly candidate: BucketSums; readonly baseline: BucketSums };

/** One arm of one stage, and what the stage weighs. */
export type WeightedBuckets = { readonly sums: BucketSums; readonly weight: number };

/** One arm of sticky units over all stages. */
export type ClusteredArm = {
  /** Σ W_k x̄_k / ΣW. */
  readonly mean: number;
  /** Variance of the mean, between buckets; infinite with fewer than two non-empty ones. */
  readonly variance: number;
  /**
   * Variance of the mean if its outcomes were events and each a unit of its own, smoothed by half an event
   * each way: below it no variance between buckets of events is believed.
   */
  readonly eventVariance: number;
  readonly observations: number;
  /** Of all outcomes. */
  readonly sum: number;
  /** Non-empty ones, over all stages. */
  readonly buckets: number;
  /** Of the variance, at least 1; see {@link clusteredArm}. */
  readonly degreesOfFreedom: number;
  /** How many units the observations count for, at least. */
  readonly units: number;
};

/**
 * A weighted mean over stages whose units come back in later ones. The variance is taken between buckets
 * of what they add over all stages:
 *
 *   r_b = Σ_k (W_k / ΣW) (S_kb - x̄_k N_kb) / n_k,   V = (B/(B - 1)) Σ_b r_b².
 *
 * Adding the variances of the stages instead would treat a user of two stages as two users. With one
 * stage it is B/(B - 1) Σ_b (S_b - x̄ N_b)²/n², the linearised ratio estimator between ultimate clusters
 * (Cochran 1977, "Sampling techniques", chapter 9A). Stages without an observation count for nothing.
 *
 * V has as many degrees of freedom as a sum of squares r_b² ~ h_b² χ²(1) less one for the mean, with h_b =
 * Σ_k (W_k / ΣW) N_kb / n_k the bucket's part of the mean: (Σ h_b²)²/Σ h_b⁴ - 1 (Satterthwaite 1946; the
 * effective number of clusters of Carter, Schnepel and Steigerwald 2017). The model behind it, that all of a
 * bucket is of one unit, is the worst case: independent requests give more. It uses counts alone, so it is
 * not small where the variance happens to be.
 *
 * @returns Null without observations.
 */
export function clusteredArm(stages: readonly WeightedBuckets[]): ClusteredArm | null {
  const residuals: number[] = [];
  const seen: number[] = [];
  const parts: number[] = [];
  let [weights, weighted, observations, total, eventVariance] = [0, 0, 0, 0, 0];
  for (const { sums: of, weight } of stages) {
    const n = sumOf(of.counts);
    if (n === 0 || !(weight > 0)) continue;
    const sum = sumOf(of.sums);
    const mean = sum / n;
    weights += weight;
    weighted += weight * mean;
    observations += n;
    total += sum;
    for (const [bucket, count] of of.counts.entries()) {
      seen[bucket] = (seen[bucket] ?? 0) + count;
      const residual = ((of.sums[bucket] as number) - mean * count) / n;
      residuals[bucket] = (residuals[bucket] ?? 0) + weight * residual;
      parts[bucket] = (parts[bucket] ?? 0) + (weight * count) / n;
    }
    const smoothed = (sum + 0.5) / (n + 1);
    eventVariance += (weight * weight * smoothed * (1 - smoothed)) / n;
  }
  if (weights === 0) return null;
  const buckets = seen.filter((count) => count > 0).length;
  const squares = residuals.reduce((sum, residual) => sum + residual * residual, 0);
  const scale = weights * weights;
  return {
    mean: weighted / weights,
    variance:
      buckets < 2 ? Number.POSITIVE_INFINITY : ((buckets / (buckets - 1)) * squares) / scale,
    eventVariance: eventVariance / scale,
    observations,
    sum: total,
    buckets,
    degreesOfFreedom: Math.max(1, effectiveNumber(parts.map((part) => part * part)) - 1),
    units: effectiveUnits(seen),
  };
}

/** How many parts of equal size are as uneven as these: (Σp)²/Σp² (Kish). */
function effectiveNumber(parts: readonly number[]): number {
  return sumOf(parts) ** 2 / sumOf(parts.map((part) => part * part));
}

/** Both arms of stages that have both, under the weights n_c n_b/(n_c + n_b) (Mantel and Haenszel). */
export function clusteredArms(
  strata: readonly ClusteredStratum[],
): { readonly candidate: ClusteredArm; readonly baseline: ClusteredArm } | null {
  const sides = strata.map(({ candidate, baseline }) => {
    const [c, b] = [sumOf(candidate.counts), sumOf(baseline.counts)];
    return { candidate, baseline, weight: c + b === 0 ? 0 : (c * b) / (c + b) };
  });
  const candidate = clusteredArm(sides.map(({ candidate: sums, weight }) => ({ sums, weight })));
  const baseline = clusteredArm(sides.map(({ baseline: sums, weight }) => ({ sums, weight })));
  return candidate === null || baseline === null ? null : { candidate, baseline };
}

function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
