import type { BucketSums } from "../statistics/bucket-sums.ts";
import { integerAt, isCount } from "./bin-keys.ts";
import type { PairBinCount } from "./cells.ts";
import { jointKey } from "./cells.ts";
import { lazy } from "./lazy.ts";
import { UNIT_BUCKETS } from "./unit-bucket.ts";
import { UnitBins } from "./unit-bins.ts";

/** Pairs of one group of units that fell into two bins. */
export type UnitPairCount = PairBinCount & { readonly group: number };

/** Pairs by group of units and by both bins, as arithmetic needs them: each group and two bins once. */
export class PairUnits {
  readonly entries: readonly UnitPairCount[];
  /** Pairs by group. */
  readonly counts: readonly number[];
  readonly total: number;
  readonly filledGroups: number;
  readonly #joint: () => Joint;
  readonly #candidate: () => UnitBins;
  readonly #baseline: () => UnitBins;

  constructor(entries: readonly UnitPairCount[]) {
    const counts = Array.from({ length: UNIT_BUCKETS }, () => 0);
    for (const { group, count } of entries) counts[group] = (counts[group] as number) + count;
    this.entries = entries;
    this.counts = counts;
    this.total = counts.reduce((sum, count) => sum + count, 0);
    this.filledGroups = counts.filter((count) => count > 0).length;
    this.#joint = lazy(() => jointOf(entries));
    this.#candidate = lazy(() => sideOf(entries, "candidateBin"));
    this.#baseline = lazy(() => sideOf(entries, "baselineBin"));
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** What the candidate answered, by group. */
  get candidate(): UnitBins {
    return this.#candidate();
  }

  get baseline(): UnitBins {
    return this.#baseline();
  }

  /** Pairs of all groups by both bins. */
  get joint(): readonly PairBinCount[] {
    return this.#joint().pairs;
  }

  /** Pairs and what they come to, by group. */
  sumsOf(valueOf: (pair: PairBinCount) => number): BucketSums {
    const { pairs, indexes } = this.#joint();
    const values = pairs.map((pair) => valueOf(pair));
    const sums = Array.from({ length: UNIT_BUCKETS }, () => 0);
    for (const [at, { group, count }] of this.entries.entries()) {
      sums[group] = (sums[group] as number) + count * (values[indexes[at] as number] as number);
    }
    return { counts: this.counts, sums };
  }
}

/** Each two bins once, and which of them every entry is about. */
type Joint = { readonly pairs: readonly PairBinCount[]; readonly indexes: readonly number[] };

function jointOf(entries: readonly UnitPairCount[]): Joint {
  const known = new Map<number, number>();
  const pairs: PairBinCount[] = [];
  const indexes: number[] = [];
  for (const { baselineBin, candidateBin, count } of entries) {
    const key = jointKey({ baselineBin, candidateBin });
    const index = known.get(key) ?? pairs.length;
    known.set(key, index);
    indexes.push(index);
    const before = pairs[index]?.count ?? 0;
    pairs[index] = { baselineBin, candidateBin, count: before + count };
  }
  return { pairs, indexes };
}

export const NO_PAIR_UNITS: PairUnits = new PairUnits([]);

/** Reads "bucket:baselineBin:candidateBin" -> count; what is no such key holds no pair. */
export function decodePairUnits(units: Readonly<Record<string, number>> | undefined): PairUnits {
  if (units === undefined) return NO_PAIR_UNITS;
  const entries: UnitPairCount[] = [];
  for (const key in units) {
    const count = units[key];
    const first = key.indexOf(":");
    const second = key.indexOf(":", first + 1);
    if (first < 0 || second < 0 || !isCount(count)) continue;
    const group = integerAt(key, 0, first);
    const baselineBin = integerAt(key, first + 1, second);
    const candidateBin = integerAt(key, second + 1, key.length);
    if ([group, baselineBin, candidateBin].some(Number.isNaN)) continue;
    const bounded = Math.min(UNIT_BUCKETS - 1, Math.max(0, group));
    entries.push({ group: bounded, baselineBin, candidateBin, count });
  }
  return summed(entries);
}

/** The sum of many. */
export function sumPairUnits(all: readonly PairUnits[]): PairUnits {
  const filled = all.filter(({ isEmpty }) => !isEmpty);
  if (filled.length <= 1) return filled[0] ?? NO_PAIR_UNITS;
  return summed(filled.flatMap(({ entries }) => entries));
}

/** No {@link jointKey} is half as far from 0. */
const BEYOND_JOINT_KEYS = 1_000_000_000;

/** In one order, whichever they came in: sums of fractions depend on it. */
function summed(entries: readonly UnitPairCount[]): PairUnits {
  if (entries.length === 0) return NO_PAIR_UNITS;
  const sum = new Map<number, UnitPairCount>();
  for (const entry of entries) {
    const key = entry.group * BEYOND_JOINT_KEYS + jointKey(entry);
    const known = sum.get(key);
    sum.set(key, known === undefined ? entry : { ...known, count: known.count + entry.count });
  }
  return new PairUnits([...sum.values()].toSorted(compareEntries));
}

function compareEntries(left: UnitPairCount, right: UnitPairCount): number {
  return (
    left.group - right.group ||
    left.baselineBin - right.baselineBin ||
    left.candidateBin - right.candidateBin
  );
}

function sideOf(entries: readonly UnitPairCount[], side: "baselineBin" | "candidateBin"): UnitBins {
  const bins = [...new Set(entries.map((entry) => entry[side]))].toSorted((a, b) => a - b);
  const positions = new Map(bins.map((bin, position) => [bin, position]));
  const dense = Array.from({ length: UNIT_BUCKETS * bins.length }, () => 0);
  for (const entry of entries) {
    const at = entry.group * bins.length + (positions.get(entry[side]) as number);
    dense[at] = (dense[at] as number) + entry.count;
  }
  return new UnitBins(bins, dense);
}
