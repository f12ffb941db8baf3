import type { MetricDefinition, PairCell } from "@spillway/core";
import { binOfValue } from "@spillway/core";
import type { RecordedAnswer } from "./recordings.ts";
import type { TrafficItem } from "./traffic.ts";

/** What of a recorded answer is which metric of the catalogue, in the metric's unit. */
const VALUES: Readonly<Record<string, (answer: RecordedAnswer) => number | null | undefined>> = {
  quality: ({ score }) => score,
  format_valid: ({ isFormatValid }) =>
    typeof isFormatValid === "boolean" ? Number(isFormatValid) : null,
  latency_p50: ({ latencyMs }) => latencyMs,
  latency_p95: ({ latencyMs }) => latencyMs,
  latency_p99: ({ latencyMs }) => latencyMs,
  tokens_per_call: ({ inputTokens, outputTokens }) =>
    typeof outputTokens === "number" ? (inputTokens ?? 0) + outputTokens : null,
  cost_per_call: ({ costUsd }) => costUsd,
};

/** The metric's value of one answer; null where the recording does not have it. */
export function recordedValue(metric: string, answer: RecordedAnswer): number | null {
  return VALUES[metric]?.(answer) ?? null;
}

/** The metric of both answers to each item that has a value of it on both sides, in bins. */
export function recordedPairs(items: readonly TrafficItem[], metric: MetricDefinition): PairCell {
  const joint: Record<string, number> = {};
  for (const { baseline, candidate } of items) {
    const values = [baseline, candidate].map((answer) => recordedValue(metric.name, answer));
    const [left, right] = values.map((value) =>
      value === null ? null : binOfValue(metric, value),
    );
    if (left === null || right === null) continue;
    const bins = `${left}:${right}`;
    joint[bins] = (joint[bins] ?? 0) + 1;
  }
  return { joint };
}

/** Names of the metrics that the traffic has values of on both sides, be it of some items only. */
export function recordedMetrics(items: readonly TrafficItem[]): ReadonlySet<string> {
  const names = Object.keys(VALUES).filter((metric) =>
    items.some(
      ({ baseline, candidate }) =>
        recordedValue(metric, baseline) !== null && recordedValue(metric, candidate) !== null,
    ),
  );
  return new Set(names);
}

/**
 * The metrics with what is to be expected of the baseline, taken from all that it has answered in the
 * recording: what a feature's history is in production, frozen before the start.
 *
 * Only quantiles and heavy tails need it, as the threshold and the clip of their tests. It depends neither on
 * the order of the items, nor on who is assigned where, nor on the candidate, so it is a constant to the
 * chance that the tests are about; of a version beside itself it is symmetric in the two halves.
 */
export function withExpectations(
  metrics: readonly MetricDefinition[],
  history: Iterable<RecordedAnswer>,
): readonly MetricDefinition[] {
  const answers = [...history];
  return metrics.map((metric) => {
    if (metric.kind !== "quantile" && metric.kind !== "heavy_tailed") return metric;
    const values = answers.flatMap((answer) => recordedValue(metric.name, answer) ?? []);
    const expected = metric.kind === "quantile" ? quantileOf(metric, values) : momentsOf(values);
    return expected === null ? metric : { ...metric, expected };
  });
}

type Expected = NonNullable<MetricDefinition["expected"]>;

/** The smallest value with at least the metric's share of the values at or below it. */
function quantileOf({ quantile }: MetricDefinition, values: readonly number[]): Expected | null {
  if (quantile === undefined || values.length === 0) return null;
  const sorted = values.toSorted((left, right) => left - right);
  const value = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? 0;
  return value > 0 ? { value } : null;
}

function momentsOf(values: readonly number[]): Expected | null {
  if (values.length === 0) return null;
  const value = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0);
  return value > 0 ? { value, spread: Math.sqrt(squares / values.length) } : null;
}
