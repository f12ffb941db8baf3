import { murmur3 } from "../routing/murmur3.ts";

/** Groups of units whose sums stand for single units when a variance is estimated. */
export const UNIT_BUCKETS = 64;

/**
 * The group of a unit, 0..63. Hashed with a prefix of its own, so that it says nothing about the arm that
 * the unit was assigned to, nor (64 groups for all units) about who it is.
 */
export function unitBucket(unit: string): number {
  return (murmur3(`unit-bucket:${unit}`) >>> 0) % UNIT_BUCKETS;
}
