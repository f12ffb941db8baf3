import { emptyCell } from "./cells.ts";
import type { Criterion } from "./criterion.ts";
import type { EvidenceBlock, StratumEvidence, TimedEvidence } from "./evidence.ts";
import type { ObservedRow } from "./observed-row.ts";
import { observeBlocks } from "./observed-blocks.ts";
import { observeRow } from "./observed-row.ts";
import { readCell } from "./read-cell.ts";
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
  const strata = strataByRow(input);
  const rowOf = (criterion: Criterion, slice: string): ObservedRow => {
    const entries = strata.get(criterion.metric)?.get(slice);
    if (entries === undefined) return NO_ROW;
    return isZeroTolerance(criterion) ? observeRow(entries) : sampledRow(entries);
  };
  const { timed, exposures } = input.evidence;
  if (timed === undefined) return rowOf;
  const sinceMs = liveSinceMs(exposures);
  const byKey = new Map(timed.map((entry) => [timedKey(entry, entry.slice), entry]));
  return (criterion, slice) => {
    const blockSeconds = blockSecondsOf(criterion);
    if (blockSeconds === null) return rowOf(criterion, slice);
    const entry = byKey.get(timedKey({ metric: criterion.metric, blockSeconds }, slice));
    if (entry === undefined) return NO_ROW;
    const within = blocksWithin(entry.blocks, criterion.withinSeconds, sinceMs);
    const blocks = isZeroTolerance(criterion) ? within : within.map(sampledBlock);
    const row =
      (criterion.overSeconds ?? null) === null
        ? observeRow(blocks.flatMap(({ strata: of }) => of))
        : observeBlocks({ ...entry, blocks: boundedBlocks({ ...entry, blocks }) });
    // Blocks know no single times.
    const { newestAtMs } = rowOf(criterion, slice);
    const planned = plannedBlocks(criterion, input.longestSeconds ?? null);
    return { ...row, newestAtMs, plannedBlocks: planned };
  };
}

const NO_ROW = observeRow([]);

/** By the identity of all strata, so that a row that is looked at again costs one look-up. */
const sampledRows = new WeakMap<readonly StratumEvidence[], ObservedRow>();

function sampledRow(strata: readonly StratumEvidence[]): ObservedRow {
  const known = sampledRows.get(strata);
  if (known !== undefined) return known;
  const row = observeRow(sampledOnly(strata));
  sampledRows.set(strata, row);
  return row;
}

type BySlice = Map<string, readonly StratumEvidence[]>;

/** Strata by metric and by slice. Nested, since to join two names costs more than to look up both. */
function strataByRow(input: GateInput): ReadonlyMap<string, BySlice> {
  const strata = new Map<string, BySlice>();
  for (const entry of input.evidence.metrics) {
    const slices: BySlice = strata.get(entry.metric) ?? new Map();
    strata.set(entry.metric, slices);
    const known = slices.get(entry.slice);
    slices.set(entry.slice, known === undefined ? entry.strata : [...known, ...entry.strata]);
  }
  return strata;
}

const isZeroTolerance = ({ comparison }: Criterion): boolean =>
  comparison.kind === "zero_tolerance";

/**
 * A candidate's answer at a share of 0 is a single harmful event of a ring, and no sample of a rate: a zero
 * tolerance counts it, and no other criterion does, also one on the same metric. The same list where there
 * is none.
 */
function sampledOnly(strata: readonly StratumEvidence[]): readonly StratumEvidence[] {
  if (!strata.some(isRingOnly)) return strata;
  return strata.map((of) => (isRingOnly(of) ? { ...of, candidate: emptyCell() } : of));
}

function sampledBlock(block: EvidenceBlock): EvidenceBlock {
  const strata = sampledOnly(block.strata);
  return strata === block.strata ? block : { ...block, strata };
}

function isRingOnly({ propensityBps, candidate }: StratumEvidence): boolean {
  return propensityBps === 0 && readCell(candidate).total > 0;
}

function timedKey(of: Pick<TimedEvidence, "metric" | "blockSeconds">, slice: string): string {
  return `${of.blockSeconds}\n${of.metric}\n${slice}`;
}
