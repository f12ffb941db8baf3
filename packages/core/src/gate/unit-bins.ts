import type { BucketSums } from "../statistics/bucket-sums.ts";
import { integerAt, isCount } from "./bin-keys.ts";
import { UNIT_BUCKETS } from "./unit-bucket.ts";

/**
 * Observations of one arm by group of units and by bin, as arithmetic needs them: the groups one after
 * the other, in each the bins ascending. Thousands of these are read at every look of a rehearsal.
 */
export class UnitBins {
  /** The distinct bins, ascending. */
  readonly #bins: readonly number[];
  /** Where in the two lists below each group begins; one more at the end. */
  readonly #starts: readonly number[];
  readonly #binIndexes: readonly number[];
  readonly #counts: readonly number[];
  /** Observations by group. */
  readonly counts: readonly number[];
  readonly filledGroups: number;
  readonly #sums = new Map<object, BucketSums>();

  /** @param dense Counts by group and, within it, by the position of the bin. */
  constructor(bins: readonly number[], dense: readonly number[]) {
    const size = bins.length;
    const starts: number[] = [0];
    const binIndexes: number[] = [];
    const kept: number[] = [];
    const counts: number[] = [];
    let filledGroups = 0;
    for (let group = 0; group < UNIT_BUCKETS; group += 1) {
      let total = 0;
      for (let position = 0; position < size; position += 1) {
        const count = dense[group * size + position] ?? 0;
        if (count === 0) continue;
        binIndexes.push(position);
        kept.push(count);
        total += count;
      }
      starts.push(kept.length);
      counts.push(total);
      if (total > 0) filledGroups += 1;
    }
    this.#bins = bins;
    this.#starts = starts;
    this.#binIndexes = binIndexes;
    this.#counts = kept;
    this.counts = counts;
    this.filledGroups = filledGroups;
  }

  get isEmpty(): boolean {
    return this.filledGroups === 0;
  }

  /** Observations and what they come to, by group. */
  sumsOf(valueOf: (bin: number) => number): BucketSums {
    const values = this.#bins.map((bin) => valueOf(bin));
    const sums: number[] = [];
    for (let group = 0; group < UNIT_BUCKETS; group += 1) {
      const end = this.#starts[group + 1] as number;
      let sum = 0;
      for (let at = this.#starts[group] as number; at < end; at += 1) {
        sum += (this.#counts[at] as number) * (values[this.#binIndexes[at] as number] as number);
      }
      sums.push(sum);
    }
    return { counts: this.counts, sums };
  }

  /**
   * The same, kept by `scale`, which stands for `valueOf`: three tests
   * of a criterion ask for the same sums, at every look at a stage that is over.
   */
  sums(scale: object, valueOf: (bin: number) => number): BucketSums {
    const known = this.#sums.get(scale);
    if (known !== undefined) return known;
    const made = this.sumsOf(valueOf);
    this.#sums.set(scale, made);
    return made;
  }

  forEach(see: (group: number, bin: number, count: number) => void): void {
    for (let group = 0; group < UNIT_BUCKETS; group += 1) {
      const end = this.#starts[group + 1] as number;
      for (let at = this.#starts[group] as number; at < end; at += 1) {
        const bin = this.#bins[this.#binIndexes[at] as number] as number;
        see(group, bin, this.#counts[at] as number);
      }
    }
  }
}

export const NO_UNITS: UnitBins = new UnitBins([], []);

/** Reads "bucket:bin" -> count; what is no such key holds no observation. */
export function decodeUnits(units: Readonly<Record<string, number>> | undefined): UnitBins {
  if (units === undefined) return NO_UNITS;
  const entries: UnitEntry[] = [];
  for (const key in units) {
    const count = units[key];
    const separator = key.indexOf(":");
    if (separator < 0 || !isCount(count)) continue;
    const group = integerAt(key, 0, separator);
    const bin = integerAt(key, separator + 1, key.length);
    if (Number.isNaN(group) || Number.isNaN(bin)) continue;
    entries.push({ group: Math.min(UNIT_BUCKETS - 1, Math.max(0, group)), bin, count });
  }
  return fromEntries(entries);
}

/** The sum of many. */
export function sumUnits(all: readonly UnitBins[]): UnitBins {
  const filled = all.filter(({ isEmpty }) => !isEmpty);
  if (filled.length <= 1) return filled[0] ?? NO_UNITS;
  const entries: UnitEntry[] = [];
  for (const units of filled) {
    units.forEach((group, bin, count) => entries.push({ group, bin, count }));
  }
  return fromEntries(entries);
}

type UnitEntry = { readonly group: number; readonly bin: number; readonly count: number };

function fromEntries(entries: readonly UnitEntry[]): UnitBins {
  if (entries.length === 0) return NO_UNITS;
  const bins = [...new Set(entries.map(({ bin }) => bin))].toSorted((left, right) => left - right);
  const positions = new Map(bins.map((bin, position) => [bin, position]));
  const dense = Array.from({ length: UNIT_BUCKETS * bins.length }, () => 0);
  for (const { group, bin, count } of entries) {
    const at = group * bins.length + (positions.get(bin) as number);
    dense[at] = (dense[at] as number) + count;
  }
  return new UnitBins(bins, dense);
}
