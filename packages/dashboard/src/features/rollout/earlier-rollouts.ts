import type { RolloutSummary } from "../../control/queries.ts";

type Dated = Pick<RolloutSummary, "id" | "feature" | "createdAtMs">;

/** The other rollouts of a feature, newest first, and what they are to the one that is shown. */
export function otherRollouts<T extends Dated>(
  rollouts: readonly T[],
  shown: Dated,
): { readonly title: string; readonly items: readonly T[] } {
  const items = rollouts
    .filter(({ id, feature }) => id !== shown.id && feature === shown.feature)
    .toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  const isLatest = items.every(({ createdAtMs }) => createdAtMs <= shown.createdAtMs);
  return { title: `${isLatest ? "Earlier" : "Other"} rollouts of ${shown.feature}`, items };
}
