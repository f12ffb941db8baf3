// Below this the left tail is computed from its continued fraction; above it the error function's
// series is exact and cheap, and no digits cancel.
const TAIL_FROM = -2.5;
const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * ln Φ(x) for the standard normal distribution, for every finite x, without underflow: at x = -300
 * it is about -45006, where ln(Φ(x)) would be -Infinity. Relative error below 1e-13.
 */
export function logNormalCdf(x: number): number {
  if (x > -TAIL_FROM) return Math.log1p(-Math.exp(logLeftTail(-x)));
  if (x < TAIL_FROM) return logLeftTail(x);
  return Math.log(0.5 + normalDensity(x) * oddSeries(x));
}

function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x - HALF_LOG_TWO_PI);
}

/** Φ(x) - ½ = φ(x) Σ x^(2k+1) / (1·3·5···(2k+1)): Abramowitz and Stegun 26.2.11. */
function oddSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; k < 200 && Math.abs(term) > 1e-17 * Math.abs(sum); k += 1) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return sum;
}

/** ln Φ(x) for x < 0 by Laplace's continued fraction, Abramowitz and Stegun 26.2.14. */
function logLeftTail(x: number): number {
  const distance = -x;
  let fraction = distance;
  for (let k = 150; k >= 1; k -= 1) fraction = distance + k / fraction;
  return -0.5 * x * x - HALF_LOG_TWO_PI - Math.log(fraction);
}
