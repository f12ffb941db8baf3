import type { Comparison, MoveLevels } from "./criterion.ts";

/** Margins are at most four times the rollback level, however small the next stage is. */
const LARGEST_FACTOR = 4;
/** A relative fall of 90% or more leaves a null hypothesis that any answer at all refutes. */
export const LARGEST_RELATIVE_MARGIN = 0.9;

/**
 * How much harm must be ruled out before the next stage: min(4r, r·√(1/w_next)), where r is the hold
 * level where the policy writes one, else the rollback level, and w_next the share after the advance. A tiny stage exposes few people, so it may
 * be entered on weaker proof; at 100% the margin is that level itself. The nulls are nested
 * and tested in order, so no level is split between stages (fixed-sequence testing).
 *
 * What is scaled is the distance from "no harm": of a ratio the part above 1, of a limit the part
 * beyond its hold level.
 *
 * @param nextShareBps The candidate's share after the next advance, 0..10000 basis points.
 * @param holdLevel Of a limit: the level from which it is measured. Ignored for other kinds.
 */
export function stageMargin(
  comparison: Comparison,
  nextShareBps: number,
  holdLevel: number = 0,
): number {
  const factor = marginFactor(nextShareBps);
  switch (comparison.kind) {
    case "relative":
      return Math.min(LARGEST_RELATIVE_MARGIN, baseOf(comparison) * factor);
    case "difference":
      return baseOf(comparison) * factor;
    case "ratio":
      return 1 + (baseOf(comparison) - 1) * factor;
    case "limit":
      return holdLevel + (comparison.rollback - holdLevel) * factor;
    case "zero_tolerance":
      return Math.min(LARGEST_RELATIVE_MARGIN, comparison.maximumRate * factor);
    default: {
      const unreachable: never = comparison;
      return unreachable;
    }
  }
}

/** What must be ruled out at full traffic. */
function baseOf({ margin, rollback }: MoveLevels): number {
  return margin ?? rollback;
}

/** min(4, √(1/w_next)), at least 1. */
function marginFactor(nextShareBps: number): number {
  const share = Math.min(1, Math.max(0, nextShareBps / 10_000));
  return share > 0 ? Math.min(LARGEST_FACTOR, Math.sqrt(1 / share)) : LARGEST_FACTOR;
}
