/**
 * Riemann's zeta function for s > 1, relative error about 1e-15: the first terms summed and the
 * rest by Euler and Maclaurin's formula (Abramowitz and Stegun 23.2.3).
 */
export function riemannZeta(s: number): number {
  const from = 20;
  let sum = 0;
  for (let n = 1; n < from; n += 1) sum += n ** -s;
  sum += from ** (1 - s) / (s - 1) + 0.5 * from ** -s;
  // B_2k / (2k)! for k = 1..6.
  const coefficients = [
    1 / 12,
    -1 / 720,
    1 / 30240,
    -1 / 1209600,
    1 / 47900160,
    -691 / 1307674368000,
  ];
  let rising = s;
  for (const [index, coefficient] of coefficients.entries()) {
    const k = index + 1;
    sum += coefficient * rising * from ** (1 - s - 2 * k);
    rising *= (s + 2 * k - 1) * (s + 2 * k);
  }
  return sum;
}
