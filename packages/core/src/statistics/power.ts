import { betGrid, LOG_GRID_WEIGHTS } from "./bet-grid.ts";
import type { ValueCounts } from "./contrast.ts";
import { logNormalCdf } from "./log-normal-cdf.ts";
import { logSumExp } from "./log-sum-exp.ts";
import { normalMixtureBound, normalMixtureRho } from "./normal-mixture.ts";
import type { RateDesign } from "./one-sample.ts";
import { rateLogs } from "./one-sample.ts";
import type { RandomisedBetDesign } from "./randomised-bet.ts";
import { randomisedDesignBet, randomisedGains, smallestGain } from "./randomised-bet.ts";
import type { RateRatioDesign } from "./rate-ratio.ts";
import { candidateShare, rateRatioStageLogs } from "./rate-ratio.ts";

/**
 * One way in which a test can reach its threshold: a walk with constant drift towards a barrier. A
 * grid test has nine (one per bet), the normal mixture one per tangent of its boundary.
 */
export type PlannedWalk = {
  /** Mean and variance of the change per step. */
  readonly drift: number;
  readonly variance: number;
  /** Distance to go, > 0. */
  readonly barrier: number;
  /** Steps that one candidate observation, with its share of baseline ones, brings on average. */
  readonly stepsPerObservation: number;
};

/** Candidate observations that settle a question with the given chance; null when none suffice. */
export type ObservationsNeeded = {
  readonly chance50: number | null;
  readonly chance80: number | null;
  readonly chance95: number | null;
};

/** Beyond this no rollout waits: "not decidable at this traffic". */
const LARGEST_PLAN = 1e9;

/**
 * Candidate observations until a test settles its question, when the truth is as assumed.
 *
 * P(settled by n) >= max_j IG_j(n): a mixture crosses no later than each component's own share of
 * it does, and a walk's first passage is inverse Gaussian. Against simulation mostly 5% low to 18%
 * high; up to a quarter low below 30 observations, where a walk of few steps is no diffusion.
 *
 * @param walks From {@link rateRatioWalks}, {@link randomisedWalks}, {@link oneSampleWalks} or
 *   {@link normalWalks}; for an average of tests the walks of all of them, see {@link
 *   shareOfAverage}.
 * @param inflation Observations that carry as much as one independent one: 1 when randomised per
 *   request, otherwise {@link designEffect}.
 */
export function observationsNeeded(
  walks: readonly PlannedWalk[],
  inflation: number = 1,
): ObservationsNeeded {
  const at = (chance: number): number | null => {
    const needed = solve(walks, chance);
    return needed === null ? null : Math.ceil(needed * inflation);
  };
  return { chance50: at(0.5), chance80: at(0.8), chance95: at(0.95) };
}

/**
 * How many observations of a clustered design are worth one independent one: 1 + (m - 1)·ICC.
 * Kish (1965), "Survey sampling".
 */
export function designEffect(meanClusterSize: number, intraclassCorrelation: number): number {
  return 1 + (meanClusterSize - 1) * intraclassCorrelation;
}

/**
 * The walks of a test that has only the share `weight` of an average: its barrier is ln(1/weight)
 * higher.
 */
export function shareOfAverage(walks: readonly PlannedWalk[], weight: number): PlannedWalk[] {
  return walks.map((walk) => ({ ...walk, barrier: walk.barrier + Math.log(1 / weight) }));
}

/** Rates that are assumed to be true, and the probability of the candidate. */
export type AssumedRates = {
  readonly propensity: number;
  readonly candidate: number;
  readonly baseline: number;
};

/** M1: steps are events, see `rateRatioLogE`. */
export function rateRatioWalks(
  design: RateRatioDesign,
  truth: AssumedRates,
  alpha: number,
): PlannedWalk[] {
  const w = truth.propensity;
  const share = candidateShare(truth.candidate / truth.baseline, w);
  const one = (candidateEvents: number): number[] =>
    rateRatioStageLogs(
      { propensity: w, candidateEvents, baselineEvents: 1 - candidateEvents },
      design,
    );
  const eventsPerRequest = w * truth.candidate + (1 - w) * truth.baseline;
  return gridWalks({
    outcomes: [
      { chance: share.candidate, logFactors: one(1) },
      { chance: share.baseline, logFactors: one(0) },
    ],
    alpha,
    stepsPerObservation: eventsPerRequest / w,
  });
}

/** Outcomes in [0, 1] that are assumed to be true; counts are relative frequencies. */
export type AssumedOutcomes = {
  readonly propensity: number;
  readonly candidate: ValueCounts;
  readonly baseline: ValueCounts;
};

/** M3: steps are requests to either arm, see `randomisedBetLogE`. */
export function randomisedWalks(
  design: RandomisedBetDesign,
  truth: AssumedOutcomes,
  alpha: number,
): PlannedWalk[] {
  const w = truth.propensity;
  const gains = randomisedGains(w, design);
  const bets = betGrid(randomisedDesignBet(design, w), smallestGain(gains));
  const armOutcomes = (arm: ValueCounts, share: number, gain: (x: number) => number) => {
    const total = arm.counts.reduce((sum, count) => sum + count, 0);
    return arm.values.map((value, index) => ({
      chance: (share * (arm.counts[index] as number)) / total,
      logFactors: bets.map((bet) => Math.log1p(bet * gain(value))),
    }));
  };
  return gridWalks({
    outcomes: [
      ...armOutcomes(truth.candidate, w, gains.candidate),
      ...armOutcomes(truth.baseline, 1 - w, gains.baseline),
    ],
    alpha,
    stepsPerObservation: 1 / w,
  });
}

/** M4: steps are observations of the one arm, see `rateLogs`. */
export function oneSampleWalks(design: RateDesign, rate: number, alpha: number): PlannedWalk[] {
  return gridWalks({
    outcomes: [
      { chance: rate, logFactors: rateLogs({ events: 1, observations: 1 }, design) },
      { chance: 1 - rate, logFactors: rateLogs({ events: 0, observations: 1 }, design) },
    ],
    alpha,
    stepsPerObservation: 1,
  });
}

type GridSteps = {
  readonly outcomes: readonly { readonly chance: number; readonly logFactors: readonly number[] }[];
  readonly alpha: number;
  readonly stepsPerObservation: number;
};

/** Drift g_j = E ln factor, its variance, and barrier ln(1/α) - ln W_j per grid point. */
function gridWalks({ outcomes, alpha, stepsPerObservation }: GridSteps): PlannedWalk[] {
  return LOG_GRID_WEIGHTS.map((logWeight, point) => {
    let drift = 0;
    let square = 0;
    for (const { chance, logFactors } of outcomes) {
      const factor = logFactors[point] as number;
      drift += chance * factor;
      square += chance * factor * factor;
    }
    const variance = square - drift * drift;
    return { drift, variance, barrier: Math.log(1 / alpha) - logWeight, stepsPerObservation };
  });
}

export type NormalPlan = {
  /** Distance of the contrast from the null that is assumed to be true, towards the alternative. */
  readonly effect: number;
  /** Distance that the mixture is tuned for, > 0. */
  readonly designDistance: number;
  /** Variance of the contrast's estimate, times the number of candidate observations. */
  readonly varianceTimesObservations: number;
};

/**
 * Variance of x̄_c - R x̄_b times the number of candidate observations: σ_c² + σ_b² R² w/(1 - w).
 */
export function contrastVariance(
  sigma: { readonly candidateVariance: number; readonly baselineVariance: number },
  ratio: number,
  propensity: number,
): number {
  const { candidateVariance, baselineVariance } = sigma;
  return candidateVariance + (baselineVariance * ratio * ratio * propensity) / (1 - propensity);
}

/**
 * NM1: steps are units of information v = 1/Var. The boundary u(v) is concave, so each tangent lies
 * above it: a walk that has crossed the tangent u(v0) + u'(v0)(v - v0) has crossed u.
 */
export function normalWalks(plan: NormalPlan, alpha: number): PlannedWalk[] {
  const rho = normalMixtureRho(
    { vOpt: (2.8 / plan.designDistance) ** 2, alphaOpt: alpha },
    "one_sided",
  );
  const bound = (v: number): number => normalMixtureBound(v, { alpha, rho, sides: "one_sided" });
  // From a hundredth of ρ to ten thousand ρ: the boundary's tangents beyond serve no sensible plan.
  return Array.from({ length: 61 }, (_, index) => {
    const v = rho * 10 ** (index / 10 - 2);
    const step = v * 1e-4;
    const slope = (bound(v + step) - bound(v - step)) / (2 * step);
    return {
      drift: plan.effect - slope,
      variance: 1,
      barrier: bound(v) - slope * v,
      stepsPerObservation: 1 / plan.varianceTimesObservations,
    };
  });
}

/** Smallest n with max_j IG_j(n) >= chance. */
function solve(walks: readonly PlannedWalk[], chance: number): number | null {
  const isEnough = (n: number): boolean => walks.some((walk) => passedBy(n, walk) >= chance);
  let high = 1;
  while (!isEnough(high)) {
    high *= 2;
    if (high > LARGEST_PLAN) return null;
  }
  let low = high / 2;
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Chance that the walk has reached its barrier by n observations: the inverse Gaussian distribution
 * Φ((gn - B)/√(vn)) + e^(2gB/v) Φ((-gn - B)/√(vn)). Borodin and Salminen (2002), part II, 2.0.2.
 */
function passedBy(observations: number, walk: PlannedWalk): number {
  const { drift, variance, barrier } = walk;
  const n = observations * walk.stepsPerObservation;
  if (!(drift > 0)) return 0;
  if (!(variance > 0)) return drift * n >= barrier ? 1 : 0;
  const deviation = Math.sqrt(variance * n);
  return Math.exp(
    logSumExp([
      logNormalCdf((drift * n - barrier) / deviation),
      (2 * drift * barrier) / variance + logNormalCdf((-drift * n - barrier) / deviation),
    ]),
  );
}
