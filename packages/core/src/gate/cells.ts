import { integerAt, isCount } from "./bin-keys.ts";
import { valueOfBin } from "./bins.ts";
import { decodeCell } from "./decoded-cell.ts";
import type { EvidenceCell, PairCell } from "./evidence.ts";
import type { MetricDefinition } from "./metric.ts";

/** A bin and how many observations it holds. */
export type BinCount = { readonly bin: number; readonly count: number };

/** A joint bin and how many pairs it holds. */
export type PairBinCount = {
  readonly baselineBin: number;
  readonly candidateBin: number;
  readonly count: number;
};

export function emptyCell(): EvidenceCell {
  return { bins: {} };
}

export function emptyPairCell(): PairCell {
  return { joint: {} };
}

/** The cell with one more observation (or `count` more) in a bin. See `binOfValue` for the bin. */
export function addObservation(cell: EvidenceCell, bin: number, count = 1): EvidenceCell {
  return mergeCells(cell, { bins: { [bin]: count } });
}

/** The cell with one more observation of a unit that may be observed again. */
export function addUnitObservation(
  cell: EvidenceCell,
  of: { readonly bucket: number; readonly bin: number },
): EvidenceCell {
  const { bucket, bin } = of;
  return mergeCells(cell, { bins: { [bin]: 1 }, units: { [`${bucket}:${bin}`]: 1 } });
}

/** The pair cell with one more pair (or `count` more) in a joint bin. */
export function addPair(
  cell: PairCell,
  pair: { readonly baselineBin: number; readonly candidateBin: number },
  count = 1,
): PairCell {
  return mergePairCells(cell, {
    joint: { [`${pair.baselineBin}:${pair.candidateBin}`]: count },
  });
}

/** The pair cell with one more pair of a unit that may be observed again. */
export function addUnitPair(
  cell: PairCell,
  of: { readonly bucket: number; readonly baselineBin: number; readonly candidateBin: number },
): PairCell {
  const key = `${of.baselineBin}:${of.candidateBin}`;
  return mergePairCells(cell, { joint: { [key]: 1 }, units: { [`${of.bucket}:${key}`]: 1 } });
}

/** The sum of two cells: exact, commutative and associative, for counts are integers. */
export function mergeCells(left: EvidenceCell, right: EvidenceCell): EvidenceCell {
  return sumCells([left, right]);
}

export function mergePairCells(left: PairCell, right: PairCell): PairCell {
  return sumPairCells([left, right]);
}

/** The sum of many cells, in the time that reading them takes. */
export function sumCells(cells: readonly EvidenceCell[]): EvidenceCell {
  return {
    bins: sumCounts(cells.map(({ bins }) => bins)),
    ...sumOfUnits(cells),
    ...newestOf(cells),
  };
}

export function sumPairCells(cells: readonly PairCell[]): PairCell {
  return {
    joint: sumCounts(cells.map(({ joint }) => joint)),
    ...sumOfUnits(cells),
    ...newestOf(cells),
  };
}

/** Absent where no cell has any. */
function sumOfUnits(cells: readonly (EvidenceCell | PairCell)[]): Pick<EvidenceCell, "units"> {
  if (cells.every(({ units }) => units === undefined)) return {};
  return { units: sumCounts(cells.map(({ units }) => units ?? {})) };
}

type Dated = Pick<EvidenceCell, "newestAtMs">;

function newestOf(cells: readonly Dated[]): Dated {
  let newest = 0;
  for (const { newestAtMs = 0 } of cells) newest = Math.max(newest, newestAtMs);
  return newest > 0 ? { newestAtMs: newest } : {};
}

/** The bins of a cell, ascending; see {@link decodeCell}. */
export function cellBins(cell: EvidenceCell): readonly BinCount[] {
  const { bins, counts } = decodeCell(cell);
  return bins.map((bin, index) => ({ bin, count: counts[index] as number }));
}

/** The joint bins of a pair cell, ascending by baseline bin and then by candidate bin. */
export function pairCellBins(cell: PairCell): readonly PairBinCount[] {
  return jointBins(cell.joint);
}

/** The sum of many lists of joint bins. */
export function sumPairBins(lists: readonly (readonly PairBinCount[])[]): readonly PairBinCount[] {
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length <= 1) return filled[0] ?? [];
  const sum = new Map<number, PairBinCount>();
  for (const entry of filled.flat()) {
    const key = jointKey(entry);
    const known = sum.get(key);
    sum.set(key, known === undefined ? entry : { ...known, count: known.count + entry.count });
  }
  return [...sum.values()].toSorted(comparePairs);
}

/** A number of its own for every two bins, which are all below this in size. */
export function jointKey(pair: Pick<PairBinCount, "baselineBin" | "candidateBin">): number {
  return pair.baselineBin * 20_000 + pair.candidateBin;
}

function jointBins(joint: Readonly<Record<string, number>>): readonly PairBinCount[] {
  const result: PairBinCount[] = [];
  let isSorted = true;
  let previous: PairBinCount | null = null;
  for (const key in joint) {
    const count = joint[key];
    const separator = key.indexOf(":");
    if (separator < 0 || !isCount(count)) continue;
    const baselineBin = integerAt(key, 0, separator);
    const candidateBin = integerAt(key, separator + 1, key.length);
    if (Number.isNaN(baselineBin) || Number.isNaN(candidateBin)) continue;
    const entry = { baselineBin, candidateBin, count };
    isSorted &&= previous === null || comparePairs(previous, entry) < 0;
    previous = entry;
    result.push(entry);
  }
  return isSorted ? result : result.toSorted(comparePairs);
}

/** By the baseline's bin and then by the candidate's. */
export function comparePairs(left: PairBinCount, right: PairBinCount): number {
  return left.baselineBin - right.baselineBin || left.candidateBin - right.candidateBin;
}

export type CellSummary = {
  readonly count: number;
  /** In the metric's unit; null without observations. */
  readonly mean: number | null;
  /** The metric's own quantile for a quantile metric, else the median; null without observations. */
  readonly quantile: number | null;
};

/** Count, mean and quantile of a cell, in the metric's unit, for display. */
export function summarizeCell(metric: MetricDefinition, cell: EvidenceCell): CellSummary {
  const bins = cellBins(cell);
  const count = totalCount(bins);
  if (count === 0) return { count, mean: null, quantile: null };
  let sum = 0;
  for (const entry of bins) sum += entry.count * valueOfBin(metric, entry.bin);
  const quantile = quantileOfBins(metric, bins, metric.quantile ?? 0.5);
  return { count, mean: sum / count, quantile };
}

/** The smallest bin's value with at least the share `quantile` of the observations at or below it. */
export function quantileOfBins(
  metric: MetricDefinition,
  bins: readonly BinCount[],
  quantile: number,
): number | null {
  const bin = binOfQuantile(bins, quantile);
  return bin === null ? null : valueOfBin(metric, bin);
}

/** That bin; null without observations. Bins ascend, and may come more than once. */
export function binOfQuantile(bins: readonly BinCount[], quantile: number): number | null {
  const target = quantile * totalCount(bins);
  let seen = 0;
  for (const { bin, count } of bins) {
    seen += count;
    if (seen >= target) return bin;
  }
  return null;
}

export function totalCount(bins: readonly { readonly count: number }[]): number {
  let total = 0;
  for (const entry of bins) total += entry.count;
  return total;
}

/** The sum of a map of counts. */
export function totalOf(counts: Readonly<Record<string, number>>): number {
  let total = 0;
  for (const count of Object.values(counts)) total += count;
  return total;
}

function sumCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const counts of all) {
    for (const bin in counts) sum[bin] = (sum[bin] ?? 0) + (counts[bin] as number);
  }
  return sum;
}
