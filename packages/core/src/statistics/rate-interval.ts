import { betaBinomialLogE, betaBinomialMixture } from "./beta-binomial-mixture.ts";
import type { Bounds } from "./confidence-interval.ts";
import { bisectIncreasing } from "./normal-mixture.ts";
import type { RateCounts } from "./one-sample.ts";

export type RateIntervalTuning = {
  /** 1 - coverage, over all looks together. */
  readonly alpha: number;
  /** Number of observations at which the interval should be tightest, > 0. */
  readonly tOpt: number;
  /** Level that the mixture is tuned for; alpha when left out. */
  readonly alphaOpt?: number;
};

/**
 * Anytime-valid exact interval of one rate, or of the mean of outcomes in [0, 1] (then `events` is
 * their sum): all p that the two-sided beta-binomial mixture does not reject.
 *
 * Howard et al. (2021), section 4.2 and proposition 7, `bernoulli_confidence_interval` of confseq.
 */
export function rateInterval(seen: RateCounts, tuning: RateIntervalTuning): Bounds {
  const rate = seen.events / seen.observations;
  const { alpha, tOpt, alphaOpt = alpha } = tuning;
  const excess = (p: number): number => {
    const step = { g: p, h: 1 - p };
    const unit = p * (1 - p);
    const mixture = betaBinomialMixture(step, { vOpt: unit * tOpt, alphaOpt }, "two_sided");
    const sum = { s: (rate - p) * seen.observations, v: unit * seen.observations };
    return betaBinomialLogE(sum, mixture) - Math.log(1 / alpha);
  };
  return {
    low: rate > 0 ? bisectIncreasing((p) => -excess(p), { low: 0, high: rate }) : 0,
    high: rate < 1 ? bisectIncreasing(excess, { low: rate, high: 1 }) : 1,
  };
}
