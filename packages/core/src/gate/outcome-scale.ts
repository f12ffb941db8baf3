import { logBinOfValue, metricRange, TOP_BIN, valueOfBin, ZERO_BIN } from "./bins.ts";
import type { Comparison } from "./criterion.ts";
import type { ValueCounts } from "../statistics/contrast.ts";
import type { DecodedCell } from "./decoded-cell.ts";
import type { MetricDefinition } from "./metric.ts";

/**
 * How the bins of a metric become outcomes in [0, 1], the only thing the tests know. Every metric kind
 * is such a scale, which is why one set of tests serves all of them.
 */
export type OutcomeScale = {
  readonly candidate: ArmScale;
  readonly baseline: ArmScale;
  /** A value in the metric's unit is origin + span * outcome. */
  readonly origin: number;
  readonly span: number;
  /** Whether outcomes are only 0 and 1, so that counts of events say everything. */
  readonly isBinary: boolean;
  /** Guess of the baseline's mean outcome and of one outcome's variance; see `expected`. */
  readonly centre: number;
  readonly variance: number;
};

/** The outcomes of one arm. They have indexes, so that what is known of each fits in a table. */
export type ArmScale =
  /** Index 1 is an event: a bin of at least `firstEventBin`. */
  | { readonly kind: "events"; readonly firstEventBin: number }
  /** Index = floor(bin / binsPerOutcome) - firstGroup, at most the last one. */
  | {
      readonly kind: "values";
      readonly binsPerOutcome: number;
      readonly firstGroup: number;
      readonly outcomes: readonly number[];
    };

/** The outcome in [0, 1] with an index, or with the nearest one that there is. */
export function outcomeAt(arm: ArmScale, index: number): number {
  if (arm.kind === "events") return Math.min(1, Math.max(0, index));
  const last = arm.outcomes.length - 1;
  return arm.outcomes[Math.min(last, Math.max(0, index))] as number;
}

/** The outcome in [0, 1] of a bin. */
export function outcomeOfBin(arm: ArmScale, bin: number): number {
  if (arm.kind === "events") return bin >= arm.firstEventBin ? 1 : 0;
  return outcomeAt(arm, Math.floor(bin / arm.binsPerOutcome) - arm.firstGroup);
}

/** A cell's observations as outcomes in [0, 1]. */
export function valueCounts(arm: ArmScale, cell: DecodedCell): ValueCounts {
  if (arm.kind === "events") {
    const events = cell.countFrom(arm.firstEventBin);
    return { values: EVENT_OUTCOMES, counts: [cell.total - events, events] };
  }
  const { bins, counts } = cell.grouped(arm.binsPerOutcome);
  return {
    values: Array.from(bins, (group) => outcomeAt(arm, group - arm.firstGroup)),
    counts: [...counts],
  };
}

const EVENT_OUTCOMES: readonly number[] = [0, 1];

/** The arm of which only the largest outcome counts, as an event. */
export function largestOnly(arm: ArmScale): ArmScale {
  if (arm.kind === "events") return arm;
  const first = arm.outcomes.findIndex((outcome) => outcome >= 1);
  const group = arm.firstGroup + (first < 0 ? arm.outcomes.length : first);
  return { kind: "events", firstEventBin: group * arm.binsPerOutcome };
}

export type ScaleResult =
  | { readonly kind: "scale"; readonly scale: OutcomeScale }
  /** The metric kind cannot be tested with what is known; `reason` says what is missing. */
  | { readonly kind: "unsupported"; readonly method: string; readonly reason: string };

/**
 * Log bins of a heavy tail in one outcome: 2% wide. The mean of both arms is rounded alike, by at most 1%;
 * quantiles, whose levels would be blurred, count from the bins themselves.
 */
const BINS_PER_OUTCOME = 4;

/** A heavy tail is clipped at so many times the expected mean (statistics of costs and tokens). */
const CLIP_MULTIPLE = 20;

// Rates and scores cluster near their good end. The guess is only a default for `expected`.
const DEFAULT_CENTRE_HIGHER_IS_BETTER = 0.85;
const DEFAULT_CENTRE_LOWER_IS_BETTER = 0.1;
// Standard deviation 0.2 of a score in [0, 1].
const DEFAULT_SCORE_VARIANCE = 0.04;
// Variance of min(x, C)/C, C = 20 means, for a lognormal cost with sigma 1.2: 3.2/400.
const DEFAULT_CLIPPED_VARIANCE = 0.008;

/** The scale on which a metric is judged under a comparison. Depends on frozen inputs only. */
export function outcomeScale(metric: MetricDefinition, comparison: Comparison): ScaleResult {
  switch (metric.kind) {
    case "binary":
    case "bounded":
      return { kind: "scale", scale: boundedScale(metric) };
    case "heavy_tailed":
      return clippedScale(metric, comparison);
    case "quantile":
      return exceedanceScale(metric, comparison);
    default: {
      const unreachable: never = metric.kind;
      return unreachable;
    }
  }
}

const BINARY_ARM: ArmScale = { kind: "events", firstEventBin: TOP_BIN / 2 };
const SCORE_ARM: ArmScale = {
  kind: "values",
  binsPerOutcome: 1,
  firstGroup: 0,
  outcomes: Array.from({ length: TOP_BIN + 1 }, (_, bin) => bin / TOP_BIN),
};

function boundedScale(metric: MetricDefinition): OutcomeScale {
  const isBinary = metric.kind === "binary";
  const [origin, high] = isBinary ? [0, 1] : metricRange(metric);
  const span = high - origin;
  const isHigherBetter = metric.direction === "higher_is_better";
  const fallback = isHigherBetter
    ? DEFAULT_CENTRE_HIGHER_IS_BETTER
    : DEFAULT_CENTRE_LOWER_IS_BETTER;
  const expected = metric.expected;
  const centre = inside(expected === undefined ? fallback : (expected.value - origin) / span);
  const spread = expected?.spread;
  const scoreVariance = spread === undefined ? DEFAULT_SCORE_VARIANCE : (spread / span) ** 2;
  const arm: ArmScale = isBinary ? BINARY_ARM : SCORE_ARM;
  return {
    candidate: arm,
    baseline: arm,
    origin,
    span,
    isBinary,
    centre,
    variance: isBinary ? centre * (1 - centre) : scoreVariance,
  };
}

/**
 * min(x, C)/C with C fixed before the start: 20 expected means, or 20 limits when there is a limit and
 * no expectation. What is tested is the mean of the clipped value; both arms are clipped alike.
 */
function clippedScale(metric: MetricDefinition, comparison: Comparison): ScaleResult {
  const limit = comparison.kind === "limit" ? comparison.rollback : null;
  const typical = metric.expected?.value ?? limit;
  if (typical === null || !(typical > 0)) {
    return unsupported(metric, "the mean to expect of the baseline, which says where to clip");
  }
  const ceiling = CLIP_MULTIPLE * typical;
  const spread = metric.expected?.spread;
  const firstGroup = ZERO_BIN / BINS_PER_OUTCOME;
  // The last index stands for the ceiling and all beyond it.
  const size = Math.max(1, Math.floor(logBinOfValue(ceiling) / BINS_PER_OUTCOME) - firstGroup + 2);
  const outcomeOf = (index: number): number => {
    const first = (firstGroup + index) * BINS_PER_OUTCOME;
    const middle = index === 0 ? first : first + (BINS_PER_OUTCOME - 1) / 2;
    return Math.min(1, valueOfBin(metric, middle) / ceiling);
  };
  const arm: ArmScale = {
    kind: "values",
    binsPerOutcome: BINS_PER_OUTCOME,
    firstGroup,
    outcomes: Array.from({ length: size }, (_, index) => outcomeOf(index)),
  };
  const scale: OutcomeScale = {
    candidate: arm,
    baseline: arm,
    origin: 0,
    span: ceiling,
    isBinary: false,
    centre: inside(typical / ceiling),
    variance: spread === undefined ? DEFAULT_CLIPPED_VARIANCE : (spread / ceiling) ** 2,
  };
  return { kind: "scale", scale };
}

/** Exceedances of a limit: "p95 is at most 2.5 s" is "at most 5% of values exceed 2.5 s". */
function exceedanceScale(metric: MetricDefinition, comparison: Comparison): ScaleResult {
  const quantile = metric.quantile;
  if (quantile === undefined || !(quantile > 0 && quantile < 1)) {
    return unsupported(metric, "which quantile it is about");
  }
  if (metric.direction !== "lower_is_better") {
    return unsupported(metric, "a direction in which lower is better");
  }
  // Moves against the baseline have thresholds of their own, see quantile-move.ts; what is set here
  // only serves their planning.
  const threshold = comparison.kind === "limit" ? comparison.rollback : metric.expected?.value;
  if (threshold === undefined || !(threshold > 0)) {
    return unsupported(metric, "a limit, or the baseline's quantile frozen before the start");
  }
  const nearest = logBinOfValue(threshold);
  const firstEventBin = valueOfBin(metric, nearest) > threshold ? nearest : nearest + 1;
  const arm: ArmScale = { kind: "events", firstEventBin };
  const centre = inside((1 - quantile) / 2);
  const scale: OutcomeScale = {
    candidate: arm,
    baseline: arm,
    origin: 0,
    span: 1,
    isBinary: true,
    centre,
    variance: centre * (1 - centre),
  };
  return { kind: "scale", scale };
}

function unsupported(metric: MetricDefinition, reason: string): ScaleResult {
  return { kind: "unsupported", method: `unsupported:${metric.kind}`, reason };
}

function inside(share: number): number {
  return Math.min(0.999, Math.max(0.001, share));
}
