// Serves reports and checks, not gates. The Hoeffding interval needs only n and the sum; the
// empirical Bernstein one measures each outcome against the mean of those before it and so depends
// on the order.
import type { Bounds } from "../confidence-interval.ts";
import { gammaExponentialBound, gammaMixture } from "../gamma-mixture.ts";
import { normalMixtureBound, normalMixtureRho } from "../normal-mixture.ts";

/**
 * Interval of a mean in [0, 1] from n outcomes and their sum, by the two-sided normal mixture with
 * the largest possible variance ¼ per outcome; tightest at `nOpt`. Howard et al. (2021), equation
 * 14 with Hoeffding's lemma.
 */
export function hoeffdingInterval(
  seen: { readonly n: number; readonly sum: number },
  { alpha, nOpt }: { readonly alpha: number; readonly nOpt: number },
): Bounds {
  const rho = normalMixtureRho({ vOpt: nOpt / 4, alphaOpt: alpha }, "two_sided");
  const radius = normalMixtureBound(seen.n / 4, { alpha, rho, sides: "two_sided" }) / seen.n;
  const mean = seen.sum / seen.n;
  return { low: Math.max(0, mean - radius), high: Math.min(1, mean + radius) };
}

/**
 * Lower ends of the empirical Bernstein sequence of a mean of outcomes >= 0 with range 1, after
 * each outcome: mean - u(V)/t, V = Σ(x_i - mean_(i-1))² from mean_0 = ½, u the gamma-exponential
 * boundary with c = 1. Howard et al. (2021), theorem 4. `alpha` is spent on this one side alone
 * (some published code halves it inside, which gives a quarter per side in its two-sided form).
 */
export function bernsteinLowerEnds(
  outcomes: readonly number[],
  { alpha, vOpt }: { readonly alpha: number; readonly vOpt: number },
): number[] {
  const mixture = gammaMixture({ vOpt, alphaOpt: alpha }, 1);
  let sum = 0;
  let squares = 0;
  return outcomes.map((outcome, index) => {
    squares += (outcome - (index === 0 ? 0.5 : sum / index)) ** 2;
    sum += outcome;
    const t = index + 1;
    return Math.max(0, sum / t - gammaExponentialBound(squares, alpha, mixture) / t);
  });
}
