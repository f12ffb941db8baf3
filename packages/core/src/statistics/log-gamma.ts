// Lanczos approximation, g = 607/128, n = 15 (Godfrey 2001, the coefficients of Boost and of
// Numerical Recipes, third edition, section 6.1): relative error about 1e-15 for x > 0.
const LANCZOS_G = 607 / 128;
const LANCZOS: readonly number[] = [
  0.9999999999999971, 57.15623566586292, -59.59796035547549, 14.136097974741746,
  -0.4919138160976202, 3.399464998481189e-5, 4.652362892704858e-5, -9.837447530487956e-5,
  0.0001580887032249125, -0.00021026444172410488, 0.00021743961811521265, -0.0001643181065367639,
  8.441822398385275e-5, -2.6190838401581408e-5, 3.6899182659531625e-6,
];
const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** Natural logarithm of the gamma function, for x > 0. */
export function logGamma(x: number): number {
  let series = LANCZOS[0] as number;
  for (let index = 1; index < LANCZOS.length; index += 1) {
    series += (LANCZOS[index] as number) / (x - 1 + index);
  }
  const shifted = x - 1 + LANCZOS_G + 0.5;
  return HALF_LOG_TWO_PI + Math.log(series) + (x - 0.5) * Math.log(shifted) - shifted;
}

// Above this argument Stirling's correction is summed on its own, so that the large parts of ln B
// cancel exactly and not in the last digits of three logarithms of factorials.
export const STIRLING_FROM = 10;

/** Natural logarithm of the beta function B(a, b), for a, b > 0. */
export function logBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (small >= STIRLING_FROM) {
    const correction = stirling(small) + stirling(large) - stirling(small + large);
    return (
      -0.5 * Math.log(large) +
      HALF_LOG_TWO_PI +
      correction +
      (small - 0.5) * Math.log(small / (small + large)) +
      large * -Math.log1p(small / large)
    );
  }
  if (large < STIRLING_FROM) return logGamma(small) + logGamma(large) - logGamma(small + large);
  // ln Γ(large) - ln Γ(large + small), whose large parts agree to many digits.
  const total = small + large;
  const ratio = -(large - 0.5) * Math.log1p(small / large) - small * Math.log(total) + small;
  return logGamma(small) + ratio + stirling(large) - stirling(total);
}

/**
 * ln Γ(x) - ((x - 1/2) ln x - x + ln(2π)/2) for x >= 10: Stirling's series (Abramowitz and Stegun 6.1.41),
 * absolute error below 1e-15.
 */
export function stirling(x: number): number {
  const inverse = 1 / x;
  const square = inverse * inverse;
  return (
    inverse *
    (1 / 12 -
      square *
        (1 / 360 -
          square *
            (1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * (691 / 360360))))))
  );
}
