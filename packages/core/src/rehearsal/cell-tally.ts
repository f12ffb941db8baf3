import {
  CountedCell,
  CountedPairs,
  CountedUnitPairs,
  CountedUnitsCell,
} from "../gate/counted-cell.ts";
import type { StratumEvidence } from "../gate/evidence.ts";
import type { UnitPairCount } from "../gate/pair-units.ts";
import { PairUnits } from "../gate/pair-units.ts";
import { UNIT_BUCKETS } from "../gate/unit-bucket.ts";
import type { Random } from "./random.ts";
import { drawBinomial } from "./random.ts";

/** What a metric's observations are counted by: its bins, ascending, and groups where units return. */
export type TallyShape = { readonly bins: readonly number[]; readonly areUnits: boolean };

/**
 * Counts that grow by draws. A place is a bin's position, in a group of units after those of the groups
 * before it; of pairs it is that of the baseline's bin times the number of bins, and the candidate's, after the
 * places of the groups before it where units return. Places
 * that hold something are known in the order in which they were filled, so that draws from them repeat.
 */
export class Tally {
  readonly #size: number;
  /**
   * Empty until something is counted: most of the tallies of hundreds of blocks never are. Sparse where there
   * are far more places than are ever filled (size 0).
   */
  counts: number[] = [];
  filled: number[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  add(place: number, count: number): void {
    // A typed array of this size would live outside of the heap, and cost a collection each time.
    if (this.counts.length === 0) this.counts = zeros(this.#size);
    const before = this.counts[place] ?? 0;
    if (before === 0) this.filled.push(place);
    this.counts[place] = before + count;
  }

  addAll({ filled, counts }: Tally): void {
    for (const place of filled) this.add(place, counts[place] as number);
  }

  clear(): void {
    for (const place of this.filled) this.counts[place] = 0;
    this.filled = [];
  }
}

function zeros(size: number): number[] {
  const counts: number[] = [];
  for (let place = 0; place < size; place += 1) counts.push(0);
  return counts;
}

/** One metric's evidence on one slice in one stage. */
export type StratumTally = {
  readonly shape: TallyShape;
  readonly baseline: Tally;
  readonly candidate: Tally;
  readonly pairs: Tally;
};

export function emptyTally(shape: TallyShape): StratumTally {
  const size = shape.bins.length;
  const armSize = shape.areUnits ? size * UNIT_BUCKETS : size;
  return {
    shape,
    baseline: new Tally(armSize),
    candidate: new Tally(armSize),
    pairs: new Tally(shape.areUnits ? 0 : size * size),
  };
}

const SIDES = ["baseline", "candidate", "pairs"] as const;

export function addStratum(into: StratumTally, fresh: StratumTally): void {
  for (const side of SIDES) into[side].addAll(fresh[side]);
}

export function clearStratum(tally: StratumTally): void {
  for (const side of SIDES) tally[side].clear();
}

export function isEmpty(tally: StratumTally): boolean {
  return SIDES.every((side) => tally[side].filled.length === 0);
}

/**
 * Lets each pending label become known with a chance. Waiting times are exponential, so every pending
 * label has the same chance to come in the next step, however old it is, and a count is enough to
 * remember them by.
 */
export function matureStratum(
  random: Random,
  chance: number,
  of: { readonly pending: StratumTally; readonly known: StratumTally },
): void {
  for (const side of SIDES) {
    const from = of.pending[side];
    from.filled = from.filled.filter((place) => {
      const count = from.counts[place] as number;
      const came = drawBinomial(random, count, chance);
      if (came === 0) return true;
      of.known[side].add(place, came);
      from.counts[place] = count - came;
      return came < count;
    });
  }
}

/** The evidence of one stage, in the form that the gate reads; a tally may go on growing afterwards. */
export function stratumEvidence(
  { shape, baseline, candidate, pairs }: StratumTally,
  { stageIndex, propensityBps }: Pick<StratumEvidence, "stageIndex" | "propensityBps">,
): StratumEvidence {
  const cellOf = ({ counts }: Tally): CountedCell =>
    shape.areUnits ? new CountedUnitsCell(shape.bins, counts) : new CountedCell(shape.bins, counts);
  return {
    stageIndex,
    propensityBps,
    baseline: cellOf(baseline),
    candidate: cellOf(candidate),
    pairs: shape.areUnits
      ? new CountedUnitPairs(new PairUnits(pairBins(shape, pairs)))
      : new CountedPairs(pairBins(shape, pairs)),
  };
}

/** Ascending by group, by baseline bin and then by candidate bin. */
function pairBins({ bins }: TallyShape, { filled, counts }: Tally): readonly UnitPairCount[] {
  const size = bins.length;
  return filled
    .toSorted((left, right) => left - right)
    .map((place) => ({
      group: Math.floor(place / (size * size)),
      baselineBin: bins[Math.floor(place / size) % size] as number,
      candidateBin: bins[place % size] as number,
      count: counts[place] as number,
    }));
}
