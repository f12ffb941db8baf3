import type { DecisionRecord } from "../../core/src/index.ts";
import { replayDecision } from "../../core/src/index.ts";

/**
 * Decides each again from what would be stored of it, and fails where one does not come out the same. Only a move
 * of a feature without a rollout may have nothing to decide from.
 */
export function assertReplays(records: readonly DecisionRecord[]): void {
  for (const record of records) {
    const stored = JSON.parse(JSON.stringify(record)) as DecisionRecord;
    const { agrees, sentence, ...both } = replayDecision(stored);
    if (agrees === true || (agrees === null && stored.rolloutId === null)) continue;
    throw new Error(`${record.id} of ${record.feature}: ${sentence} ${JSON.stringify(both)}`);
  }
}
