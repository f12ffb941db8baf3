import type { PairCounts } from "../statistics/paired-bet.ts";
import type { ObservedStratum } from "./observed-row.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import { outcomeOfBin } from "./outcome-scale.ts";

type Scaled = { readonly scale: OutcomeScale; readonly counts: PairCounts };

/** By the identity of the pairs: the parts and readings of a test ask for the same in turn. */
const lastScaled = new WeakMap<ObservedStratum["pairs"], Scaled>();

/** A stratum's pairs as outcomes in [0, 1] on a scale; null without pairs. */
export function scaledPairs(
  { pairs }: Pick<ObservedStratum, "pairs">,
  scale: OutcomeScale,
): PairCounts | null {
  if (pairs.length === 0) return null;
  const last = lastScaled.get(pairs);
  if (last?.scale === scale) return last.counts;
  const counts = {
    baseline: pairs.map(({ baselineBin }) => outcomeOfBin(scale.baseline, baselineBin)),
    candidate: pairs.map(({ candidateBin }) => outcomeOfBin(scale.candidate, candidateBin)),
    counts: pairs.map(({ count }) => count),
  };
  lastScaled.set(pairs, { scale, counts });
  return counts;
}
