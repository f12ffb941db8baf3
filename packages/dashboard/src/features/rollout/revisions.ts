import type { DecisionSummary } from "../../control/queries.ts";

export type StrategyRevision = {
  readonly decisionId: string;
  readonly number: number;
  readonly atMs: number;
  readonly by: string;
  /** Why, as the person wrote it; empty when nothing was written. */
  readonly note: string;
  /** What is different from the strategy before, a sentence each. */
  readonly changes: readonly string[];
};

/** The revisions of a rollout's strategy, newest first, from its decisions in any order. */
export function revisionsOf(decisions: readonly DecisionSummary[]): readonly StrategyRevision[] {
  return decisions
    .flatMap(({ id, atMs, by, revision }) =>
      revision === undefined ? [] : [{ decisionId: id, atMs, by, ...revision }],
    )
    .toSorted((left, right) => right.number - left.number);
}
