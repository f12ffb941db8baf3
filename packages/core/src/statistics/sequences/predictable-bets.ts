// Serves reports and checks, not gates: the bets depend on the order of the outcomes, so that
// shards of the data do not merge and a replay in another order gives other numbers. Gates use
// constant bets.

/**
 * The predictable empirical Bernstein bets: λ_t = √(2 ln(1/α) / (t ln(1 + t) σ²_(t-1))), where the
 * running mean and variance start from one imagined outcome of mean ½ and variance ¼. λ_t uses
 * outcomes before t only, which is what keeps a product of bets an e-process.
 *
 * Waudby-Smith and Ramdas (2024), "Estimating means of bounded random variables by betting",
 * section 3.2.
 *
 * @param outcomes Values in [0, 1], in order of arrival.
 * @returns One bet per outcome, not yet cut to what the bettor may lose.
 */
export function predictableBets(outcomes: readonly number[], alpha: number): number[] {
  let sum = 0.5;
  let squares = 0.25;
  return outcomes.map((outcome, index) => {
    const t = index + 1;
    const variance = squares / t;
    const bet = Math.sqrt((2 * Math.log(1 / alpha)) / (t * Math.log1p(t) * variance));
    sum += outcome;
    squares += (outcome - sum / (t + 1)) ** 2;
    return bet;
  });
}
