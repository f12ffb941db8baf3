/**
 * The mixture used by every grid test: bets at 2^J times the design bet, J = -2..6, weighted towards
 * the design. A mixture over constant bets keeps a test order-free, so counts are enough to compute
 * it and shards merge by addition, and it stays powerful when the harm is other than designed for
 * (from a quarter to 64 times). A single bet would lose everything against a much larger harm.
 */
export const GRID_EXPONENTS: readonly number[] = [-2, -1, 0, 1, 2, 3, 4, 5, 6];

/** Prior weights of the grid, summing to 1. Changing them changes the method's version. */
export const GRID_WEIGHTS: readonly number[] = [
  0.08, 0.17, 0.25, 0.2, 0.11, 0.07, 0.05, 0.04, 0.03,
];

/** Natural logarithms of the grid's prior weights, for planning. */
export const LOG_GRID_WEIGHTS: readonly number[] = GRID_WEIGHTS.map((weight) => Math.log(weight));

/** Share of the capital that a bet may lose on one observation: 1 would allow ruin, hence 0.9. */
const LARGEST_LOSS = 0.9;

/** Below this, all nine together are less than half the last place of the largest one, which is 1. */
const LEAST_ADDED = -40;

/** ln of the grid mixture, from the log-wealth of each of the nine grid points. */
export function mixGrid(logWealths: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < LOG_GRID_WEIGHTS.length; index += 1) {
    largest = Math.max(largest, (LOG_GRID_WEIGHTS[index] as number) + (logWealths[index] ?? 0));
  }
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let index = 0; index < LOG_GRID_WEIGHTS.length; index += 1) {
    const below = (LOG_GRID_WEIGHTS[index] as number) + (logWealths[index] ?? 0) - largest;
    if (below > LEAST_ADDED) sum += Math.exp(below);
  }
  return largest + Math.log(sum);
}

/**
 * The nine bets λ_j = min(0.9 / -zMin, λ_design · 2^J).
 *
 * A design bet beyond the cap counts as the cap, so that two smaller bets remain: otherwise all nine
 * would sit on the cap, which is ruinous for a metric that is noisier than its guess.
 *
 * @param designBet λ that is best for the designed effect, > 0.
 * @param zMin Smallest value that a bet's outcome z can take. The cap keeps 1 + λz ≥ 0.1.
 */
export function betGrid(designBet: number, zMin: number): number[] {
  const cap = zMin < 0 ? LARGEST_LOSS / -zMin : Number.POSITIVE_INFINITY;
  const design = Math.min(cap, designBet);
  return GRID_EXPONENTS.map((exponent) => Math.min(cap, design * 2 ** exponent));
}
