import { normalMixtureBound, normalMixtureRho } from "./normal-mixture.ts";

/** A mean of n values whose variance (of one value) is known or estimated. */
export type MeanOf = { readonly n: number; readonly variance: number };

export type RadiusTuning = {
  /** 1 - coverage, over all looks together. */
  readonly alpha: number;
  /** Number of values at which the interval should be tightest, > 0. */
  readonly nOpt: number;
};

/**
 * Half-width of the two-sided asymptotic confidence sequence of a mean, tuned for `nOpt` values.
 *
 * Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), "Time-uniform central limit theory and
 * asymptotic confidence sequences", theorem 2.2; their ρ² is 1/ρ here. It is the boundary of the
 * two-sided normal mixture at v = n, over n.
 */
export function twoSidedRadius({ n, variance }: MeanOf, { alpha, nOpt }: RadiusTuning): number {
  const rho = normalMixtureRho({ vOpt: nOpt, alphaOpt: alpha }, "two_sided");
  return (Math.sqrt(variance) * normalMixtureBound(n, { alpha, rho, sides: "two_sided" })) / n;
}

/**
 * Half-width of the one-sided sequence in closed form, a slight over-estimate of the one-sided
 * normal mixture's boundary: √(2(n/ρ + 1) ln(1 + √(n/ρ + 1)/(2α))) · √ρ / n. Same paper, equation
 * 134 of arXiv 2103.06476v7.
 */
export function oneSidedRadius({ n, variance }: MeanOf, { alpha, nOpt }: RadiusTuning): number {
  const rho = normalMixtureRho({ vOpt: nOpt, alphaOpt: alpha }, "one_sided");
  const grown = n / rho + 1;
  const spent = Math.log1p(Math.sqrt(grown) / (2 * alpha));
  return Math.sqrt((variance * 2 * grown * rho * spent) / (n * n));
}

/**
 * The ρ that makes the two-sided boundary exactly the tightest at `vOpt`. `normalMixtureRho` is its
 * usual approximation, within about 1e-3 of the width. With y = 1 + v/ρ the optimum solves y - ln y
 * = 1 - ln α² (the lower branch of Lambert's W); Howard et al. (2021), proposition 3.
 */
export function exactMixtureRho(vOpt: number, alpha: number): number {
  const target = 1 - 2 * Math.log(alpha);
  let y = target + Math.log(target);
  // Newton's method on a convex function, from the right of the root.
  for (let step = 0; step < 50; step += 1) {
    const change = (y - Math.log(y) - target) / (1 - 1 / y);
    y -= change;
    if (Math.abs(change) < 1e-15 * y) break;
  }
  return vOpt / (y - 1);
}

/**
 * Half-width in standard errors for coefficients of a linear model at n rows, with `g` rows' worth
 * of prior: √(((g + n)/n) ln((g + n)/(g α²))). Lindon, Ham, Tingley and Bojinov (2022),
 * "Anytime-valid linear models and regression adjusted causal inference".
 */
export function linearModelRadius(n: number, alpha: number, g: number): number {
  return Math.sqrt(((g + n) / n) * Math.log((g + n) / (g * alpha * alpha)));
}
