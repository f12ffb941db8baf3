import { murmur3 } from "./murmur3.ts";

/** Stored with every rollout: another algorithm would put people into other arms. */
export const BUCKETING_ALGORITHM = "flagd-fractional-v2";

const MAX_TOTAL_WEIGHT = 2_147_483_647;

/** floor(hash * total / 2^32), exactly: the product does not fit a double, so it is done in halves. */
export function bucketOf(hash: number, totalWeight: number): number {
  const high = Math.floor(hash / 65_536) * totalWeight;
  const low = (hash % 65_536) * totalWeight;
  return Math.floor((high + Math.floor(low / 65_536)) / 65_536);
}

/**
 * flagd `fractional` v2 (flagd >= 0.15.0, core/pkg/evaluator/fractional.go): the first variant whose
 * cumulative weight exceeds `(uint64(murmur3(utf8(key))) * total) >> 32`. Negative weights count as 0.
 * Returns null when the weights sum to 0, or one of them (or the sum) is no 31-bit whole number.
 */
export function fractional<Variant>(
  key: string,
  weights: readonly (readonly [Variant, number])[],
): Variant | null {
  let total = 0;
  for (const [, weight] of weights) {
    if (!Number.isInteger(weight) || weight > MAX_TOTAL_WEIGHT) return null;
    total += Math.max(0, weight);
  }
  if (total === 0 || total > MAX_TOTAL_WEIGHT) return null;
  const bucket = bucketOf(murmur3(key), total);
  let cumulative = 0;
  for (const [variant, weight] of weights) {
    cumulative += Math.max(0, weight);
    if (bucket < cumulative) return variant;
  }
  return null;
}
