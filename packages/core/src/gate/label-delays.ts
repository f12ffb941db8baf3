import type { Criterion } from "./criterion.ts";
import type { TimedEvidence } from "./evidence.ts";
import { ALL_TRAFFIC } from "./evidence.ts";
import type { MetricDefinition } from "./metric.ts";
import { readCell } from "./read-cell.ts";
import type { GateInput, LabelDelay } from "./verdict.ts";

/** Every counted request has a number for it, with its answer: what requests are counted by in time. */
const EXPOSED_METRIC = "error_rate";

const BLOCKS_PER_DELAY = 8;
const MINUTE_SECONDS = 60;

/** The evidence by time that the delays of the judged metrics need, each once. */
export function delayNeeds(
  criteria: readonly Pick<Criterion, "metric">[],
  metrics: readonly MetricDefinition[],
): readonly {
  readonly metric: string;
  readonly blockSeconds: number;
  readonly withinSeconds: null;
}[] {
  const lengths = delayedMetrics(criteria, metrics).map(({ delaySeconds }) =>
    blockSecondsOfDelay(delaySeconds),
  );
  return [...new Set(lengths)].map((blockSeconds) => ({
    metric: EXPOSED_METRIC,
    blockSeconds,
    withinSeconds: null,
  }));
}

/**
 * When the median counted request of the candidate was made, for each metric whose numbers come later:
 * where half of the requests are younger than a label takes, a promotion would rest on the answers that
 * people are quick about. Nothing without evidence by time.
 */
export function labelDelays(input: GateInput): readonly LabelDelay[] {
  const { timed } = input.evidence;
  if (timed === undefined) return [];
  return delayedMetrics(input.criteria, input.metrics).map(({ metric, delaySeconds }) => {
    const blockSeconds = blockSecondsOfDelay(delaySeconds);
    const entry = timed.find(
      (of) =>
        of.metric === EXPOSED_METRIC &&
        of.slice === ALL_TRAFFIC &&
        of.blockSeconds === blockSeconds,
    );
    const medianRequestAtMs = entry === undefined ? null : medianRequest(entry);
    return { metric, delaySeconds, medianRequestAtMs };
  });
}

function delayedMetrics(
  criteria: readonly Pick<Criterion, "metric">[],
  metrics: readonly MetricDefinition[],
): readonly { readonly metric: string; readonly delaySeconds: number }[] {
  const judged = new Set(criteria.map(({ metric }) => metric));
  return metrics.flatMap(({ name, expectedDelaySeconds = 0 }) =>
    judged.has(name) && expectedDelaySeconds > 0
      ? [{ metric: name, delaySeconds: expectedDelaySeconds }]
      : [],
  );
}

function blockSecondsOfDelay(delaySeconds: number): number {
  return Math.ceil(delaySeconds / BLOCKS_PER_DELAY / MINUTE_SECONDS) * MINUTE_SECONDS;
}

/** The end of the block that the median request is in, so that it is never taken for older. */
function medianRequest({ blocks, blockSeconds }: TimedEvidence): number | null {
  // Only answers that people got: nobody labels a shadow copy, and a ring is no sample.
  const counts = blocks.map(({ strata }) =>
    strata.reduce(
      (sum, { candidate, propensityBps }) =>
        propensityBps > 0 ? sum + readCell(candidate).total : sum,
      0,
    ),
  );
  const half = counts.reduce((sum, count) => sum + count, 0) / 2;
  let seen = 0;
  for (const [index, { startMs }] of blocks.entries()) {
    seen += counts[index] as number;
    if (seen > 0 && seen >= half) return startMs + blockSeconds * 1_000;
  }
  return null;
}
