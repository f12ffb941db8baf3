import type { PairShare } from "../population/pairing.ts";
import { COMMON_SHARE, pairShares, sameRank } from "../population/pairing.ts";
import type { ArmPopulations, Population } from "../population/population.ts";
import type { Tally } from "./cell-tally.ts";
import type { Random } from "./random.ts";
import { drawBinomial, drawMultinomial } from "./random.ts";

/** Both arms of a metric, prepared for drawing: shares of cells, and where each is counted. */
export type DrawPlan = {
  readonly baseline: ArmPlan;
  readonly candidate: ArmPlan;
  readonly sameRank: ArmPlan;
  /** Both answers together, each two bins once: {@link COMMON_SHARE} of the same rank, the rest independent. */
  readonly pairs: ArmPlan;
  /** Number of bins, for the places of pairs. */
  readonly size: number;
};

export type ArmPlan = { readonly shares: readonly number[]; readonly places: readonly number[] };

/** All bins of some populations, ascending. */
export function binsOf(populations: readonly ArmPopulations[]): readonly number[] {
  const bins = populations.flatMap(({ baseline, candidate }) =>
    [...baseline, ...candidate].map(({ bin }) => bin),
  );
  return [...new Set(bins)].toSorted((left, right) => left - right);
}

/** @param bins All that are counted, ascending; see {@link binsOf}. */
export function drawPlan(arms: ArmPopulations, bins: readonly number[]): DrawPlan {
  const placeOf = new Map(bins.map((bin, place) => [bin, place]));
  const place = (bin: number): number => placeOf.get(bin) as number;
  const armPlan = (population: Population): ArmPlan => ({
    shares: population.map(({ share }) => share),
    places: population.map(({ bin }) => place(bin)),
  });
  const ranks: readonly PairShare[] = sameRank(arms);
  return {
    baseline: armPlan(arms.baseline),
    candidate: armPlan(arms.candidate),
    sameRank: {
      shares: ranks.map(({ share }) => share),
      places: ranks.map(
        ({ baselineBin, candidateBin }) => place(baselineBin) * bins.length + place(candidateBin),
      ),
    },
    pairs: pairPlan(
      arms,
      ({ baselineBin, candidateBin }) => place(baselineBin) * bins.length + place(candidateBin),
    ),
    size: bins.length,
  };
}

function pairPlan(arms: ArmPopulations, placeOf: (pair: PairShare) => number): ArmPlan {
  const shares = new Map<number, number>();
  for (const pair of pairShares(arms)) {
    const place = placeOf(pair);
    shares.set(place, (shares.get(place) ?? 0) + pair.share);
  }
  return { shares: [...shares.values()], places: [...shares.keys()] };
}

/** Adds `count` answers of one arm to a tally. */
export function drawAnswers(
  random: Random,
  { shares, places, count }: ArmPlan & { readonly count: number },
  tally: Tally,
): void {
  drawMultinomial(random, { count, shares }, (cell, drawn) => {
    tally.add(places[cell] as number, drawn);
  });
}

/** Draws `count` pairs and tells of each two bins, by their places, how many fell into them. */
export function drawPairs(
  random: Random,
  of: { readonly plan: DrawPlan; readonly count: number },
  add: (baselinePlace: number, candidatePlace: number, count: number) => void,
): void {
  const { plan, count } = of;
  const { size, sameRank: ranks, baseline, candidate } = plan;
  const common = drawBinomial(random, count, COMMON_SHARE);
  drawMultinomial(random, { count: common, shares: ranks.shares }, (cell, drawn) => {
    const place = ranks.places[cell] as number;
    add(Math.floor(place / size), place % size, drawn);
  });
  drawMultinomial(random, { count: count - common, shares: baseline.shares }, (b, ofBaseline) => {
    drawMultinomial(random, { count: ofBaseline, shares: candidate.shares }, (c, drawn) => {
      add(baseline.places[b] as number, candidate.places[c] as number, drawn);
    });
  });
}
