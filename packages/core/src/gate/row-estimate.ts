import type { Bounds, IntervalTuning, MeanEstimates } from "../statistics/confidence-interval.ts";
import {
  differenceInterval,
  meanInterval,
  ratioInterval,
} from "../statistics/confidence-interval.ts";
import { metricRange, valueOfBin } from "./bins.ts";
import type { DecodedCell } from "./decoded-cell.ts";
import type { BinCount } from "./cells.ts";
import type { Comparison } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ObservedRow, ObservedStratum } from "./observed-row.ts";
import { isRandomised } from "./observed-row.ts";
import { groupedPairs } from "./pair-cluster-test.ts";
import { meanOfUnits, meansOfUnitPairs, meansOfUnits } from "./unit-means.ts";

/** What was measured, for people. No decision rests on it. */
export type RowEstimate = {
  /** Harm in the comparison's own terms; null without observations of what it needs. */
  readonly harm: number | null;
  readonly bounds: Bounds | null;
  /** In the metric's unit. */
  readonly baselineMean: number | null;
  readonly candidateMean: number | null;
  /**
   * Variance that one candidate observation or pair brings to the harm, in the metric's unit squared;
   * for planning. Null when too few were seen to say.
   */
  readonly unitVariance: number | null;
  /** Which observations the means are of. */
  readonly basis: "pairs" | "arms" | "candidate" | "none";
};

/** From so many observations on, what was seen plans better than what was guessed. */
const TRUST_FROM = 50;

export const NO_ESTIMATE: RowEstimate = {
  harm: null,
  bounds: null,
  baselineMean: null,
  candidateMean: null,
  unitVariance: null,
  basis: "none",
};

/**
 * Harm observed so far with an anytime interval; of quantiles see quantile-estimate.ts. Pairs are shown when
 * they tell more than the arms (smaller variance of the difference). Arms are compared within strata, weighted n_c·n_b/(n_c + n_b)
 * (Mantel and Haenszel), so that a moving share of traffic does not mix times of day into the means. Arms
 * and pairs whose units come more than once have the variance between groups of units, as their tests do.
 */
export function estimateRow(
  row: ObservedRow,
  { metric, comparison }: { readonly metric: MetricDefinition; readonly comparison: Comparison },
  tuning: IntervalTuning,
): RowEstimate {
  const pairs = row.isClustered
    ? meansOfUnitPairs(groupedPairs(row), metric)
    : pairMeans(row, metric);
  const arms = row.isClustered ? meansOfUnits(row.strata, metric) : armMeans(row, metric);
  const chosen = sharper(pairs, arms);
  if (comparison.kind === "limit" || comparison.kind === "zero_tolerance") {
    const own = candidateMean(row, metric);
    if (own === null) return NO_ESTIMATE;
    return {
      harm: own.mean,
      bounds: possible(meanInterval(own.mean, own.variance, tuning), metric, comparison),
      baselineMean: chosen?.baseline ?? null,
      candidateMean: own.mean,
      unitVariance: own.count >= TRUST_FROM ? finiteOrNull(own.variance * own.count) : null,
      basis: "candidate",
    };
  }
  if (chosen === null) return NO_ESTIMATE;
  const ofPairs = row.isClustered ? groupedPairs(row).total : row.pairCount;
  const units = chosen === pairs ? ofPairs : row.candidateCount;
  // Which of two intervals is shown depends on what has been seen, so each has half of the error.
  const isOneOfTwo = pairs !== null && arms !== null;
  const alpha = isOneOfTwo ? tuning.alpha / 2 : tuning.alpha;
  const { harm, bounds } = comparedHarm(chosen, { metric, comparison }, { ...tuning, alpha });
  return {
    harm,
    bounds: bounds === null ? null : possible(bounds, metric, comparison),
    baselineMean: chosen.baseline,
    candidateMean: chosen.candidate,
    unitVariance: units >= TRUST_FROM ? finiteOrNull(differenceVariance(chosen) * units) : null,
    basis: chosen === pairs ? "pairs" : "arms",
  };
}

/** The variance between too few groups of units is unknown, which is infinite to an interval. */
function finiteOrNull(variance: number): number | null {
  return Number.isFinite(variance) ? variance : null;
}

function comparedHarm(
  means: MeanEstimates,
  {
    metric,
    comparison,
  }: {
    readonly metric: MetricDefinition;
    readonly comparison: Extract<Comparison, { kind: "relative" | "difference" | "ratio" }>;
  },
  tuning: IntervalTuning,
): Pick<RowEstimate, "harm" | "bounds"> {
  const sign = metric.direction === "higher_is_better" ? -1 : 1;
  if (comparison.kind === "difference") {
    const bounds = differenceInterval(means, tuning);
    return {
      // Adding 0 turns -0 into 0, which survives JSON.
      harm: sign * (means.candidate - means.baseline) + 0,
      bounds: sign > 0 ? bounds : { low: 0 - bounds.high, high: 0 - bounds.low },
    };
  }
  if (!(means.baseline > 0)) return { harm: null, bounds: null };
  const ratio = means.candidate / means.baseline;
  const bounds = ratioInterval(means, tuning);
  if (comparison.kind === "ratio") return { harm: ratio, bounds };
  const harmOf = (value: number): number => sign * (value - 1) + 0;
  if (bounds === null) return { harm: harmOf(ratio), bounds: null };
  const ends = [harmOf(bounds.low), harmOf(bounds.high)];
  return { harm: harmOf(ratio), bounds: { low: Math.min(...ends), high: Math.max(...ends) } };
}

/** What of an interval a metric can be at all: no rate is below 0, and none rises by more than 100 points. */
function possible({ low, high }: Bounds, metric: MetricDefinition, { kind }: Comparison): Bounds {
  // Without ends it says that nothing is known, which a range would hide.
  if (!Number.isFinite(low) && !Number.isFinite(high)) return { low, high };
  const isRanged = metric.kind === "binary" || metric.kind === "bounded";
  const [least, most] = isRanged ? metricRange(metric) : [0, Number.POSITIVE_INFINITY];
  const within = (from: number, to: number): Bounds => ({
    low: Math.min(to, Math.max(from, low)),
    high: Math.min(to, Math.max(from, high)),
  });
  switch (kind) {
    case "limit":
    case "zero_tolerance":
      return within(least, most);
    case "difference":
      return within(least - most, most - least);
    case "ratio":
      return least < 0 ? { low, high } : within(0, Number.POSITIVE_INFINITY);
    case "relative": {
      if (least < 0) return { low, high };
      return metric.direction === "higher_is_better"
        ? within(Number.NEGATIVE_INFINITY, 1)
        : within(-1, Number.POSITIVE_INFINITY);
    }
    default: {
      const unreachable: never = kind;
      return unreachable;
    }
  }
}

function sharper(pairs: MeanEstimates | null, arms: MeanEstimates | null): MeanEstimates | null {
  if (pairs === null || arms === null) return pairs ?? arms;
  return differenceVariance(pairs) <= differenceVariance(arms) ? pairs : arms;
}

function differenceVariance(means: MeanEstimates): number {
  return means.candidateVariance + means.baselineVariance - 2 * means.covariance;
}

function pairMeans(row: ObservedRow, metric: MetricDefinition): MeanEstimates | null {
  const n = row.pairCount;
  if (n === 0) return null;
  let [sumB, sumC, sumBB, sumCC, sumBC] = [0, 0, 0, 0, 0];
  for (const stratum of row.strata) {
    for (const { baselineBin, candidateBin, count } of stratum.pairs) {
      const b = valueOfBin(metric, baselineBin);
      const c = valueOfBin(metric, candidateBin);
      sumB += count * b;
      sumC += count * c;
      sumBB += count * b * b;
      sumCC += count * c * c;
      sumBC += count * b * c;
    }
  }
  const [baseline, candidate] = [sumB / n, sumC / n];
  return {
    baseline,
    candidate,
    baselineVariance: meanVariance(metric, { count: n, mean: baseline, square: sumBB / n }),
    candidateVariance: meanVariance(metric, { count: n, mean: candidate, square: sumCC / n }),
    covariance: (sumBC / n - baseline * candidate) / n,
  };
}

function armMeans(row: ObservedRow, metric: MetricDefinition): MeanEstimates | null {
  const strata = row.strata.filter(
    (stratum) =>
      isRandomised(stratum.propensity) && stratum.baseline.total > 0 && stratum.candidate.total > 0,
  );
  let [weights, baseline, candidate, baselineVariance, candidateVariance] = [0, 0, 0, 0, 0];
  for (const stratum of strata) {
    const b = cellMoments(binCounts(stratum.baseline), metric);
    const c = cellMoments(binCounts(stratum.candidate), metric);
    const weight = (b.count * c.count) / (b.count + c.count);
    weights += weight;
    baseline += weight * b.mean;
    candidate += weight * c.mean;
    baselineVariance += weight * weight * b.variance;
    candidateVariance += weight * weight * c.variance;
  }
  if (weights === 0) return null;
  return {
    baseline: baseline / weights,
    candidate: candidate / weights,
    baselineVariance: baselineVariance / (weights * weights),
    candidateVariance: candidateVariance / (weights * weights),
    covariance: 0,
  };
}

/** The candidate's own mean: its arms where it had traffic, its side of the pairs elsewhere. */
function candidateMean(row: ObservedRow, metric: MetricDefinition): CountedMean | null {
  return row.isClustered
    ? meanOfUnits(row.strata, metric)
    : meanOfBins(row.strata.flatMap(candidateBins), metric);
}

/** A mean of so many observations, with the variance of the mean. */
type CountedMean = { readonly count: number; readonly mean: number; readonly variance: number };

function meanOfBins(bins: readonly BinCount[], metric: MetricDefinition): CountedMean | null {
  return bins.length === 0 ? null : cellMoments(bins, metric);
}

/** What the candidate answered in a stratum, by bin. */
export function candidateBins(stratum: ObservedStratum): readonly BinCount[] {
  if (stratum.candidate.total > 0) return binCounts(stratum.candidate);
  return stratum.pairs.map(({ candidateBin, count }) => ({ bin: candidateBin, count }));
}

/** The bins of a cell with their counts. */
export function binCounts({ bins, counts }: DecodedCell): readonly BinCount[] {
  return bins.map((bin, index) => ({ bin, count: counts[index] as number }));
}

function cellMoments(bins: readonly BinCount[], metric: MetricDefinition): CountedMean {
  let [count, sum, squares] = [0, 0, 0];
  for (const entry of bins) {
    const value = valueOfBin(metric, entry.bin);
    count += entry.count;
    sum += entry.count * value;
    squares += entry.count * value * value;
  }
  const mean = sum / count;
  return { count, mean, variance: meanVariance(metric, { count, mean, square: squares / count }) };
}

/** Of scores and amounts, what is expected of their spread counts as so many observations. */
const PRIOR_OBSERVATIONS = 10;

/**
 * Variance of a mean. Few values that happen to be alike are no proof of no variance: for events it is
 * smoothed by half an event each way; for scores and amounts what was seen is averaged with what was
 * expected, which a hundred observations outweigh.
 */
function meanVariance(
  metric: MetricDefinition,
  {
    count,
    mean,
    square,
  }: { readonly count: number; readonly mean: number; readonly square: number },
): number {
  const seen = Math.max(0, square - mean * mean);
  if (metric.kind === "binary") return seen / count + 0.5 / (count + 1) ** 2;
  const { value = mean, spread = spreadOf(metric, Math.max(value, mean)) } = metric.expected ?? {};
  const weighed =
    (count * seen + PRIOR_OBSERVATIONS * spread * spread) / (count + PRIOR_OBSERVATIONS);
  return weighed / count;
}

/** A guess where nothing is written down: a quarter of the range, or as much as the amount itself. */
function spreadOf(metric: MetricDefinition, amount: number): number {
  if (metric.kind !== "bounded") return amount;
  const [low, high] = metricRange(metric);
  return (high - low) / 4;
}
