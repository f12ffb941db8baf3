import { emptyCell } from "./cells.ts";
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
  const strata = strataByRow(input);
  const rowOf = (criterion: Criterion, slice: string): ObservedRow => {
    const entries = strata.get(criterion.metric)?.get(slice);
    return entries === undefined ? NO_ROW : observeRow(countedFor(criterion, entries));
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
    const blocks = blocksWithin(entry.blocks, criterion.withinSeconds, sinceMs).map((block) => ({
      ...block,
      strata: countedFor(criterion, block.strata),
    }));
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

/**
 * A candidate's answer at a share of 0 is a single harmful event of a ring, and no sample of a rate: a zero
 * tolerance counts it, and no other criterion does, also one on the same metric.
 */
function countedFor(
  { comparison }: Criterion,
  strata: readonly StratumEvidence[],
): readonly StratumEvidence[] {
  if (comparison.kind === "zero_tolerance") return strata;
  const known = sampled.get(strata);
  if (known !== undefined) return known;
  // The same list where nothing is left out, and always the same one: what is decoded is kept by identity.
  const result = strata.some(isRingOnly)
    ? strata.map((of) => (isRingOnly(of) ? { ...of, candidate: emptyCell() } : of))
    : strata;
  sampled.set(strata, result);
  return result;
}

const sampled = new WeakMap<readonly StratumEvidence[], readonly StratumEvidence[]>();

function isRingOnly({ propensityBps, candidate }: StratumEvidence): boolean {
  return propensityBps === 0 && Object.keys(candidate.bins).length > 0;
}

function timedKey(of: Pick<TimedEvidence, "metric" | "blockSeconds">, slice: string): string {
  return `${of.blockSeconds}\n${of.metric}\n${slice}`;
}
