/**
 * Observations of one arm, summed per hash bucket of their randomisation unit (user, tenant): all
 * of a unit's observations fall into one bucket, of 64 (gate/unit-bucket.ts). More would follow the units
 * more closely but leave many empty; with 64 the variance between them is known to about 18%.
 *
 * Buckets are independent because units are, whatever happens inside them, and returning users stay
 * in their bucket. Counting such requests as if they were independent makes false alarms of 12 to
 * 49% out of 5%.
 */
export type BucketSums = {
  /** Observations per bucket. */
  readonly counts: readonly number[];
  /** Sum of the outcomes per bucket. */
  readonly sums: readonly number[];
};
