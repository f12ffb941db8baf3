import { cellBins } from "./cells.ts";
import type { EvidenceCell } from "./evidence.ts";

/** A cell as arithmetic needs it: bins ascending, their counts beside them, running totals. */
export type DecodedCell = {
  readonly bins: readonly number[];
  readonly counts: readonly number[];
  /** Observations in this bin and all lower ones. */
  readonly atOrBelow: readonly number[];
  readonly total: number;
};

const EMPTY: DecodedCell = { bins: [], counts: [], atOrBelow: [], total: 0 };

/** The cell's bins as arrays. */
export function decodeCell(cell: EvidenceCell): DecodedCell {
  const entries = cellBins(cell);
  if (entries.length === 0) return EMPTY;
  const bins: number[] = [];
  const counts: number[] = [];
  const atOrBelow: number[] = [];
  let total = 0;
  for (const entry of entries) {
    total += entry.count;
    bins.push(entry.bin);
    counts.push(entry.count);
    atOrBelow.push(total);
  }
  return { bins, counts, atOrBelow, total };
}

/** Observations in `firstBin` and all higher ones, in logarithmic time. */
export function countFrom(cell: DecodedCell, firstBin: number): number {
  const { bins, atOrBelow, total } = cell;
  let low = 0;
  let high = bins.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bins[middle] as number) < firstBin) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? total : total - (atOrBelow[low - 1] as number);
}
