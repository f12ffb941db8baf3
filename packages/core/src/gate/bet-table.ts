import { GRID_EXPONENTS } from "../statistics/bet-grid.ts";

/** Log-wealths of the nine grid points, in the order of the grid. */
export type GridLogs = number[];

const GRID_SIZE = GRID_EXPONENTS.length;

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
  readonly #isFilled: Uint8Array;
  readonly #logsOf: (index: number) => readonly number[];

  constructor(size: number, logsOf: (index: number) => readonly number[]) {
    this.#rows = new Float64Array(size * GRID_SIZE);
    this.#isFilled = new Uint8Array(size);
    this.#logsOf = logsOf;
  }

  /** Adds count times row to `logs` for every outcome. Unrolled: it is the inner loop of every tick. */
  addTo(logs: GridLogs, { bins, counts, firstBin }: IndexedCounts): void {
    const rows = this.#rows;
    let [a, b, c, d, e, f, g, h, i] = logs as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const last = this.#isFilled.length - 1;
    for (let position = 0; position < bins.length; position += 1) {
      const index = Math.min(last, Math.max(0, (bins[position] as number) - firstBin));
      const count = counts[position] as number;
      if (this.#isFilled[index] === 0) this.#fill(index);
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
    logs[0] = a;
    logs[1] = b;
    logs[2] = c;
    logs[3] = d;
    logs[4] = e;
    logs[5] = f;
    logs[6] = g;
    logs[7] = h;
    logs[8] = i;
  }

  #fill(index: number): void {
    this.#rows.set(this.#logsOf(index), index * GRID_SIZE);
    this.#isFilled[index] = 1;
  }
}
