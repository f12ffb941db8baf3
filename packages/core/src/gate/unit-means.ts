import type { ClusteredArm } from "../statistics/clustered-contrast.ts";
import { clusteredArm, clusteredArms } from "../statistics/clustered-contrast.ts";
import type { MeanEstimates } from "../statistics/confidence-interval.ts";
import { metricRange } from "./bins.ts";
import { LEAST_BUCKETS } from "./cluster-test.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ObservedStratum } from "./observed-row.ts";
import { isRandomised } from "./observed-row.ts";
import { valueSums } from "./unit-sums.ts";

/**
 * Means of both arms where units come more than once, weighted as their test weighs them, with the
 * variance between groups of units (Cochran 1977, chapter 9A; clustered-contrast.ts). Twenty requests of
 * one user are not twenty opinions: as single draws they would make an interval several times too narrow.
 * Null before both arms have observations.
 */
export function meansOfUnits(
  strata: readonly ObservedStratum[],
  metric: MetricDefinition,
): MeanEstimates | null {
  const arms = clusteredArms(
    strata
      .filter(({ propensity }) => isRandomised(propensity))
      .map(({ candidateUnits, baselineUnits }) => ({
        candidate: valueSums(candidateUnits, metric),
        baseline: valueSums(baselineUnits, metric),
      })),
  );
  if (arms === null) return null;
  return {
    baseline: arms.baseline.mean,
    candidate: arms.candidate.mean,
    baselineVariance: varianceOf(arms.baseline, metric),
    candidateVariance: varianceOf(arms.candidate, metric),
    covariance: 0,
  };
}

/** The candidate's own mean over everything it answered, each observation weighing alike. */
export function meanOfUnits(
  strata: readonly ObservedStratum[],
  metric: MetricDefinition,
): { readonly count: number; readonly mean: number; readonly variance: number } | null {
  const arm = clusteredArm(
    strata.map(({ candidate, candidateUnits }) => ({
      sums: valueSums(candidateUnits, metric),
      weight: candidate.total,
    })),
  );
  if (arm === null) return null;
  return { count: arm.observations, mean: arm.mean, variance: varianceOf(arm, metric) };
}

/**
 * Unknown with too few groups to judge their spread, and never less than that of single draws: of events
 * as the test has it, of scores by the width of a few bins.
 */
function varianceOf(arm: ClusteredArm, metric: MetricDefinition): number {
  if (arm.buckets < LEAST_BUCKETS) return Number.POSITIVE_INFINITY;
  if (metric.kind === "binary") return Math.max(arm.variance, arm.eventVariance);
  if (metric.kind !== "bounded") return arm.variance;
  const [low, high] = metricRange(metric);
  return arm.variance + (0.02 * (high - low)) ** 2 / arm.observations;
}
