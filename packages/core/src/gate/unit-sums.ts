import type { BucketSums } from "../statistics/cluster-variance.ts";
import type { UnitBinCount } from "./cells.ts";
import { UNIT_BUCKETS } from "./unit-bucket.ts";

/** Observations and what they come to, by group of units; `valueOf` says what a bin counts for. */
export function unitSums(
  units: readonly UnitBinCount[],
  valueOf: (bin: number) => number,
): BucketSums {
  const counts = emptyBuckets();
  const sums = emptyBuckets();
  for (const { bucket, bin, count } of units) {
    const at = Math.min(UNIT_BUCKETS - 1, Math.max(0, bucket));
    counts[at] = (counts[at] as number) + count;
    sums[at] = (sums[at] as number) + count * valueOf(bin);
  }
  return { counts, sums };
}

function emptyBuckets(): number[] {
  return Array.from({ length: UNIT_BUCKETS }, () => 0);
}
