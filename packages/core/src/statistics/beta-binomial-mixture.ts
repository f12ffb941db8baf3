import { logBeta } from "./log-gamma.ts";
import type { MixtureTuning, NormalSum, Sides } from "./normal-mixture.ts";
import { bisectIncreasing, normalMixtureRho } from "./normal-mixture.ts";

/** Steps of a centred binary sum: -g with probability h/(g + h), +h with probability g/(g + h). */
export type BinaryStep = { readonly g: number; readonly h: number };

export type BetaBinomialMixture = BinaryStep & { readonly sides: Sides; readonly r: number };

/**
 * A beta mixture for sums of centred binary outcomes, tuned for intrinsic time `vOpt`.
 * Howard et al. (2021), proposition 7; `BetaBinomialMixture` of confseq.
 */
export function betaBinomialMixture(
  step: BinaryStep,
  tuning: MixtureTuning,
  sides: Sides,
): BetaBinomialMixture {
  const { g, h } = step;
  const rho = normalMixtureRho(tuning, sides);
  // The beta prior itself counts as g·h of intrinsic time; a trace of it must remain.
  return { g, h, sides, r: Math.max(rho - g * h, 1e-3 * g * h) };
}

/**
 * Log e-value of the sum s at intrinsic time v = g·h·n.
 *
 * With k steps up in n, k = (v + h·s)/(h(g + h)) and n - k = (v - g·s)/(g(g + h)), it is the log of
 * ∫ p^k (1-p)^(n-k) dBeta(p) over p0^k (1-p0)^(n-k), p0 = g/(g + h), with a Beta prior of mean p0
 * that is cut to p > p0 when one-sided.
 */
export function betaBinomialLogE({ s, v }: NormalSum, mixture: BetaBinomialMixture): number {
  const { g, h, r, sides } = mixture;
  const total = g + h;
  const up = (v + h * s) / (h * total);
  const down = (v - g * s) / (g * total);
  const a = r / (h * total);
  const b = r / (g * total);
  const chance = g / total;
  const integral =
    sides === "two_sided" ? logBeta : (x: number, y: number) => logUpperBeta(x, y, chance);
  return (
    integral(a + up, b + down) - integral(a, b) - up * Math.log(chance) - down * Math.log1p(-chance)
  );
}

/** The boundary of the sum at intrinsic time v: the largest s that is not yet rejected. */
export function betaBinomialBound(v: number, alpha: number, mixture: BetaBinomialMixture): number {
  const threshold = Math.log(1 / alpha);
  // All steps up: the sum cannot be larger than v / g.
  const largest = v / mixture.g;
  const excess = (s: number): number => betaBinomialLogE({ s, v }, mixture) - threshold;
  return excess(largest) <= 0 ? largest : bisectIncreasing(excess, { low: 0, high: largest });
}

/** ln ∫ from x to 1 of p^(a-1) (1-p)^(b-1) dp, without underflow in the tail. */
function logUpperBeta(a: number, b: number, x: number): number {
  // The complement of I_x(a, b) is I_{1-x}(b, a); the continued fraction is good on one side of the
  // mean only, and on the other side the result is close to the whole integral.
  if (1 - x < (b + 1) / (a + b + 2)) return logIncompleteBeta(b, a, 1 - x);
  const whole = logBeta(a, b);
  return whole + Math.log1p(-Math.exp(logIncompleteBeta(a, b, x) - whole));
}

const SMALLEST = 1e-300;
const LARGEST_DEPTH = 20_000;

/** ln ∫ from 0 to x by Lentz's continued fraction (Numerical Recipes, third edition, 6.4.5). */
function logIncompleteBeta(a: number, b: number, x: number): number {
  const front = a * Math.log(x) + b * Math.log1p(-x) - Math.log(a);
  let c = 1;
  let d = 1 / nonzero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < LARGEST_DEPTH; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonzero(1 + even * d);
    c = nonzero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonzero(1 + odd * d);
    c = nonzero(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return front + Math.log(fraction);
}

function nonzero(value: number): number {
  return Math.abs(value) < SMALLEST ? SMALLEST : value;
}
