import type { Criterion } from "./criterion.ts";
import type { StratumEvidence, TimedEvidence } from "./evidence.ts";
import type { ObservedRow } from "./observed-row.ts";
import { observeBlocks, observeRow } from "./observed-row.ts";
import type { GateInput } from "./verdict.ts";
import {
  blockSecondsOf,
  blocksWithin,
  boundedBlocks,
  liveSinceMs,
  plannedBlocks,
} from "./windows.ts";

/** The evidence that counts for a criterion on a slice, decoded once however many criteria judge it. */
export function rowsByCriterion(
  input: GateInput,
): (criterion: Criterion, slice: string) => ObservedRow {
  const rows = observeRows(input);
  const { timed, exposures } = input.evidence;
  if (timed === undefined) return ({ metric }, slice) => rows.get(rowKey(metric, slice)) ?? NO_ROW;
  const sinceMs = liveSinceMs(exposures);
  const byKey = new Map(timed.map((entry) => [timedKey(entry, entry.slice), entry]));
  return (criterion, slice) => {
    const blockSeconds = blockSecondsOf(criterion);
    if (blockSeconds === null) return rows.get(rowKey(criterion.metric, slice)) ?? NO_ROW;
    const entry = byKey.get(timedKey({ metric: criterion.metric, blockSeconds }, slice));
    if (entry === undefined) return NO_ROW;
    const blocks = blocksWithin(entry.blocks, criterion.withinSeconds, sinceMs);
    const row =
      (criterion.overSeconds ?? null) === null
        ? observeRow(blocks.flatMap(({ strata }) => strata))
        : observeBlocks({ ...entry, blocks: boundedBlocks({ ...entry, blocks }) });
    // Blocks know no single times.
    const newestAtMs = rows.get(rowKey(criterion.metric, slice))?.newestAtMs ?? null;
    const planned = plannedBlocks(criterion, input.longestSeconds ?? null);
    return { ...row, newestAtMs, plannedBlocks: planned };
  };
}

const NO_ROW = observeRow([]);

function observeRows(input: GateInput): ReadonlyMap<string, ObservedRow> {
  const strata = new Map<string, readonly StratumEvidence[]>();
  for (const entry of input.evidence.metrics) {
    const key = rowKey(entry.metric, entry.slice);
    const known = strata.get(key);
    strata.set(key, known === undefined ? entry.strata : [...known, ...entry.strata]);
  }
  const rows = new Map<string, ObservedRow>();
  for (const [key, entries] of strata) rows.set(key, observeRow(entries));
  return rows;
}

function rowKey(metric: string, slice: string): string {
  return `${metric}\n${slice}`;
}

function timedKey(of: Pick<TimedEvidence, "metric" | "blockSeconds">, slice: string): string {
  return `${of.blockSeconds}\n${rowKey(of.metric, slice)}`;
}
