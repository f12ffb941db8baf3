import { logNormalCdf } from "./log-normal-cdf.ts";

/** Which sides a normal mixture spends its evidence on. */
export type Sides = "one_sided" | "two_sided";

/** Intrinsic time to tune for, and the level whose bound is then tightest there. */
export type MixtureTuning = { readonly vOpt: number; readonly alphaOpt: number };

/**
 * ρ of the normal mixture whose boundary is (nearly) tightest at intrinsic time `vOpt`:
 * v_opt / (2 ln(1/a) + ln(1 + 2 ln(1/a))), a = alpha two-sided and 2 alpha one-sided.
 *
 * Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic confidence
 * sequences", proposition 3; the same as `best_rho` of their confseq library.
 */
export function normalMixtureRho({ vOpt, alphaOpt }: MixtureTuning, sides: Sides): number {
  const level = sides === "two_sided" ? alphaOpt : 2 * alphaOpt;
  const spent = 2 * Math.log(1 / level);
  return vOpt / (spent + Math.log1p(spent));
}

export type NormalSum = {
  /** Sum of the standardised deviations from the null. */
  readonly s: number;
  /** Intrinsic time: the sum's variance under the null. */
  readonly v: number;
};

/**
 * NM1 (one-sided) and NM2 (two-sided) log e-value of a sum that is asymptotically normal.
 *
 * One-sided: ½ ln(4ρ/(v + ρ)) + s²/(2(v + ρ)) + ln Φ(s/√(v + ρ)); two-sided:
 * ½ ln(ρ/(v + ρ)) + s²/(2(v + ρ)). Howard et al. (2021), equations 14 and 18. In information time
 * for an estimate θ̂ with variance V̂ and null θ0: v = 1/V̂ and s = (θ̂ - θ0)/V̂.
 *
 * Asymptotic when fed with estimated variances: for charts and intervals, never alone for promotion.
 */
export function normalMixtureLogE({ s, v }: NormalSum, rho: number, sides: Sides): number {
  const total = v + rho;
  const quadratic = (s * s) / (2 * total);
  if (sides === "two_sided") return 0.5 * Math.log(rho / total) + quadratic;
  return 0.5 * Math.log((4 * rho) / total) + quadratic + logNormalCdf(s / Math.sqrt(total));
}

/**
 * The boundary u(v) that the sum stays below (two-sided: in absolute value) with probability
 * 1 - alpha at all times. Two-sided in closed form, one-sided by bisection of the log e-value.
 */
export function normalMixtureBound(
  v: number,
  { alpha, rho, sides }: { readonly alpha: number; readonly rho: number; readonly sides: Sides },
): number {
  const threshold = Math.log(1 / alpha);
  if (sides === "two_sided") {
    return Math.sqrt((v + rho) * (Math.log1p(v / rho) + 2 * threshold));
  }
  return bisectIncreasing((s) => normalMixtureLogE({ s, v }, rho, sides) - threshold, {
    low: 0,
    high: Math.sqrt((v + rho) * (Math.log1p(v / rho) + 2 * threshold)),
  });
}

/**
 * The root of an increasing function between `low` and `high`, to the last bit that halving can
 * reach. Returns the end nearest to the root when there is no change of sign.
 */
export function bisectIncreasing(
  f: (x: number) => number,
  bracket: { readonly low: number; readonly high: number },
): number {
  let { low, high } = bracket;
  for (let step = 0; step < 200; step += 1) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return low + (high - low) / 2;
}
