import { sumPairBins } from "./cells.ts";
import { sumDecoded } from "./decoded-cell.ts";
import type { EvidenceBlock, StratumEvidence, TimedEvidence } from "./evidence.ts";
import type { ClosedBlocks, ObservedRow, ObservedStratum } from "./observed-row.ts";
import { observeRow, rowOf } from "./observed-row.ts";
import { sumPairUnits } from "./pair-units.ts";
import { sumUnits } from "./unit-bins.ts";

/**
 * A row whose evidence is in blocks of time, in order; `all` is their sum. Gaps are filled by blocks
 * without evidence, since the plan of restarts counts time and not evidence. Where the sum is not split
 * as planned, each block is also seen with the split of the sum: its own would be noise.
 */
export function observeBlocks(timed: TimedEvidence): ObservedRow {
  const { blocks } = timed;
  const before = longestKnown(blocks);
  const seen = before === null ? NOTHING_SEEN : before;
  const rows = blocks.slice(seen.blocks.length).map(({ strata }) => observeRow(strata));
  const kept = rows.findIndex(({ isKept }) => !isKept);
  const closed = extend(seen, timed, rows.slice(0, kept < 0 ? rows.length : kept));
  const whole = extend(closed, timed, rows.slice(closed.blocks.length - seen.blocks.length));
  const all = rowOf(whole.strata, whole.newestAtMs);
  if (closed.blocks.length > seen.blocks.length) {
    known.set(closed.blocks.at(-1) as EvidenceBlock, closed);
  }
  if (all.observedSplit === null) {
    return { ...all, blocks: whole.rows, closed: closed.count > 0 ? closed : null };
  }
  return {
    ...all,
    blocks: whole.rows.map((row) => ({ ...row, observedSplit: splitLike(row, all) })),
  };
}

/** Some first blocks of a list, decoded and added up. */
type SeenBlocks = ClosedBlocks & {
  readonly blocks: readonly EvidenceBlock[];
  /** With the gaps between them, and as if each were split as planned. */
  readonly rows: readonly ObservedRow[];
  readonly strata: readonly ObservedStratum[];
  readonly newestAtMs: number | null;
};

const NOTHING_SEEN: SeenBlocks = {
  count: 0,
  wealths: new Map(),
  blocks: [],
  rows: [],
  strata: [],
  newestAtMs: null,
};

/**
 * By the last of them. Where evidence is kept between looks only the newest blocks of hundreds are other
 * ones, so what all before come to is known from the last look.
 */
const known = new WeakMap<EvidenceBlock, SeenBlocks>();

function longestKnown(blocks: readonly EvidenceBlock[]): SeenBlocks | null {
  for (let count = blocks.length; count > 0; count -= 1) {
    const found = known.get(blocks[count - 1] as EvidenceBlock);
    if (found !== undefined && isStartOf(found.blocks, blocks, count)) return found;
  }
  return null;
}

function isStartOf(
  first: readonly EvidenceBlock[],
  blocks: readonly EvidenceBlock[],
  count: number,
): boolean {
  if (first.length !== count) return false;
  for (let index = count - 1; index >= 0; index -= 1) {
    if (first[index] !== blocks[index]) return false;
  }
  return true;
}

/** The same with the blocks that come next. */
function extend(
  seen: SeenBlocks,
  { blocks, blockSeconds }: TimedEvidence,
  more: readonly ObservedRow[],
): SeenBlocks {
  if (more.length === 0) return seen;
  const firstMs = (blocks[0] as EvidenceBlock).startMs;
  const rows = [...seen.rows];
  for (const [offset, row] of more.entries()) {
    const { startMs } = blocks[seen.blocks.length + offset] as EvidenceBlock;
    const index = Math.round((startMs - firstMs) / (blockSeconds * 1_000));
    while (rows.length < index) rows.push(observeRow(NO_STRATA));
    rows.push(row.observedSplit === null ? row : { ...row, observedSplit: null });
  }
  let newest = seen.newestAtMs ?? 0;
  for (const { newestAtMs } of more) newest = Math.max(newest, newestAtMs ?? 0);
  return {
    count: rows.length,
    wealths: new Map(seen.wealths),
    blocks: blocks.slice(0, seen.blocks.length + more.length),
    rows,
    strata: sumOfStrata([...seen.strata, ...more.flatMap(({ strata }) => strata)]),
    newestAtMs: newest > 0 ? newest : null,
  };
}

/** Those of one stage together. */
function sumOfStrata(all: readonly ObservedStratum[]): readonly ObservedStratum[] {
  const groups: ObservedStratum[][] = [];
  for (const stratum of all) {
    const group = groups.find(
      ([first]) =>
        first?.stageIndex === stratum.stageIndex && first.propensity === stratum.propensity,
    );
    if (group === undefined) groups.push([stratum]);
    else group.push(stratum);
  }
  return groups
    .map((group) => ({
      ...(group[0] as ObservedStratum),
      baseline: sumDecoded(group.map(({ baseline }) => baseline)),
      candidate: sumDecoded(group.map(({ candidate }) => candidate)),
      pairs: sumPairBins(group.map(({ pairs }) => pairs)),
      baselineUnits: sumUnits(group.map(({ baselineUnits }) => baselineUnits)),
      candidateUnits: sumUnits(group.map(({ candidateUnits }) => candidateUnits)),
      pairUnits: sumPairUnits(group.map(({ pairUnits }) => pairUnits)),
    }))
    .toSorted(
      (left, right) => left.stageIndex - right.stageIndex || left.propensity - right.propensity,
    );
}

const NO_STRATA: readonly StratumEvidence[] = [];

/** The strata of a block with the observed propensities of the whole row. */
function splitLike(row: ObservedRow, all: ObservedRow): readonly ObservedStratum[] {
  return row.strata.map((stratum) => {
    const index = all.strata.findIndex(
      (of) => of.stageIndex === stratum.stageIndex && of.propensity === stratum.propensity,
    );
    const propensity = all.observedSplit?.[index]?.propensity ?? stratum.propensity;
    return { ...stratum, propensity, isPlanned: false };
  });
}
