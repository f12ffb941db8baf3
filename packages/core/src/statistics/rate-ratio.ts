import { GRID_EXPONENTS, mixGrid } from "./bet-grid.ts";

/** Events (not observations) counted in one stage. */
export type EventCounts = {
  /** Probability that a counted request went to the candidate, strictly between 0 and 1. */
  readonly propensity: number;
  readonly candidateEvents: number;
  readonly baselineEvents: number;
};

export type RateRatioDesign = {
  /** R0: the candidate's rate over the baseline's rate at the edge of the null hypothesis, > 0. */
  readonly nullRatio: number;
  /** R_d: the ratio that the test should be best at, > 0 and beyond nullRatio in `direction`. */
  readonly designRatio: number;
  /** +1 tests H0: ratio <= nullRatio; -1 tests H0: ratio >= nullRatio. */
  readonly direction: 1 | -1;
};

/** A rate ratio a hundred times beyond the null is as far as a grid point goes. */
const LARGEST_LOG_RATIO = Math.log(100);

/**
 * M1: log e-value about a ratio of event rates, exact under any common movement of the rates.
 *
 * Given an event, it came from the candidate with probability
 * θ(R, w) = wR / (wR + 1 - w), R = p_c / p_b. The e-value is the likelihood ratio of θ(R_j) against
 * θ(R0) on events, mixed over nine R_j.
 *
 * Why it is valid: let θ <= θ0 < θ_j be the true, null and alternative probabilities. The factor of
 * one event has mean θ·θ_j/θ0 + (1 - θ)(1 - θ_j)/(1 - θ0). That is linear in θ with slope
 * θ_j/θ0 - (1 - θ_j)/(1 - θ0) > 0, and is 1 at θ = θ0, so it is at most 1 under the whole null,
 * whatever p_b does over time. With direction -1 all signs turn. Stages multiply.
 *
 * Source: conditioning as in Lindon and Malek (2022), "Anytime-valid inference for multinomial count
 * data", and maxSPRT (Kulldorff et al. 2011).
 */
export function rateRatioLogE(stages: readonly EventCounts[], design: RateRatioDesign): number {
  const logs = GRID_EXPONENTS.map(() => 0);
  for (const stage of stages) {
    const stageLogs = rateRatioStageLogs(stage, design);
    for (let index = 0; index < logs.length; index += 1) {
      logs[index] = (logs[index] as number) + (stageLogs[index] as number);
    }
  }
  return mixGrid(logs);
}

/** Log likelihood ratio of each of the nine grid points on one stage's events. */
export function rateRatioStageLogs(stage: EventCounts, design: RateRatioDesign): number[] {
  const { nullRatio, designRatio, direction } = design;
  const nullShare = candidateShare(nullRatio, stage.propensity);
  const step = Math.abs(Math.log(designRatio / nullRatio));
  return GRID_EXPONENTS.map((exponent) => {
    const distance = Math.min(step * 2 ** exponent, LARGEST_LOG_RATIO);
    const share = candidateShare(nullRatio * Math.exp(direction * distance), stage.propensity);
    return (
      stage.candidateEvents * Math.log(share.candidate / nullShare.candidate) +
      stage.baselineEvents * Math.log(share.baseline / nullShare.baseline)
    );
  });
}

/** θ(R, w) and 1 - θ(R, w), each without cancellation. */
export function candidateShare(
  ratio: number,
  propensity: number,
): { readonly candidate: number; readonly baseline: number } {
  const total = propensity * ratio + 1 - propensity;
  return { candidate: (propensity * ratio) / total, baseline: (1 - propensity) / total };
}
