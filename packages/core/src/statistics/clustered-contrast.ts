import type { BucketSums } from "./cluster-variance.ts";
import { clusteredMean } from "./cluster-variance.ts";
import type { Contrast } from "./contrast.ts";
import type { ContrastEstimate } from "./normal-contrast.ts";

/** A stage whose units are sticky: both arms by hash bucket, the same buckets in every stage. */
export type ClusteredStratum = { readonly candidate: BucketSums; readonly baseline: BucketSums };

/**
 * The contrast of `estimateContrast` for sticky units that come back in later stages. Its weights and
 * estimate are the same; the variance is taken between buckets of what they add over all stages:
 *
 *   r_b = Σ_k (W_k / ΣW) (S_kb - x̄_k N_kb) / n_k,   V = (B/(B - 1)) Σ_b r_b², per arm,
 *   V_c + R² V_b.
 *
 * Adding the variances of the stages instead would treat a user of two stages as two users. With one
 * stage it is the variance of `clusteredMean`. A user who moves from one arm to the other makes the
 * arms alike, which this ignores: that errs towards too much variance.
 *
 * Null when no stage has both arms or there is no variance.
 */
export function estimateClusteredContrast(
  strata: readonly ClusteredStratum[],
  { ratio, offset }: Contrast,
): ContrastEstimate | null {
  let total = 0;
  let sum = 0;
  const candidate: WeightedArm[] = [];
  const baseline: WeightedArm[] = [];
  for (const stratum of strata) {
    const c = clusteredMean(stratum.candidate);
    const b = clusteredMean(stratum.baseline);
    if (c === null || b === null) continue;
    const weight = (c.observations * b.observations) / (c.observations + b.observations);
    total += weight;
    sum += weight * (c.mean - ratio * b.mean - offset);
    candidate.push({ sums: stratum.candidate, mean: c.mean, scale: weight / c.observations });
    baseline.push({ sums: stratum.baseline, mean: b.mean, scale: weight / b.observations });
  }
  const variance =
    (varianceBetweenBuckets(candidate) + ratio * ratio * varianceBetweenBuckets(baseline)) /
    (total * total);
  return variance > 0 && Number.isFinite(variance) ? { estimate: sum / total, variance } : null;
}

type WeightedArm = { readonly sums: BucketSums; readonly mean: number; readonly scale: number };

function varianceBetweenBuckets(stages: readonly WeightedArm[]): number {
  const length = Math.max(0, ...stages.map(({ sums }) => sums.counts.length));
  let buckets = 0;
  let squares = 0;
  for (let bucket = 0; bucket < length; bucket += 1) {
    let count = 0;
    let residual = 0;
    for (const { sums, mean, scale } of stages) {
      const here = sums.counts[bucket] ?? 0;
      count += here;
      residual += scale * ((sums.sums[bucket] ?? 0) - mean * here);
    }
    if (count > 0) buckets += 1;
    squares += residual * residual;
  }
  return buckets < 2 ? Number.POSITIVE_INFINITY : (buckets / (buckets - 1)) * squares;
}
