import { GRID_EXPONENTS } from "../statistics/bet-grid.ts";
import type { DecodedCell, GroupedCounts } from "./decoded-cell.ts";
import type { ArmScale } from "./outcome-scale.ts";
import { outcomeAt } from "./outcome-scale.ts";

type ValuesArm = Extract<ArmScale, { readonly kind: "values" }>;

/** Log-wealths of the nine grid points, in the order of the grid. Typed, so that no number is boxed. */
export type GridLogs = Float64Array;

const GRID_SIZE = GRID_EXPONENTS.length;

/** From one of these grid points on, bets of noisy and of small metrics are often all at their cap. */
const FIRST_CAPPED = 4;
const NARROW_SIZE = FIRST_CAPPED + 1;
const SOON_CAPPED = 2;
const NARROWEST_SIZE = SOON_CAPPED + 1;

export function noWealth(): GridLogs {
  return new Float64Array(GRID_SIZE);
}

/**
 * What one observation of each outcome adds to the nine log-wealths of a test. The bets of a test are
 * constant and fixed before the data, so this is all that a test is: its log-wealths are the counts
 * times this table. A million observations cost what a hundred do.
 *
 * Rows are computed when an outcome is first seen and kept; the value of a row depends on the test
 * alone, so a report is the same whichever rows were there before.
 */
export class BetTable {
  readonly #arm: ValuesArm;
  readonly #rows: Float64Array;
  /** The first five, and three, of each row by themselves, which fit into a processor's nearest memory. */
  readonly #narrowRows: Float64Array;
  readonly #narrowestRows: Float64Array;
  readonly #last: number;
  #filledFrom: number;
  #filledTo: number;
  /** From which grid point on no row so far tells them apart: their bets are all at the cap. */
  #cappedFrom = 0;
  readonly #logsOf: (outcome: number) => readonly number[];

  /** @param logsOf What one observation of an outcome in [0, 1] adds. */
  constructor(arm: ValuesArm, logsOf: (outcome: number) => readonly number[]) {
    const size = arm.outcomes.length;
    this.#arm = arm;
    this.#rows = new Float64Array(size * GRID_SIZE);
    this.#narrowRows = new Float64Array(size * NARROW_SIZE);
    this.#narrowestRows = new Float64Array(size * NARROWEST_SIZE);
    this.#last = size - 1;
    // Empty, and so that the first outcome makes the whole of it.
    this.#filledFrom = size;
    this.#filledTo = 0;
    this.#logsOf = logsOf;
  }

  /** Adds what all observations of a cell come to. Bins beyond the outcomes count as the nearest one. */
  addTo(logs: GridLogs, cell: DecodedCell): void {
    if (cell.total === 0) return;
    const { binsPerOutcome, firstGroup } = this.#arm;
    const grouped = cell.grouped(binsPerOutcome);
    const { bins } = grouped;
    const lowest = (bins[0] as number) - firstGroup;
    const highest = (bins[bins.length - 1] as number) - firstGroup;
    const last = this.#last;
    this.#ensureRows(clamp(lowest, last), clamp(highest, last));
    const isInside = lowest >= 0 && highest <= last;
    const inside = isInside ? grouped : this.#inside(grouped);
    if (this.#cappedFrom <= SOON_CAPPED) this.#addNarrowest(logs, inside);
    else if (this.#cappedFrom <= FIRST_CAPPED) this.#addNarrow(logs, inside);
    else this.#addWide(logs, inside);
    if (!isInside) this.#addOutside(logs, grouped);
  }

  /** The bins that have outcomes of their own. */
  #inside({ bins, counts }: GroupedCounts): GroupedCounts {
    const { firstGroup } = this.#arm;
    let from = 0;
    while (from < bins.length && (bins[from] as number) < firstGroup) from += 1;
    let to = bins.length;
    while (to > from && (bins[to - 1] as number) > firstGroup + this.#last) to -= 1;
    return { bins: bins.subarray(from, to), counts: counts.subarray(from, to) };
  }

  /** Below the outcomes as the lowest one, above them as the highest. */
  #addOutside(logs: GridLogs, { bins, counts }: GroupedCounts): void {
    const { firstGroup } = this.#arm;
    const last = firstGroup + this.#last;
    let beyond = 0;
    for (let at = bins.length - 1; at >= 0 && (bins[at] as number) > last; at -= 1) {
      beyond += counts[at] as number;
    }
    if (beyond > 0) this.#addOutcome(logs, this.#last, beyond);
    for (let at = 0; at < bins.length && (bins[at] as number) < firstGroup; at += 1) {
      this.#addOutcome(logs, 0, counts[at] as number);
    }
  }

  #addOutcome(logs: GridLogs, index: number, count: number): void {
    const row = index * GRID_SIZE;
    for (let point = 0; point < GRID_SIZE; point += 1) {
      logs[point] = (logs[point] as number) + count * (this.#rows[row + point] as number);
    }
  }

  /** Unrolled: it is the inner loop of every tick. */
  #addWide(logs: GridLogs, { bins, counts }: GroupedCounts): void {
    const rows = this.#rows;
    const { firstGroup } = this.#arm;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let e = 0;
    let f = 0;
    let g = 0;
    let h = 0;
    let i = 0;
    for (let position = 0; position < bins.length; position += 1) {
      const count = counts[position] as number;
      const at = ((bins[position] as number) - firstGroup) * GRID_SIZE;
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
  #addNarrow(logs: GridLogs, { bins, counts }: GroupedCounts): void {
    const rows = this.#narrowRows;
    const { firstGroup } = this.#arm;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let e = 0;
    for (let position = 0; position < bins.length; position += 1) {
      const count = counts[position] as number;
      const at = ((bins[position] as number) - firstGroup) * NARROW_SIZE;
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
    for (let index = FIRST_CAPPED; index < GRID_SIZE; index += 1) {
      logs[index] = (logs[index] as number) + e;
    }
  }

  /** The last seven have. */
  #addNarrowest(logs: GridLogs, { bins, counts }: GroupedCounts): void {
    const rows = this.#narrowestRows;
    const { firstGroup } = this.#arm;
    let a = 0;
    let b = 0;
    let c = 0;
    for (let position = 0; position < bins.length; position += 1) {
      const count = counts[position] as number;
      const at = ((bins[position] as number) - firstGroup) * NARROWEST_SIZE;
      a += count * (rows[at] as number);
      b += count * (rows[at + 1] as number);
      c += count * (rows[at + 2] as number);
    }
    logs[0] = (logs[0] as number) + a;
    logs[1] = (logs[1] as number) + b;
    for (let index = SOON_CAPPED; index < GRID_SIZE; index += 1) {
      logs[index] = (logs[index] as number) + c;
    }
  }

  /** Rows are filled from the lowest to the highest outcome seen, so that one look tells. */
  #ensureRows(low: number, high: number): void {
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
    const row = this.#logsOf(outcomeAt(this.#arm, index));
    this.#rows.set(row, index * GRID_SIZE);
    this.#narrowRows.set(row.slice(0, NARROW_SIZE), index * NARROW_SIZE);
    this.#narrowestRows.set(row.slice(0, NARROWEST_SIZE), index * NARROWEST_SIZE);
    let cappedFrom = GRID_SIZE - 1;
    while (cappedFrom > 0 && row[cappedFrom - 1] === row[GRID_SIZE - 1]) cappedFrom -= 1;
    this.#cappedFrom = Math.max(this.#cappedFrom, cappedFrom);
  }
}

const clamp = (index: number, last: number): number => Math.min(last, Math.max(0, index));
