// Serves reports and checks, not gates: the bets adapt to what came before, so the result depends
// on the order of the outcomes and shards of the data do not merge.
import type { Bounds } from "../confidence-interval.ts";
import { predictableBets } from "./predictable-bets.ts";

/** Which way the capital is bet: that the mean is above, below, or (half of it each) either. */
export type BettingSide = "above" | "below" | "either";

/** A bet may lose this share of the capital at most. */
const LARGEST_LOSS = 0.5;

/**
 * The capital of a bettor against "the mean is m", after each outcome. Above: Π(1 + λ_t(x_t - m))
 * with λ_t cut to ½/m, an e-process for H0: mean <= m; below: Π(1 - λ_t(x_t - m)), λ_t cut to ½/(1
 * - m); either: the larger of half of each (hedged).
 *
 * Waudby-Smith and Ramdas (2024), section 4.
 */
export function bettingCapital(
  outcomes: readonly number[],
  bet: { readonly mean: number; readonly alpha: number; readonly side: BettingSide },
): number[] {
  return capital(outcomes, predictableBets(outcomes, bet.alpha), bet);
}

function capital(
  outcomes: readonly number[],
  bets: readonly number[],
  { mean, side }: { readonly mean: number; readonly side: BettingSide },
): number[] {
  let above = 1;
  let below = 1;
  return outcomes.map((outcome, index) => {
    const bet = bets[index] as number;
    above *= 1 + Math.min(bet, LARGEST_LOSS / mean) * (outcome - mean);
    below *= 1 - Math.min(bet, LARGEST_LOSS / (1 - mean)) * (outcome - mean);
    if (side === "above") return above;
    if (side === "below") return below;
    return Math.max(above, below) / 2;
  });
}

/**
 * Anytime-valid interval of a mean in [0, 1] by hedged betting: all m on a grid of `breaks` steps
 * whose capital never passed 1/α, widened by one step on both sides. The tightest interval here, at
 * the cost of one capital per m. Waudby-Smith and Ramdas (2024), theorem 3.
 */
export function hedgedInterval(
  outcomes: readonly number[],
  { alpha, breaks }: { readonly alpha: number; readonly breaks: number },
): Bounds {
  // Each of the two bettors has half of the capital, so each aims at alpha / 2.
  const bets = predictableBets(outcomes, alpha / 2);
  // Per time and not per m, so that the running intersection of the intervals is what is returned.
  const lows = outcomes.map(() => Number.POSITIVE_INFINITY);
  const highs = outcomes.map(() => Number.NEGATIVE_INFINITY);
  for (let step = 1; step < breaks; step += 1) {
    const mean = step / breaks;
    for (const [time, wealth] of capital(outcomes, bets, { mean, side: "either" }).entries()) {
      if (wealth > 1 / alpha) continue;
      lows[time] = Math.min(lows[time] as number, mean);
      highs[time] = Math.max(highs[time] as number, mean);
    }
  }
  // The ends 0 and 1 are one step beyond the grid's first and last mean: widening reaches them.
  return {
    low: Math.max(0, ...lows.filter(Number.isFinite).map((low) => low - 1 / breaks)),
    high: Math.min(1, ...highs.filter(Number.isFinite).map((high) => high + 1 / breaks)),
  };
}
