import type { Criterion } from "./criterion.ts";
import type { StratumEvidence, TimedEvidence } from "./evidence.ts";
import type { ObservedRow } from "./observed-row.ts";
import { observeBlocks, observeRow } from "./observed-row.ts";
import type { GateInput } from "./verdict.ts";
import { blockSecondsOf, blocksWithin, boundedBlocks, liveSinceMs } from "./windows.ts";

/** The evidence that counts for a criterion on a slice, decoded once however many criteria judge it. */
export function rowsByCriterion(
  input: GateInput,
): (criterion: Criterion, slice: string) => ObservedRow {
  const rows = observeRows(input);
  const { timed, exposures } = input.evidence;
  const rowOf = (metric: string, slice: string): ObservedRow | undefined =>
    rows.get(metric)?.get(slice);
  if (timed === undefined) return ({ metric }, slice) => rowOf(metric, slice) ?? NO_ROW;
  const sinceMs = liveSinceMs(exposures);
  const byKey = new Map(timed.map((entry) => [timedKey(entry, entry.slice), entry]));
  return (criterion, slice) => {
    const blockSeconds = blockSecondsOf(criterion);
    if (blockSeconds === null) return rowOf(criterion.metric, slice) ?? NO_ROW;
    const entry = byKey.get(timedKey({ metric: criterion.metric, blockSeconds }, slice));
    if (entry === undefined) return NO_ROW;
    const blocks = blocksWithin(entry.blocks, criterion.withinSeconds, sinceMs);
    const row =
      (criterion.overSeconds ?? null) === null
        ? observeRow(blocks.flatMap(({ strata }) => strata))
        : observeBlocks({ ...entry, blocks: boundedBlocks({ ...entry, blocks }) });
    // Blocks know no single times.
    const newestAtMs = rowOf(criterion.metric, slice)?.newestAtMs ?? null;
    return { ...row, newestAtMs };
  };
}

const NO_ROW = observeRow([]);

type BySlice = Map<string, ObservedRow>;

/** Rows by metric and by slice. Nested, since to join two names costs more than to look up both. */
function observeRows(input: GateInput): ReadonlyMap<string, BySlice> {
  const strata = new Map<string, Map<string, readonly StratumEvidence[]>>();
  for (const entry of input.evidence.metrics) {
    const slices = strata.get(entry.metric) ?? new Map<string, readonly StratumEvidence[]>();
    strata.set(entry.metric, slices);
    const known = slices.get(entry.slice);
    slices.set(entry.slice, known === undefined ? entry.strata : [...known, ...entry.strata]);
  }
  const rows = new Map<string, BySlice>();
  for (const [metric, slices] of strata) {
    const ofMetric: BySlice = new Map();
    for (const [slice, entries] of slices) ofMetric.set(slice, observeRow(entries));
    rows.set(metric, ofMetric);
  }
  return rows;
}

function timedKey(of: Pick<TimedEvidence, "metric" | "blockSeconds">, slice: string): string {
  return `${of.blockSeconds}\n${of.metric}\n${slice}`;
}
