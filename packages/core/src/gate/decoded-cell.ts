import { integerAt, isCount } from "./bin-keys.ts";
import type { EvidenceCell } from "./evidence.ts";

/** A cell as arithmetic needs it: bins ascending, their counts beside them, running totals. */
export class DecodedCell {
  readonly bins: readonly number[];
  readonly counts: readonly number[];
  /** Observations in this bin and all lower ones. */
  readonly atOrBelow: readonly number[];
  readonly total: number;
  #askedFrom = Number.NaN;
  #answer = 0;
  #grouped: { readonly size: number; readonly counts: GroupedCounts } | null = null;

  constructor(bins: readonly number[], counts: readonly number[]) {
    let total = 0;
    const atOrBelow: number[] = [];
    for (const count of counts) {
      total += count;
      atOrBelow.push(total);
    }
    this.bins = bins;
    this.counts = counts;
    this.atOrBelow = atOrBelow;
    this.total = total;
  }

  /**
   * Observations in `firstBin` and all higher ones. The last answer is kept: what is asked of a cell is
   * nearly always the same, and the bins of thousands of cells are far from a processor.
   */
  countFrom(firstBin: number): number {
    if (this.#askedFrom !== firstBin) {
      this.#askedFrom = firstBin;
      this.#answer = countFrom(this, firstBin);
    }
    return this.#answer;
  }

  /**
   * The same observations in wider bins: bin b goes to floor(b / size). Kept, since a cell is grouped in
   * one way only, and is looked at far more often than it changes.
   */
  grouped(size: number): GroupedCounts {
    if (this.#grouped?.size === size) return this.#grouped.counts;
    const counts = groupedCounts(this, size);
    this.#grouped = { size, counts };
    return counts;
  }
}

/** Counts in wider bins, ascending. Typed, since the loop over them is the inner one of every tick. */
export type GroupedCounts = { readonly bins: Int32Array; readonly counts: Float64Array };

const EMPTY = new DecodedCell([], []);

function countFrom({ bins, atOrBelow, total }: DecodedCell, firstBin: number): number {
  let low = 0;
  let high = bins.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bins[middle] as number) < firstBin) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? total : total - (atOrBelow[low - 1] as number);
}

/**
 * The bins of a cell, ascending. Sorted because floating-point sums depend on the order of their terms
 * and the order of an object's keys depends on its history: equal evidence must give equal verdicts,
 * to the bit. A key that is no integer or a count that is no positive number holds no observation.
 */
export function decodeCell(cell: EvidenceCell): DecodedCell {
  const bins: number[] = [];
  const counts: number[] = [];
  let isSorted = true;
  for (const key in cell.bins) {
    const count = cell.bins[key];
    const bin = integerAt(key, 0, key.length);
    if (!isCount(count) || Number.isNaN(bin)) continue;
    isSorted &&= bins.length === 0 || (bins.at(-1) as number) < bin;
    bins.push(bin);
    counts.push(count);
  }
  if (bins.length === 0) return EMPTY;
  return isSorted ? new DecodedCell(bins, counts) : sorted(bins, counts);
}

/** The sum of many cells. */
export function sumDecoded(cells: readonly DecodedCell[]): DecodedCell {
  const filled = cells.filter(({ total }) => total > 0);
  if (filled.length <= 1) return filled[0] ?? EMPTY;
  const sum = new Map<number, number>();
  for (const { bins, counts } of filled) {
    for (let index = 0; index < bins.length; index += 1) {
      const bin = at(bins, index);
      sum.set(bin, (sum.get(bin) ?? 0) + at(counts, index));
    }
  }
  return sorted([...sum.keys()], [...sum.values()]);
}

function sorted(bins: readonly number[], counts: readonly number[]): DecodedCell {
  const order = bins
    .map((_, index) => index)
    .toSorted((left, right) => at(bins, left) - at(bins, right));
  return new DecodedCell(
    order.map((index) => at(bins, index)),
    order.map((index) => at(counts, index)),
  );
}

function groupedCounts(cell: DecodedCell, size: number): GroupedCounts {
  const bins: number[] = [];
  const counts: number[] = [];
  for (const [position, bin] of cell.bins.entries()) {
    const group = Math.floor(bin / size);
    const count = at(cell.counts, position);
    if (bins.at(-1) === group) counts.push((counts.pop() as number) + count);
    else {
      bins.push(group);
      counts.push(count);
    }
  }
  return { bins: Int32Array.from(bins), counts: Float64Array.from(counts) };
}

const at = (numbers: readonly number[], index: number): number => numbers[index] as number;
