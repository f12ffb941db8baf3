import { metricRange } from "./bins.ts";
import type { Comparison } from "./criterion.ts";
import type { TestLevels } from "./harm-tests.ts";
import { stageMargin } from "./margin.ts";
import type { MetricDefinition } from "./metric.ts";

// A margin of the whole range is a null that any single observation refutes.
const LARGEST_SHARE_OF_RANGE = 0.9;

/** Hold, rollback and margin as tested at a stage. Depends on frozen inputs only. */
export function testLevels(
  comparison: Exclude<Comparison, { kind: "zero_tolerance" }>,
  metric: MetricDefinition,
  nextShareBps: number,
): TestLevels {
  const hold =
    comparison.kind === "limit"
      ? (comparison.hold ?? defaultLimitHold(comparison.rollback, metric))
      : comparison.hold;
  const margin = stageMargin(comparison, nextShareBps, hold);
  return {
    hold,
    rollback: comparison.rollback,
    margin: withinRange(comparison, metric, margin),
  };
}

/**
 * What makes a criterion untestable, in words, or null. A policy that was parsed has none of it; one that
 * was built by hand or read from an older store may, and must not turn into numbers that are none:
 * one NaN would poison the average over all rows and so hide a proven harm elsewhere.
 */
export function criterionDefect(
  comparison: Exclude<Comparison, { kind: "zero_tolerance" }>,
  metric: MetricDefinition,
): string | null {
  const [low, high] = metricRange(metric);
  if (!(Number.isFinite(high - low) && low < high)) return "a range whose ends are in order";
  const { rollback } = comparison;
  const hold = comparison.hold ?? defaultLimitHold(rollback, metric);
  if (!Number.isFinite(rollback) || !Number.isFinite(hold)) return "levels that are numbers";
  if (comparison.kind === "limit") {
    const isInOrder = metric.direction === "lower_is_better" ? hold < rollback : hold > rollback;
    return isInOrder && rollback > 0 ? null : "a positive limit beyond its hold level";
  }
  const neutral = comparison.kind === "ratio" ? 1 : 0;
  if (!(neutral <= hold && hold < rollback)) return "a hold level between no harm and rollback";
  if (comparison.kind === "ratio" && metric.direction === "higher_is_better") {
    return "a relative fall in place of a ratio, for more of it is better";
  }
  return null;
}

/**
 * Where a limit starts to hold when the policy does not say: half-way between what the baseline is
 * expected to show and the limit. Without a usable expectation, a quarter of the way from the limit to
 * the good end.
 */
function defaultLimitHold(limit: number, metric: MetricDefinition): number {
  const expected = metric.expected?.value;
  if (metric.direction === "lower_is_better") {
    const isUsable = expected !== undefined && expected < limit;
    return isUsable ? (expected + limit) / 2 : 0.75 * limit;
  }
  const best = metricRange(metric)[1];
  const isUsable = expected !== undefined && expected > limit;
  return isUsable ? (expected + limit) / 2 : limit + (best - limit) / 4;
}

function withinRange(comparison: Comparison, metric: MetricDefinition, margin: number): number {
  if (metric.kind !== "bounded" && metric.kind !== "binary") return margin;
  const [low, high] = metric.kind === "binary" ? [0, 1] : metricRange(metric);
  const most = LARGEST_SHARE_OF_RANGE * (high - low);
  if (comparison.kind === "difference") return Math.min(margin, most);
  if (comparison.kind !== "limit") return margin;
  return metric.direction === "lower_is_better"
    ? Math.min(margin, Math.max(low + most, comparison.rollback))
    : Math.max(margin, Math.min(high - most, comparison.rollback));
}
