import { SMALLEST_EFFECT } from "./contrast.ts";
import { normalMixtureLogE, normalMixtureRho } from "./normal-mixture.ts";

export type ContrastEstimate = {
  /** x̄_c - R x̄_b - δ, over strata. */
  readonly estimate: number;
  /** Of the estimate, > 0. */
  readonly variance: number;
};

export type NormalContrastDesign = {
  /** +1 tests H0: contrast <= 0 (the offset is in the estimate), -1 tests H0: contrast >= 0. */
  readonly direction: 1 | -1;
  /** Distance from the null that should be found fastest, > 0, in the outcome's unit. */
  readonly effect: number;
};

/** Level that the mixture is tuned for; another one costs power only. */
const TUNED_ALPHA = 0.05;
/** A difference of 2.8 standard errors is found with power 0.8: the information to tune for. */
const TUNED_STANDARD_ERRORS = 2.8;

/**
 * NM1: one-sided log e-value about a linear contrast, asymptotic. v = 1/V, s = direction · L/V.
 *
 * For what no exact test serves: clustered, unbounded or ratio-shaped outcomes. Valid only after a burn-in, which
 * the caller keeps: 50 observations per arm and 10 events before harm, 200 and 30 before safety, 2,000 on
 * skewed outcomes (cluster-test.ts); a lucky candidate has a low mean and a low estimated variance.
 *
 * Howard, Ramdas, McAuliffe and Sekhon (2021), equation 18, in the information time of Waudby-Smith
 * et al. (2024).
 */
export function normalContrastLogE(
  { estimate, variance }: ContrastEstimate,
  { direction, effect }: NormalContrastDesign,
): number {
  const sum = { s: (direction * estimate) / variance, v: 1 / variance };
  return normalMixtureLogE(sum, normalContrastRho(effect), "one_sided");
}

/** ρ of the mixture that is best at an effect: v_opt = (2.8/effect)². */
export function normalContrastRho(effect: number): number {
  const vOpt = (TUNED_STANDARD_ERRORS / Math.max(effect, SMALLEST_EFFECT)) ** 2;
  return normalMixtureRho({ vOpt, alphaOpt: TUNED_ALPHA }, "one_sided");
}
