import type { ClusteredArm } from "../statistics/clustered-contrast.ts";
import { clusteredArm, clusteredArms } from "../statistics/clustered-contrast.ts";
import type { MeanEstimates } from "../statistics/confidence-interval.ts";
import type { BucketSums } from "../statistics/bucket-sums.ts";
import { metricRange, valueOfBin } from "./bins.ts";
import type { PairBinCount } from "./cells.ts";
import { LEAST_BUCKETS } from "./cluster-test.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ObservedStratum } from "./observed-row.ts";
import { isRandomised } from "./observed-row.ts";
import type { PairUnits } from "./pair-units.ts";
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

/**
 * Means of both answers to the requests of units that come more than once, with the variances between groups
 * of units of each and of their difference. Null without pairs.
 */
export function meansOfUnitPairs(pairs: PairUnits, metric: MetricDefinition): MeanEstimates | null {
  const candidate = meanOfGroups(valueSums(pairs.candidate, metric));
  const baseline = meanOfGroups(valueSums(pairs.baseline, metric));
  const differenceOf = ({ candidateBin, baselineBin }: PairBinCount): number =>
    valueOfBin(metric, candidateBin) - valueOfBin(metric, baselineBin);
  const difference = meanOfGroups(pairs.sumsOf(differenceOf));
  if (candidate === null || baseline === null || difference === null) return null;
  const means = { baseline: baseline.mean, candidate: candidate.mean };
  if (difference.buckets < LEAST_BUCKETS) {
    const unknown = Number.POSITIVE_INFINITY;
    return { ...means, baselineVariance: unknown, candidateVariance: unknown, covariance: 0 };
  }
  const baselineVariance = varianceOf(baseline, metric);
  const candidateVariance = varianceOf(candidate, metric);
  const single = singleVariance(pairs, differenceOf);
  const ofDifference = Math.max(difference.variance, single) + leastWidth(metric, pairs.total);
  const covariance = (baselineVariance + candidateVariance - ofDifference) / 2;
  // No two answers have more in common than each with itself.
  const most = Math.sqrt(baselineVariance * candidateVariance);
  return { ...means, baselineVariance, candidateVariance, covariance: Math.min(most, covariance) };
}

const meanOfGroups = (sums: BucketSums): ClusteredArm | null => clusteredArm([{ sums, weight: 1 }]);

/** Of the mean, if each pair were of a unit of its own. */
function singleVariance(pairs: PairUnits, differenceOf: (pair: PairBinCount) => number): number {
  const { total } = pairs;
  let [sum, squares] = [0, 0];
  for (const entry of pairs.entries) {
    const value = differenceOf(entry);
    sum += entry.count * value;
    squares += entry.count * value * value;
  }
  return Math.max(0, squares / total - (sum / total) ** 2) / total;
}

/** What pairs that are all alike leave open: half of one that differs, or the width of a few bins. */
function leastWidth(metric: MetricDefinition, pairs: number): number {
  if (metric.kind === "binary") return 0.5 / (pairs + 1) ** 2;
  return metric.kind === "bounded" ? scoreWidth(metric, pairs) : 0;
}

/**
 * The candidate's own mean over everything it answered, each observation weighing alike; of a stage in which
 * nobody got an answer of it, its side of the pairs.
 */
export function meanOfUnits(
  strata: readonly ObservedStratum[],
  metric: MetricDefinition,
): { readonly count: number; readonly mean: number; readonly variance: number } | null {
  const arm = clusteredArm(
    strata.map(({ candidate, candidateUnits, pairUnits }) =>
      candidate.total > 0
        ? { sums: valueSums(candidateUnits, metric), weight: candidate.total }
        : { sums: valueSums(pairUnits.candidate, metric), weight: pairUnits.total },
    ),
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
  return arm.variance + scoreWidth(metric, arm.observations);
}

function scoreWidth(metric: MetricDefinition, observations: number): number {
  const [low, high] = metricRange(metric);
  return (0.02 * (high - low)) ** 2 / observations;
}
