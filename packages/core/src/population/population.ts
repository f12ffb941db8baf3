import { logBinOfValue, LOG_BIN_WIDTH, metricRange, TOP_BIN } from "../gate/bins.ts";
import type { Comparison, Criterion } from "../gate/criterion.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import { logNormalCdf } from "../statistics/log-normal-cdf.ts";
import { normalQuantile } from "../statistics/normal-quantile.ts";

/** A distribution of one metric's observations: bins of evidence with probabilities that sum to 1. */
export type Population = readonly { readonly bin: number; readonly share: number }[];

/** The invented answers of both releases to one criterion, before and with a harm. */
export type Harm =
  /** So many times the distance from no harm to the criterion's rollback level. */
  { readonly kind: "multiple"; readonly times: number } | { readonly kind: "none" };

export const NO_HARM: Harm = { kind: "none" };

// Lognormal sigmas of the statistics' benchmark: costs of calls, and latencies. They only shape what is
// invented; a metric's own spread replaces the first.
const COST_SIGMA = 1.2;
const LATENCY_SIGMA = 0.7;
const DEFAULT_SPREAD = 0.2;
/** A limit without a known baseline: the baseline is taken to stand at this share of the limit. */
const ASSUMED_SHARE_OF_LIMIT = 0.7;

/**
 * What the baseline shows of a metric (its mean, for a quantile metric its quantile), in the metric's
 * unit: what is expected of it, else a guess from the limit. Null when nothing says.
 */
function baselineValue(metric: MetricDefinition, comparison: Comparison): number | null {
  if (comparison.kind === "zero_tolerance") return 0;
  if (metric.expected !== undefined) return metric.expected.value;
  if (comparison.kind !== "limit") return null;
  const [low, high] = metricRange(metric);
  return metric.direction === "lower_is_better"
    ? low + ASSUMED_SHARE_OF_LIMIT * (comparison.rollback - low)
    : high - ASSUMED_SHARE_OF_LIMIT * (high - comparison.rollback);
}

/**
 * The candidate's mean (or quantile) under a harm, in the metric's unit. Once is the rollback level
 * itself. What is multiplied is the distance from no harm: of a ratio of 1.5 the half, so that twice is a
 * ratio of 2; of a limit the way from the baseline's value to it. Ends of the range are not passed.
 */
function harmedValue(
  metric: MetricDefinition,
  comparison: Comparison,
  { baseline, harm }: { readonly baseline: number; readonly harm: Harm },
): number {
  if (harm.kind === "none") return baseline;
  const toward = metric.direction === "lower_is_better" ? 1 : -1;
  const harmed = baseline + toward * distanceOf(comparison, baseline) * harm.times;
  return withinRange(metric, harmed);
}

function distanceOf(comparison: Comparison, baseline: number): number {
  switch (comparison.kind) {
    case "relative":
      return comparison.rollback * Math.abs(baseline);
    case "difference":
      return comparison.rollback;
    case "ratio":
      return (comparison.rollback - 1) * Math.abs(baseline);
    case "limit":
      return Math.abs(comparison.rollback - baseline);
    case "zero_tolerance":
      return comparison.maximumRate;
    default: {
      const unreachable: never = comparison;
      return unreachable;
    }
  }
}

function withinRange(metric: MetricDefinition, value: number): number {
  if (metric.kind === "heavy_tailed" || metric.kind === "quantile") return Math.max(0, value);
  const [low, high] = metric.kind === "binary" ? [0, 1] : metricRange(metric);
  return Math.min(high, Math.max(low, value));
}

/** Both arms of a metric as populations. `harmed` equals `baseline` in bins, so they can be paired. */
export type ArmPopulations = { readonly baseline: Population; readonly candidate: Population };

/**
 * Invented observations of both releases, or null when nothing says what the baseline shows.
 *
 * - binary: a rate.
 * - bounded: values like a beta distribution of the expected mean and spread; harm replaces a share of
 *   the answers by the worst one (a summary that says nothing, not one that is a little worse).
 * - heavy_tailed and quantile: lognormal; harm multiplies every value.
 *
 * Values are few (two for rates, eleven for scores, about thirty for tails), which bounds the work of a
 * simulation. Cells of tails are cut so that the threshold that is tested falls on an edge.
 */
export function populationsOf(
  metric: MetricDefinition,
  criterion: Pick<Criterion, "comparison">,
  harm: Harm,
): ArmPopulations | null {
  const { comparison } = criterion;
  const baseline = baselineValue(metric, comparison);
  if (baseline === null) return null;
  const candidate = harmedValue(metric, comparison, { baseline, harm });
  switch (metric.kind) {
    case "binary":
      return { baseline: ratePopulation(baseline), candidate: ratePopulation(candidate) };
    case "bounded": {
      const whole = scorePopulation(metric, baseline);
      return { baseline: whole, candidate: degraded(metric, whole, candidate) };
    }
    case "heavy_tailed":
    case "quantile":
      return tailPopulations(metric, comparison, { baseline, candidate });
    default: {
      const unreachable: never = metric.kind;
      return unreachable;
    }
  }
}

function ratePopulation(rate: number): Population {
  return [
    { bin: 0, share: 1 - rate },
    { bin: TOP_BIN, share: rate },
  ];
}

const SCORE_CELLS = 10;

/** Eleven scores with beta weights, tilted exponentially until the mean is exact. */
function scorePopulation(metric: MetricDefinition, mean: number): Population {
  const [low, high] = metricRange(metric);
  const wanted = Math.min(0.99, Math.max(0.01, (mean - low) / (high - low)));
  const spread = (metric.expected?.spread ?? DEFAULT_SPREAD * (high - low)) / (high - low);
  const precision = Math.max(0.5, (wanted * (1 - wanted)) / (spread * spread) - 1);
  const points = Array.from({ length: SCORE_CELLS + 1 }, (_, index) => index / SCORE_CELLS);
  const logWeights = points.map((point) => {
    const inside = Math.min(0.97, Math.max(0.03, point));
    return (
      (wanted * precision - 1) * Math.log(inside) +
      ((1 - wanted) * precision - 1) * Math.log1p(-inside)
    );
  });
  let [least, most] = [-200, 200];
  let shares: number[] = [];
  for (let step = 0; step < 60; step += 1) {
    const tilt = (least + most) / 2;
    shares = normalised(logWeights.map((log, index) => log + tilt * (points[index] as number)));
    const found = shares.reduce((sum, share, index) => sum + share * (points[index] as number), 0);
    if (found < wanted) least = tilt;
    else most = tilt;
  }
  return shares.map((share, index) => ({ bin: (index * TOP_BIN) / SCORE_CELLS, share }));
}

function normalised(logWeights: readonly number[]): number[] {
  const most = Math.max(...logWeights);
  const weights = logWeights.map((log) => Math.exp(log - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** The share of answers that must become the worst one for the mean to be `mean`. */
function degraded(metric: MetricDefinition, whole: Population, mean: number): Population {
  const [low, high] = metricRange(metric);
  const worst = metric.direction === "higher_is_better" ? 0 : TOP_BIN;
  const now = whole.reduce((sum, { bin, share }) => sum + share * bin, 0);
  const wanted = ((mean - low) / (high - low)) * TOP_BIN;
  const lost = now === worst ? 0 : Math.min(1, Math.max(0, (now - wanted) / (now - worst)));
  return whole.map(({ bin, share }) => ({
    bin,
    share: share * (1 - lost) + (bin === worst ? lost : 0),
  }));
}

function tailPopulations(
  metric: MetricDefinition,
  comparison: Comparison,
  { baseline, candidate }: { readonly baseline: number; readonly candidate: number },
): ArmPopulations | null {
  if (!(baseline > 0)) return null;
  const quantile = metric.quantile ?? 0.5;
  const isQuantile = metric.kind === "quantile";
  const relative = (metric.expected?.spread ?? 0) / baseline;
  const sigma = isQuantile
    ? LATENCY_SIGMA
    : relative > 0
      ? Math.sqrt(Math.log1p(relative * relative))
      : COST_SIGMA;
  // ln of the median: from the mean, or from the quantile.
  const centre = isQuantile
    ? Math.log(baseline) - sigma * normalQuantile(quantile)
    : Math.log(baseline) - (sigma * sigma) / 2;
  const threshold = isQuantile && comparison.kind === "limit" ? comparison.rollback : baseline;
  const edges = isQuantile
    ? exceedanceEdges(threshold)
    : TAIL_STEPS.map((step) => Math.round((centre + step * sigma) / LOG_BIN_WIDTH));
  const shift = Math.log(candidate / baseline);
  return {
    baseline: lognormalCells(edges, centre, sigma),
    candidate: lognormalCells(edges, centre + shift, sigma),
  };
}

/** Cells a quarter of a sigma wide, up to four sigmas; wider below, where there is little money. */
const TAIL_STEPS: readonly number[] = [
  -2.5,
  -2,
  -1.5,
  -1,
  ...Array.from({ length: 24 }, (_, index) => -0.75 + index * 0.25),
];

/** Bins around a threshold: coarse below, 6% wide from it up to five times. */
function exceedanceEdges(threshold: number): number[] {
  // The largest bin whose value does not exceed the threshold, whichever way it is compared.
  const at = Math.min(
    logBinOfValue(threshold),
    Math.floor(Math.log(threshold) / LOG_BIN_WIDTH + 1e-9),
  );
  const below = [-120, -80, -50, -30, -15, -6].map((offset) => at + offset);
  return [...below, ...Array.from({ length: 28 }, (_, index) => at + index * 3)];
}

/** Probability between neighbouring edges, put on the bin at its upper edge. */
function lognormalCells(edges: readonly number[], centre: number, sigma: number): Population {
  const upTo = (bin: number): number =>
    Math.exp(logNormalCdf(((bin + 0.5) * LOG_BIN_WIDTH - centre) / sigma));
  const cells: { bin: number; share: number }[] = [];
  let before = 0;
  for (const edge of edges) {
    const cumulative = upTo(edge);
    cells.push({ bin: edge, share: cumulative - before });
    before = cumulative;
  }
  cells.push({ bin: (edges.at(-1) ?? 0) + 3, share: 1 - before });
  return cells;
}
