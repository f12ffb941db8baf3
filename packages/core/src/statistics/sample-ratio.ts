import { logBeta } from "./log-gamma.ts";

export type ArmCounts = {
  readonly candidate: number;
  readonly baseline: number;
  /** Planned probability of the candidate, strictly between 0 and 1. */
  readonly propensity: number;
};

/** How closely a real split is expected to follow the plan: like a prior of so many units. */
const SAMPLE_RATIO_CONCENTRATION = 1000;

/** Odds from which a split counts as wrong: alpha = 0.001, because it invalidates a whole stage. */
export const SAMPLE_RATIO_ALARM_ODDS = 1000;

/**
 * Log e-value against "units are split as planned", valid at every look:
 * ln B(a + n_c, b + n_b) - ln B(a, b) - n_c ln w - n_b ln(1 - w), a = κw, b = κ(1 - w).
 *
 * Lindon and Malek (2022), "Anytime-valid inference for multinomial count data", equation 8 with two
 * cells. Independent stages multiply.
 */
export function sampleRatioLogE(
  counts: ArmCounts,
  concentration: number = SAMPLE_RATIO_CONCENTRATION,
): number {
  const { candidate, baseline, propensity: w } = counts;
  const a = concentration * w;
  const b = concentration * (1 - w);
  return (
    logBeta(a + candidate, b + baseline) -
    logBeta(a, b) -
    candidate * Math.log(w) -
    baseline * Math.log1p(-w)
  );
}
