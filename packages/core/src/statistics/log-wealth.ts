/** Distinct outcomes of a bet and how often each was seen; two arrays of one length. */
export type OutcomeCounts = {
  readonly outcomes: readonly number[];
  readonly counts: readonly number[];
};

// A running product is turned into a logarithm before it leaves this range; one logarithm for many
// factors is what makes thousands of joint bins affordable.
const PRODUCT_CEILING = 1e120;
const PRODUCT_FLOOR = 1e-120;
// From this count on, count * ln(factor) is both cheaper and safer than a power.
const LARGEST_POWER = 8;

/**
 * ln Π (1 + λ z)^n for each bet λ: the log-wealth of constant bets, computed from counts alone. The
 * order of the outcomes in time does not enter, so merged counts give the merged result.
 *
 * Waudby-Smith and Ramdas (2024), "Estimating means of bounded random variables by betting", the
 * capital process with a constant bet. Requires 1 + λ z > 0 for every outcome.
 */
export function logWealths(bets: readonly number[], seen: OutcomeCounts): number[] {
  const result: number[] = [];
  let previousBet = Number.NaN;
  let previous = 0;
  for (const bet of bets) {
    if (bet !== previousBet) {
      previous = logWealth(bet, seen);
      previousBet = bet;
    }
    result.push(previous);
  }
  return result;
}

/** ln Π (1 + λ z)^n for one constant bet. See {@link logWealths}. */
function logWealth(bet: number, { outcomes, counts }: OutcomeCounts): number {
  let sum = 0;
  let product = 1;
  for (let index = 0; index < outcomes.length; index += 1) {
    const gain = bet * (outcomes[index] as number);
    const count = counts[index] as number;
    if (count > LARGEST_POWER) {
      sum += count * Math.log1p(gain);
      continue;
    }
    for (let repeat = 0; repeat < count; repeat += 1) product *= 1 + gain;
    if (product > PRODUCT_CEILING || product < PRODUCT_FLOOR) {
      sum += Math.log(product);
      product = 1;
    }
  }
  return sum + Math.log(product);
}
