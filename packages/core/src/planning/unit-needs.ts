import type { BurnIn } from "../gate/cluster-test.ts";
import { TUNED_ALPHA, TUNED_STANDARD_ERRORS } from "../gate/cluster-test.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { ArmScale } from "../gate/outcome-scale.ts";
import { outcomeOfBin } from "../gate/outcome-scale.ts";
import type { QuantileTest } from "../gate/quantile-move.ts";
import { LIVE_WEIGHT } from "../gate/test-log-e.ts";
import type { ArmPopulations, Population } from "../population/population.ts";
import { observationsToPass } from "../statistics/first-passage.ts";
import { normalMixtureBound, normalMixtureRho } from "../statistics/normal-mixture.ts";
import type { ObservationsNeeded } from "../statistics/power.ts";
import { contrastVariance } from "../statistics/power.ts";
import type { StickyUnits } from "./sticky-units.ts";
import { leastAnswers, unitInflation } from "./sticky-units.ts";

/** A test that must be at its level; that level is 1 over the e-value that settles its question. */
export type LevelledTest = { readonly test: QuantileTest; readonly level: number };

export type UnitDesign = {
  readonly metric: MetricDefinition;
  readonly arms: ArmPopulations;
  readonly units: StickyUnits;
  /** Probability of the candidate, in (0, 1). */
  readonly propensity: number;
  readonly burnIn: BurnIn;
};

/**
 * Candidate answers until all of some tests are at their levels at one look, where units return: the gate
 * then compares arms by a normal mixture about the last part's question (cluster-test.ts), with a variance
 * that is the design effect times that of single answers. Taken as known here, where the gate estimates it
 * between groups of units; and the tests as moving together, for they are about the same answers.
 */
export function unitNeeds(tests: readonly LevelledTest[], design: UnitDesign): ObservationsNeeded {
  const barriers = tests.map((of) => barrierOf(of, design));
  const least = Math.max(...tests.map(({ test }) => leastOf(test, design)));
  return observationsToPass((count) => Math.max(...barriers.map((at) => at(count))), least);
}

/** How far above its mean the contrast must be for the test to be at its level, in deviations. */
function barrierOf({ test, level }: LevelledTest, design: UnitDesign): (count: number) => number {
  const { parts, scale } = test;
  const question = parts.at(-1)?.question;
  if (question === undefined) return () => Number.POSITIVE_INFINITY;
  const { ratio, offset, direction } = question.contrast;
  const candidate = momentsOf(design.arms.candidate, scale.candidate);
  const baseline = momentsOf(design.arms.baseline, scale.baseline);
  const effect = direction * (candidate.mean - ratio * baseline.mean - offset);
  const variances = {
    candidateVariance: candidate.variance,
    baselineVariance: baseline.variance,
  };
  const varianceOfOne =
    contrastVariance(variances, ratio, design.propensity) * unitInflation(design.units);
  const vOpt = (TUNED_STANDARD_ERRORS / Math.max(question.effect, SMALLEST_EFFECT)) ** 2;
  const rho = normalMixtureRho({ vOpt, alphaOpt: TUNED_ALPHA }, "one_sided");
  const alpha = aloneLevel(level);
  return (count) => {
    const v = count / varianceOfOne;
    const bound = normalMixtureBound(v, { alpha, rho, sides: "one_sided" });
    return bound / Math.sqrt(v) - effect * Math.sqrt(v);
  };
}

const SMALLEST_EFFECT = 1e-6;

/** What the arms must reach by themselves, when the pairs that the gate averages them with say nothing. */
function aloneLevel(level: number): number {
  return LIVE_WEIGHT / (1 / level - (1 - LIVE_WEIGHT));
}

function leastOf({ parts }: QuantileTest, { units, ...of }: UnitDesign): number {
  const usesBaseline = parts.at(-1)?.question.contrast.ratio !== 0;
  return leastAnswers(units, { ...of, usesBaseline });
}

function momentsOf(population: Population, arm: ArmScale) {
  let [mean, square] = [0, 0];
  for (const { bin, share } of population) {
    const outcome = outcomeOfBin(arm, bin);
    mean += share * outcome;
    square += share * outcome * outcome;
  }
  return { mean, variance: Math.max(1e-12, square - mean * mean) };
}
