import { logGamma, stirling, STIRLING_FROM } from "./log-gamma.ts";

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);
const SMALLEST = 1e-300;
// Near x = a both expansions need about six times √a terms; this bound serves a up to about 1e9.
const LARGEST_DEPTH = 200_000;

/**
 * ln[ γ(a, x) · e^x · x^(-a) ], γ the lower incomplete gamma function; a > 0, any x.
 *
 * The factor e^x x^(-a) removes what would overflow: this is the form in which the gamma mixtures
 * need it, so that no digits cancel. The two series of Abramowitz and Stegun 6.5.29 for x < 0
 * (where γ(a, x) x^(-a) is still positive) and for 0 <= x < a + 1, otherwise the complement of
 * 6.5.31. Relative error of the result's exponential about 1e-13.
 */
export function logScaledLowerGamma(a: number, x: number): number {
  if (x < 0) return Math.log(meanReciprocal(a, -x));
  if (x < a + 1) return Math.log(lowerSeries(a, x));
  const whole = logScaledGamma(a, x);
  return whole + Math.log1p(-Math.exp(Math.log(upperFraction(a, x)) - whole));
}

/** ln[ Γ(a, x) · e^x · x^(-a) ], Γ(a, x) the upper incomplete gamma function; a > 0, x > 0. */
export function logScaledUpperGamma(a: number, x: number): number {
  if (x >= a + 1) return Math.log(upperFraction(a, x));
  const whole = logScaledGamma(a, x);
  return whole + Math.log1p(-Math.exp(Math.log(lowerSeries(a, x)) - whole));
}

/** Σ x^n / (a (a + 1) ... (a + n)): all terms are positive, so nothing cancels. */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < LARGEST_DEPTH && term > 1e-17 * sum; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/**
 * e^(-y) Σ y^n / (n! (a + n)): the mean of 1/(a + N) for a Poisson N of mean y > 0. Summed outwards
 * from the most likely n and divided by the sum of the weights, so that it neither overflows nor
 * cancels.
 */
function meanReciprocal(a: number, y: number): number {
  const middle = Math.floor(y);
  let weights = 1;
  let sum = 1 / (a + middle);
  let weight = 1;
  for (let n = middle; n > 0 && weight > 1e-18; n -= 1) {
    weight *= n / y;
    weights += weight;
    sum += weight / (a + n - 1);
  }
  weight = 1;
  for (let n = middle + 1; weight > 1e-18; n += 1) {
    weight *= y / n;
    weights += weight;
    sum += weight / (a + n);
  }
  return sum / weights;
}

/** The continued fraction of Γ(a, x) e^x x^(-a), by Lentz's method (Numerical Recipes 6.2.7). */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / SMALLEST;
  let d = 1 / nonzero(b);
  let fraction = d;
  for (let n = 1; n < LARGEST_DEPTH; n += 1) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / nonzero(numerator * d + b);
    c = nonzero(b + numerator / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return fraction;
}

/** ln Γ(a) + x - a ln x, without the cancellation of its large parts when a is large. */
function logScaledGamma(a: number, x: number): number {
  if (a < STIRLING_FROM) return logGamma(a) + x - a * Math.log(x);
  return a * excessOverLog((x - a) / a) - 0.5 * Math.log(a) + HALF_LOG_TWO_PI + stirling(a);
}

/** u - ln(1 + u), u > -1, also where u is small and the two nearly agree. */
function excessOverLog(u: number): number {
  if (Math.abs(u) > 0.3) return u - Math.log1p(u);
  let power = u * u;
  let sum = power / 2;
  for (let n = 3; n < 80; n += 1) {
    power *= -u;
    sum += power / n;
  }
  return sum;
}

function nonzero(value: number): number {
  return Math.abs(value) < SMALLEST ? SMALLEST : value;
}
