import type { ArmPopulations, Population } from "./population.ts";

/** Probability that one input's two answers fall into two bins. */
export type PairShare = {
  readonly baselineBin: number;
  readonly candidateBin: number;
  readonly share: number;
};

/**
 * How much two answers to one input have in common: with this chance they have the same rank among the
 * answers of their release, else they are independent. The gate's own guess is a correlation of one half.
 */
export const COMMON_SHARE = 0.5;

/** The two answers of one rank, for all ranks: the joint distribution that is as alike as can be. */
export function sameRank({ baseline, candidate }: ArmPopulations): readonly PairShare[] {
  const pairs: PairShare[] = [];
  let [b, c] = [0, 0];
  let baselineLeft = baseline[0]?.share ?? 0;
  let candidateLeft = candidate[0]?.share ?? 0;
  while (b < baseline.length && c < candidate.length) {
    const share = Math.min(baselineLeft, candidateLeft);
    if (share > 0)
      pairs.push({ baselineBin: binAt(baseline, b), candidateBin: binAt(candidate, c), share });
    baselineLeft -= share;
    candidateLeft -= share;
    if (baselineLeft <= candidateLeft) {
      b += 1;
      baselineLeft = baseline[b]?.share ?? 0;
    } else {
      c += 1;
      candidateLeft = candidate[c]?.share ?? 0;
    }
  }
  return pairs;
}

/** The whole joint distribution of pairs: {@link COMMON_SHARE} of the same rank, the rest independent. */
export function pairShares(arms: ArmPopulations): readonly PairShare[] {
  const pairs: PairShare[] = sameRank(arms).map((pair) => ({
    ...pair,
    share: pair.share * COMMON_SHARE,
  }));
  for (const { bin: baselineBin, share: ofBaseline } of arms.baseline) {
    for (const { bin: candidateBin, share: ofCandidate } of arms.candidate) {
      const share = (1 - COMMON_SHARE) * ofBaseline * ofCandidate;
      if (share > 0) pairs.push({ baselineBin, candidateBin, share });
    }
  }
  return pairs;
}

function binAt(population: Population, index: number): number {
  return (population[index] as Population[number]).bin;
}
