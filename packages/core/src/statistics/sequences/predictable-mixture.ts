// Serves reports and checks, not gates: weights of the outcomes depend on the outcomes before them,
// so the result depends on the order and shards of the data do not merge.
import type { Bounds } from "../confidence-interval.ts";
import { predictableBets } from "./predictable-bets.ts";

/** The empirical Bernstein bets are cut here, where -ln(1 - λ) - λ is still about λ²/2. */
const LARGEST_BERNSTEIN_BET = 0.5;
const LARGEST_HOEFFDING_BET = 1;

/**
 * Predictable-mixture empirical Bernstein intervals of a mean in [0, 1], after each outcome: a
 * weighted mean ± (ln(2/α) + Σ(x_i - mean_(i-1))²(-ln(1 - λ_i) - λ_i)) / Σλ_i. Waudby-Smith and
 * Ramdas (2024), theorem 2; half of alpha per side.
 */
export function predictableBernsteinIntervals(
  outcomes: readonly number[],
  alpha: number,
): Bounds[] {
  return bothSides(outcomes, (values) => bernsteinLows(values, alpha / 2));
}

/**
 * Predictable-mixture Hoeffding intervals: the same with λ_t = min(1, √(8 ln(1/α)/(t ln(1 + t))))
 * and λ²/8 for the variance, so the interval ignores how much the outcomes vary. Theorem 1 of the
 * same paper.
 */
export function predictableHoeffdingIntervals(
  outcomes: readonly number[],
  alpha: number,
): Bounds[] {
  return bothSides(outcomes, (values) => hoeffdingLows(values, alpha / 2));
}

function bothSides(
  outcomes: readonly number[],
  lowsOf: (values: readonly number[]) => number[],
): Bounds[] {
  const lows = lowsOf(outcomes);
  const mirrored = lowsOf(outcomes.map((outcome) => 1 - outcome));
  return lows.map((low, index) => ({
    low: Math.max(0, low),
    high: Math.min(1, 1 - (mirrored[index] as number)),
  }));
}

function bernsteinLows(outcomes: readonly number[], alpha: number): number[] {
  const bets = predictableBets(outcomes, alpha).map((bet) => Math.min(bet, LARGEST_BERNSTEIN_BET));
  let sum = 0;
  const costs = outcomes.map((outcome, index) => {
    const bet = bets[index] as number;
    const mean = index === 0 ? 0 : sum / index;
    sum += outcome;
    return (outcome - mean) ** 2 * (-Math.log1p(-bet) - bet);
  });
  return lowerEnds({ outcomes, bets, costs }, alpha);
}

function hoeffdingLows(outcomes: readonly number[], alpha: number): number[] {
  const bets = outcomes.map((_, index) => {
    const t = index + 1;
    const bet = Math.sqrt((8 * Math.log(1 / alpha)) / (t * Math.log1p(t)));
    return Math.min(LARGEST_HOEFFDING_BET, bet);
  });
  return lowerEnds({ outcomes, bets, costs: bets.map((bet) => (bet * bet) / 8) }, alpha);
}

function lowerEnds(
  weighted: {
    readonly outcomes: readonly number[];
    readonly bets: readonly number[];
    readonly costs: readonly number[];
  },
  alpha: number,
): number[] {
  let sum = 0;
  let weight = 0;
  let cost = Math.log(1 / alpha);
  return weighted.outcomes.map((outcome, index) => {
    const bet = weighted.bets[index] as number;
    sum += bet * outcome;
    weight += bet;
    cost += weighted.costs[index] as number;
    return (sum - cost) / weight;
  });
}
