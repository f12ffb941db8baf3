import type { MetricDefinition, Strategy } from "@spillway/core";
import { ALL_TRAFFIC, assessGate, emptyCell } from "@spillway/core";
import { recordedPairs } from "./recorded-metrics.ts";
import type { TrafficItem } from "./traffic.ts";

/** How a metric moved between the two versions, over all pairs of the recording. */
export type OperationalMove = {
  /** In the metric's unit. */
  readonly baseline: number;
  readonly candidate: number;
  /** Relative to the baseline, 0.1 is 10% more; null where the baseline shows 0. */
  readonly change: number | null;
  /** Anytime-valid interval of the change at level 1 - alpha; null where the gate gives none. */
  readonly low: number | null;
  readonly high: number | null;
  readonly pairs: number;
};

const REPORTED = ["format_valid", "latency_p50", "latency_p95", "tokens_per_call", "cost_per_call"];

/** Format, latency, tokens and cost of a pair, as the gate's own report reads them; no decision rests on it. */
export function operationalMoves(
  items: readonly TrafficItem[],
  metrics: readonly MetricDefinition[],
  confidence: Strategy["confidence"],
): Readonly<Record<string, OperationalMove>> {
  const moves = metrics.flatMap((metric) => {
    if (!REPORTED.includes(metric.name)) return [];
    const move = moveOf(items, metric, confidence);
    return move === null ? [] : [[metric.name, move] as const];
  });
  return Object.fromEntries(moves);
}

function moveOf(
  items: readonly TrafficItem[],
  metric: MetricDefinition,
  confidence: Strategy["confidence"],
): OperationalMove | null {
  const report = assessGate({
    // The levels only aim the tests, which nobody reads here.
    criteria: [
      {
        id: metric.name,
        metric: metric.name,
        comparison: { kind: "relative", hold: 0.05, rollback: 0.1 },
        withinSeconds: null,
        perSlice: false,
        onInconclusive: "hold",
        onNoData: "hold",
        onError: "hold",
      },
    ],
    metrics: [metric],
    slices: [],
    evidence: {
      metrics: [
        {
          metric: metric.name,
          slice: ALL_TRAFFIC,
          strata: [
            {
              stageIndex: 0,
              propensityBps: 0,
              baseline: emptyCell(),
              candidate: emptyCell(),
              pairs: recordedPairs(items, metric),
            },
          ],
        },
      ],
      exposures: [],
    },
    confidence,
    stage: {
      index: 0,
      kind: "shadow",
      shareBps: 0,
      nextShareBps: 10_000,
      observationsPerHour: null,
    },
  });
  const verdict = report.verdicts[0];
  if (verdict === undefined || verdict.baselineMean === null || verdict.candidateMean === null) {
    return null;
  }
  const { baselineMean, candidateMean, interval, observations } = verdict;
  const isHarmUp = metric.direction === "lower_is_better";
  const ends = interval === null ? null : [interval.low, interval.high];
  // Harm is counted in the harmful direction; people want to see which way the metric went.
  const moved = isHarmUp ? ends : (ends?.map((end) => 0 - end).toReversed() ?? null);
  return {
    baseline: baselineMean,
    candidate: candidateMean,
    change: baselineMean > 0 ? candidateMean / baselineMean - 1 : null,
    low: moved?.[0] ?? null,
    high: moved?.[1] ?? null,
    pairs: observations.pairs,
  };
}
