/**
 * Observations of one arm, summed per hash bucket of their randomisation unit (user, tenant): all
 * of a unit's observations fall into one bucket. Integer sums (scores in bins, see gate/bins) add
 * exactly.
 */
export type BucketSums = {
  /** Observations per bucket. */
  readonly counts: readonly number[];
  /** Sum of the outcomes per bucket. */
  readonly sums: readonly number[];
};

/**
 * Buckets per arm. More would follow the units more closely but leave many empty; with 64 the
 * variance itself is known to about 18%, and an arm costs 128 numbers.
 */
export const CLUSTER_BUCKETS = 64;

/**
 * Fewer non-empty buckets than this means too few units to judge their spread: 30 units fill about
 * 24 of 64 buckets. The honest answer is then "not decidable".
 */
export const LEAST_BUCKETS = 24;

export type ClusteredMean = {
  readonly mean: number;
  /** Variance of the mean; infinite with fewer than two non-empty buckets. */
  readonly variance: number;
  readonly observations: number;
  /** Non-empty buckets. */
  readonly buckets: number;
};

/**
 * Mean and its variance when observations of one unit resemble each other: V = (B/(B - 1)) Σ_b (S_b
 * - x̄ N_b)² / n², B non-empty buckets.
 *
 * Buckets are independent because units are, whatever happens inside them, and returning users stay
 * in their bucket. Counting such requests as if they were independent makes false alarms of 12 to
 * 49% out of 5%. The linearised ratio estimator between ultimate clusters: Cochran (1977),
 * "Sampling techniques", chapter 9A.
 *
 * @returns Null without observations.
 */
export function clusteredMean({ counts, sums }: BucketSums): ClusteredMean | null {
  let observations = 0;
  let sum = 0;
  let buckets = 0;
  for (const [index, count] of counts.entries()) {
    observations += count;
    sum += sums[index] as number;
    if (count > 0) buckets += 1;
  }
  if (observations === 0) return null;
  const mean = sum / observations;
  let squares = 0;
  for (const [index, count] of counts.entries()) {
    squares += ((sums[index] as number) - mean * count) ** 2;
  }
  const variance =
    buckets < 2
      ? Number.POSITIVE_INFINITY
      : ((buckets / (buckets - 1)) * squares) / (observations * observations);
  return { mean, variance, observations, buckets };
}

/** Sums of two shards; both have the same buckets. */
export function mergeBuckets(left: BucketSums, right: BucketSums): BucketSums {
  return {
    counts: left.counts.map((count, index) => count + (right.counts[index] as number)),
    sums: left.sums.map((sum, index) => sum + (right.sums[index] as number)),
  };
}
