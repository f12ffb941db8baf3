import { logAdd } from "../statistics/log-sum-exp.ts";
import type { ObservedRow } from "./observed-row.ts";

/** What "harm from the start" weighs against "harm from the first live stage on". */
export const FROM_START_WEIGHT = 0.5;

/**
 * ln E of a test for harm that may begin with the first live answer: the average of the test on all evidence and
 * of the test on what the live stages have gathered. A long shadow in which nothing was wrong is evidence
 * against harm, and multiplied into the live evidence it would have to be outweighed first, request by request.
 * Harm that was there from the start costs a factor of two in shadow, and nothing later.
 *
 * Valid because both are e-processes under the same null, and the weights are fixed by the strategy; without
 * live evidence the second is 1.
 *
 * @param liveFrom Index of the first live stage after a shadow; null: the strategy has no shadow before.
 */
export function withLiveRestart(
  row: ObservedRow,
  liveFrom: number | null,
  logOf: (row: ObservedRow) => number,
): number {
  const all = logOf(row);
  if (liveFrom === null) return all;
  const isLive = ({ stageIndex }: { readonly stageIndex: number }): boolean =>
    stageIndex >= liveFrom;
  // Without evidence from before, both are the same.
  if (row.strata.every(isLive)) return all;
  const strata = row.strata.filter(isLive);
  const observedSplit = row.observedSplit?.filter(isLive) ?? null;
  const live = strata.length === 0 ? 0 : logOf({ ...row, strata, observedSplit });
  return logAdd(Math.log(FROM_START_WEIGHT) + all, Math.log(1 - FROM_START_WEIGHT) + live);
}
