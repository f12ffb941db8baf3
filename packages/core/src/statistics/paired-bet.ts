import { betGrid } from "./bet-grid.ts";
import type { BetDesign, Contrast } from "./contrast.ts";
import { SMALLEST_EFFECT } from "./contrast.ts";
import { logWealths } from "./log-wealth.ts";

/** Outcomes in [0, 1] of the same inputs under both releases; three arrays of one length. */
export type PairCounts = {
  readonly baseline: readonly number[];
  readonly candidate: readonly number[];
  readonly counts: readonly number[];
};

/** `variance` is a guess of the variance of x_c - R x_b. */
export type PairedBetDesign = BetDesign & { readonly contrast: Contrast };

/**
 * Paired bet: log-wealth of each of the nine bets, to be mixed, about a contrast of two means when every input has both answers.
 *
 * z = direction · (x_c - R x_b - δ) has E[z | past] = direction · (μ_c - Rμ_b - δ) <= 0 under the
 * null, is bounded because both outcomes are, and needs no propensity. R = 1 gives a difference
 * margin (for binary outcomes: McNemar's discordant pairs), R = 1 - ρ "the candidate keeps at least
 * the share 1 - ρ of the baseline's mean". Why the ratio of means and not the mean of the pairs'
 * ratios: the latter is undefined when x_b = 0 and answers another question.
 */
export function pairedBetLogs(pairs: PairCounts, design: PairedBetDesign): number[] {
  const { ratio, offset, direction } = design.contrast;
  const gain = (candidate: number, baseline: number): number =>
    direction * (candidate - ratio * baseline - offset);
  const zMin = Math.min(gain(0, 0), gain(0, 1), gain(1, 0), gain(1, 1));
  const effect = Math.max(design.effect, SMALLEST_EFFECT);
  const bets = betGrid(effect / (design.variance + effect * effect), zMin);
  return logWealths(bets, {
    outcomes: pairs.candidate.map((value, index) => gain(value, pairs.baseline[index] as number)),
    counts: pairs.counts,
  });
}
