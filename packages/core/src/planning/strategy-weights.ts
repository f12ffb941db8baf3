import type { RowWeights } from "../gate/row-weights.ts";
import { rowWeights } from "../gate/row-weights.ts";
import type { Strategy } from "../rollout/strategy.ts";
import { reviewedCriteria } from "../rollout/strategy.ts";

/**
 * The weights of the gate's rows over all places that a strategy has frozen, and over those that the traffic
 * has if they are more. Criteria under review are in no average.
 */
export function strategyWeights(strategy: Strategy, slices: number): RowWeights {
  const reviewed = reviewedCriteria(strategy);
  const tested = strategy.criteria.filter(
    ({ id, comparison }) => comparison.kind !== "zero_tolerance" && !reviewed.has(id),
  );
  return rowWeights(tested, Math.max(strategy.slices?.length ?? 0, slices));
}
