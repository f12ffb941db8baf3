import { GRID_EXPONENTS } from "../statistics/bet-grid.ts";

/** Log-wealths of the nine grid points, in the order of the grid. */
export type GridLogs = number[];

const GRID_SIZE = GRID_EXPONENTS.length;

/** From this grid point on, bets of noisy and of small metrics are often all at their cap. */
const FIRST_CAPPED = 4;

export function noWealth(): GridLogs {
  return [0, 0, 0, 0, 0, 0, 0, 0, 0];
}

/**
 * Outcomes of one arm (see OutcomeScale) and how often each was seen. An outcome's index is its bin
 * less `firstBin`, or the nearest index that there is.
 */
export type IndexedCounts = {
  readonly bins: readonly number[];
  readonly counts: readonly number[];
  readonly firstBin: number;
};

/**
 * What one observation of each outcome adds to the nine log-wealths of a test. The bets of a test are
 * constant and fixed before the data, so this is all that a test is: its log-wealths are the counts
 * times this table. A million observations cost what a hundred do.
 *
 * Rows are computed when an outcome is first seen and kept; the value of a row depends on the test
 * alone, so a report is the same whichever rows were there before.
 */
export class BetTable {
  readonly #rows: Float64Array;
  readonly #last: number;
  #filledFrom: number;
  #filledTo: number;
  /** No row so far tells the last five grid points apart: their bets are all at the cap. */
  #isNarrow = true;
  readonly #logsOf: (index: number) => readonly number[];

  constructor(size: number, logsOf: (index: number) => readonly number[]) {
    this.#rows = new Float64Array(size * GRID_SIZE);
    this.#last = size - 1;
    // Empty, and so that the first outcome makes the whole of it.
    this.#filledFrom = size;
    this.#filledTo = 0;
    this.#logsOf = logsOf;
  }

  /** Adds count times row to `logs` for every outcome. Unrolled: it is the inner loop of every tick. */
  addTo(logs: GridLogs, seen: IndexedCounts): void {
    this.#ensureRows(seen);
    if (this.#isNarrow) this.#addNarrow(logs, seen);
    else this.#addWide(logs, seen);
  }

  #addWide(logs: GridLogs, { bins, counts, firstBin }: IndexedCounts): void {
    const rows = this.#rows;
    const last = this.#last;
    let [a, b, c, d, e] = [0, 0, 0, 0, 0];
    let [f, g, h, i] = [0, 0, 0, 0];
    for (let position = 0; position < bins.length; position += 1) {
      const index = Math.min(last, Math.max(0, (bins[position] as number) - firstBin));
      const count = counts[position] as number;
      const at = index * GRID_SIZE;
      a += count * (rows[at] as number);
      b += count * (rows[at + 1] as number);
      c += count * (rows[at + 2] as number);
      d += count * (rows[at + 3] as number);
      e += count * (rows[at + 4] as number);
      f += count * (rows[at + 5] as number);
      g += count * (rows[at + 6] as number);
      h += count * (rows[at + 7] as number);
      i += count * (rows[at + 8] as number);
    }
    logs[0] = (logs[0] as number) + a;
    logs[1] = (logs[1] as number) + b;
    logs[2] = (logs[2] as number) + c;
    logs[3] = (logs[3] as number) + d;
    logs[4] = (logs[4] as number) + e;
    logs[5] = (logs[5] as number) + f;
    logs[6] = (logs[6] as number) + g;
    logs[7] = (logs[7] as number) + h;
    logs[8] = (logs[8] as number) + i;
  }

  /** The last five grid points have the same bet: the same sum is added to each. */
  #addNarrow(logs: GridLogs, { bins, counts, firstBin }: IndexedCounts): void {
    const rows = this.#rows;
    const last = this.#last;
    let [a, b, c, d, e] = [0, 0, 0, 0, 0];
    for (let position = 0; position < bins.length; position += 1) {
      const index = Math.min(last, Math.max(0, (bins[position] as number) - firstBin));
      const count = counts[position] as number;
      const at = index * GRID_SIZE;
      a += count * (rows[at] as number);
      b += count * (rows[at + 1] as number);
      c += count * (rows[at + 2] as number);
      d += count * (rows[at + 3] as number);
      e += count * (rows[at + 4] as number);
    }
    logs[0] = (logs[0] as number) + a;
    logs[1] = (logs[1] as number) + b;
    logs[2] = (logs[2] as number) + c;
    logs[3] = (logs[3] as number) + d;
    for (let index = 4; index < GRID_SIZE; index += 1) logs[index] = (logs[index] as number) + e;
  }

  /** Rows are filled from the lowest to the highest outcome seen, so that one look tells. */
  #ensureRows({ bins, firstBin }: IndexedCounts): void {
    if (bins.length === 0) return;
    const last = this.#last;
    const low = Math.min(last, Math.max(0, (bins[0] as number) - firstBin));
    const high = Math.min(last, Math.max(0, (bins.at(-1) as number) - firstBin));
    if (low >= this.#filledFrom && high < this.#filledTo) return;
    const from = Math.min(low, this.#filledFrom);
    const to = Math.max(high + 1, this.#filledTo);
    for (let index = from; index < to; index += 1) {
      if (index < this.#filledFrom || index >= this.#filledTo) this.#fill(index);
    }
    this.#filledFrom = from;
    this.#filledTo = to;
  }

  #fill(index: number): void {
    const row = this.#logsOf(index);
    this.#rows.set(row, index * GRID_SIZE);
    for (let point = FIRST_CAPPED + 1; point < GRID_SIZE; point += 1) {
      if (row[point] !== row[FIRST_CAPPED]) this.#isNarrow = false;
    }
  }
}
