// Serves reports and checks, not gates: the predictions that sharpen it are means of the outcomes
// so far, so the result depends on the order. Gates use the same contrast with a fixed centre
// (randomised-bet.ts).
import { gammaExponentialBound, gammaExponentialLogE, gammaMixture } from "../gamma-mixture.ts";

/** One randomised unit: did it get the candidate, and its outcome in [0, 1]. */
export type RandomisedOutcome = { readonly isCandidate: boolean; readonly outcome: number };

export type EffectEstimate = {
  readonly effect: number;
  readonly low: number;
  readonly high: number;
  /**
   * min(1, 1/E) against "no effect or a negative one", at level alpha/2 of the two-sided interval.
   */
  readonly pValue: number;
};

export type EffectDesign = {
  /** Probability of the candidate, strictly between 0 and 1. */
  readonly propensity: number;
  readonly alpha: number;
  /** Intrinsic time to tune for: units times the variance of one unit's contrast. */
  readonly vOpt: number;
};

/**
 * Anytime-valid interval of mean_c - mean_b after each unit, from augmented inverse-propensity
 * contrasts X_t = m_c - m_b + (A - w)/(w(1 - w)) (y - m_A), m the arm's mean so far (½ before the
 * first), with the empirical Bernstein boundary of tail scale c = 2/min(w, 1 - w).
 *
 * Howard, Ramdas, McAuliffe and Sekhon (2021), section 4.2 and corollary 2.
 */
export function treatmentEffects(
  units: readonly RandomisedOutcome[],
  { propensity: w, alpha, vOpt }: EffectDesign,
): EffectEstimate[] {
  const mixture = gammaMixture({ vOpt, alphaOpt: alpha / 2 }, 2 / Math.min(w, 1 - w));
  const candidate = { sum: 0, n: 0 };
  const baseline = { sum: 0, n: 0 };
  let s = 0;
  let v = 0;
  return units.map(({ isCandidate, outcome }, index) => {
    const isFirst = index === 0;
    const difference = meanSoFar(candidate, isFirst) - meanSoFar(baseline, isFirst);
    const arm = isCandidate ? candidate : baseline;
    const weight = isCandidate ? 1 / w : -1 / (1 - w);
    const surprise = weight * (outcome - meanSoFar(arm, isFirst));
    s += difference + surprise;
    v += surprise * surprise;
    arm.sum += outcome;
    arm.n += 1;
    const t = index + 1;
    const radius = gammaExponentialBound(v, alpha / 2, mixture) / t;
    return {
      effect: s / t,
      low: Math.max(-1, s / t - radius),
      high: Math.min(1, s / t + radius),
      pValue: Math.min(1, Math.exp(-gammaExponentialLogE({ s, v }, mixture))),
    };
  });
}

/** ½ at the very start, and 0 for an arm without outcomes once the other has some, as published. */
function meanSoFar(arm: { readonly sum: number; readonly n: number }, isFirst: boolean): number {
  return isFirst ? 0.5 : arm.sum / Math.max(1, arm.n);
}
