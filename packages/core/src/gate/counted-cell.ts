import type { PairBinCount } from "./cells.ts";
import { comparePairs } from "./cells.ts";
import { DecodedCell } from "./decoded-cell.ts";
import type { EvidenceCell, PairCell } from "./evidence.ts";
import type { PairUnits } from "./pair-units.ts";
import { NO_PAIR_UNITS } from "./pair-units.ts";
import { NO_UNITS, UnitBins } from "./unit-bins.ts";

/**
 * A cell that was counted in this process and never stored: it has what decoding would give, and its text
 * form only for those who ask. A rehearsal makes millions of cells that nobody but the gate reads.
 */
export class CountedCell implements EvidenceCell {
  readonly decoded: DecodedCell;
  readonly unitBins: UnitBins = NO_UNITS;
  #bins: Readonly<Record<string, number>> | null = null;

  /** @param bins Ascending. @param counts Of each bin, or of each bin in each group of units. */
  constructor(bins: readonly number[], counts: readonly number[]) {
    this.decoded = decodedOf(bins, counts);
  }

  get bins(): Readonly<Record<string, number>> {
    const { bins, counts } = this.decoded;
    this.#bins ??= Object.fromEntries(bins.map((bin, index) => [bin, counts[index] as number]));
    return this.#bins;
  }
}

/** The same where units may be counted more than once. */
export class CountedUnitsCell extends CountedCell {
  override readonly unitBins: UnitBins;

  constructor(bins: readonly number[], counts: readonly number[]) {
    super(bins, counts);
    this.unitBins = new UnitBins(bins, counts);
  }

  get units(): Readonly<Record<string, number>> {
    const units: Record<string, number> = {};
    this.unitBins.forEach((group, bin, count) => {
      units[`${group}:${bin}`] = count;
    });
    return units;
  }
}

const NOTHING = new DecodedCell([], []);

function decodedOf(bins: readonly number[], counts: readonly number[]): DecodedCell {
  if (counts.length === 0) return NOTHING;
  const size = bins.length;
  const filled: number[] = [];
  const totals: number[] = [];
  for (let position = 0; position < size; position += 1) {
    let total = 0;
    for (let at = position; at < counts.length; at += size) total += counts[at] as number;
    if (total === 0) continue;
    filled.push(bins[position] as number);
    totals.push(total);
  }
  return new DecodedCell(filled, totals);
}

/** The same of pairs. */
export class CountedPairs implements PairCell {
  readonly decoded: readonly PairBinCount[];
  readonly pairUnits: PairUnits = NO_PAIR_UNITS;

  constructor(decoded: readonly PairBinCount[]) {
    this.decoded = decoded;
  }

  get joint(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.decoded.map(({ baselineBin, candidateBin, count }) => [
        `${baselineBin}:${candidateBin}`,
        count,
      ]),
    );
  }
}

/** The same where the units that asked may be counted more than once. */
export class CountedUnitPairs extends CountedPairs {
  override readonly pairUnits: PairUnits;

  constructor(pairUnits: PairUnits) {
    super(pairUnits.joint.toSorted(comparePairs));
    this.pairUnits = pairUnits;
  }

  get units(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.pairUnits.entries.map(({ group, baselineBin, candidateBin, count }) => [
        `${group}:${baselineBin}:${candidateBin}`,
        count,
      ]),
    );
  }
}
