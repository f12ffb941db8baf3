import { betGrid, GRID_EXPONENTS, mixGrid } from "./bet-grid.ts";
import type { BetDesign, Contrast, ValueCounts } from "./contrast.ts";
import { SMALLEST_EFFECT } from "./contrast.ts";
import { logWealths } from "./log-wealth.ts";

/** One stage of a randomised comparison. */
export type RandomisedStage = {
  /** Probability that a counted request went to the candidate, strictly between 0 and 1. */
  readonly propensity: number;
  readonly candidate: ValueCounts;
  readonly baseline: ValueCounts;
};

export type RandomisedBetDesign = BetDesign & {
  readonly contrast: Contrast;
  /** m: a guess of the baseline's mean in [0, 1], fixed before the data. Any value is valid. */
  readonly centre: number;
};

/**
 * M3: log e-value about a contrast of two means, from randomised arms, exact for outcomes in [0, 1].
 *
 * For a request with propensity w, arm A (1 = candidate) and outcome x,
 *   z = direction · [ A(x - m)/w - R(1 - A)(x - m)/(1 - w) + m(1 - R) - δ ].
 * E[A(x - m)/w | past] = μ_c - m and E[(1 - A)(x - m)/(1 - w) | past] = μ_b - m, so
 *   E[z | past] = direction · (μ_c - Rμ_b - δ) for any m fixed beforehand,
 * which is <= 0 under the null. Then Π(1 + λz) with constant λ in (0, 0.9 / -z_min] is a
 * nonnegative supermartingale, and so is a fixed mixture over λ. Products run over requests, so
 * stages multiply per λ and only counts matter.
 *
 * Source: Waudby-Smith and Ramdas (2024), betting; the augmented inverse-propensity contrast of
 * Waudby-Smith et al. (2024), "Anytime-valid off-policy inference"; Howard et al. (2021), section 4.2.
 */
export function randomisedBetLogE(
  stages: readonly RandomisedStage[],
  design: RandomisedBetDesign,
): number {
  const logs = GRID_EXPONENTS.map(() => 0);
  for (const stage of stages) {
    const stageLogs = randomisedBetStageLogs(stage, design);
    for (let index = 0; index < logs.length; index += 1) {
      logs[index] = (logs[index] as number) + (stageLogs[index] as number);
    }
  }
  return mixGrid(logs);
}

/** Log-wealth of each of the nine bets on one stage. */
export function randomisedBetStageLogs(
  stage: RandomisedStage,
  design: RandomisedBetDesign,
): number[] {
  const gains = randomisedGains(stage.propensity, design);
  const bets = betGrid(randomisedDesignBet(design, stage.propensity), smallestGain(gains));
  return logWealths(bets, {
    outcomes: [
      ...stage.candidate.values.map(gains.candidate),
      ...stage.baseline.values.map(gains.baseline),
    ],
    counts: [...stage.candidate.counts, ...stage.baseline.counts],
  });
}

/** z of an outcome in [0, 1], by arm. */
export type RandomisedGains = {
  readonly candidate: (x: number) => number;
  readonly baseline: (x: number) => number;
};

/** What one outcome adds to the contrast under a propensity: z of {@link randomisedBetLogE}. */
export function randomisedGains(
  propensity: number,
  { contrast, centre }: Pick<RandomisedBetDesign, "contrast" | "centre">,
): RandomisedGains {
  const { ratio, offset, direction } = contrast;
  const constant = centre * (1 - ratio) - offset;
  return {
    candidate: (x) => direction * ((x - centre) / propensity + constant),
    baseline: (x) => direction * ((-ratio * (x - centre)) / (1 - propensity) + constant),
  };
}

/** The smallest z that any outcome in [0, 1] can bring; z is linear in the outcome. */
export function smallestGain({ candidate, baseline }: RandomisedGains): number {
  return Math.min(candidate(0), candidate(1), baseline(0), baseline(1));
}

/** Variance of z for a propensity: σ²(1/w + R²/(1 - w)). */
function randomisedVariance(variance: number, ratio: number, propensity: number): number {
  return variance * (1 / propensity + (ratio * ratio) / (1 - propensity));
}

/** λ_d = effect / (Var z + effect²), which maximises the expected log-wealth to second order. */
export function randomisedDesignBet(design: RandomisedBetDesign, propensity: number): number {
  const effect = Math.max(design.effect, SMALLEST_EFFECT);
  const variance = randomisedVariance(design.variance, design.contrast.ratio, propensity);
  return effect / (variance + effect * effect);
}
