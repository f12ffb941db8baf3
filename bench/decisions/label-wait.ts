import type { Criterion, MetricDefinition, TimedNeed } from "@spillway/core";
import { ALL_TRAFFIC, assessGate, DEFAULT_CONFIDENCE, timedNeeds } from "@spillway/core";
import type { TestedComparison } from "./running-gate.ts";

const MINUTE_MS = 60_000;

/**
 * Whether half of the candidate's requests are as old as a label takes, which a promotion waits for: the
 * gate says when the median one was made.
 */
export class LabelWait {
  readonly #criterion: Criterion;
  readonly #metric: MetricDefinition;
  readonly #need: TimedNeed;
  /** Requests of the candidate, by block of time. */
  readonly #requests: number[] = [];

  constructor(metric: MetricDefinition, comparison: TestedComparison) {
    this.#metric = metric;
    this.#criterion = {
      id: metric.name,
      metric: metric.name,
      comparison,
      withinSeconds: null,
      perSlice: false,
      onInconclusive: "hold",
      onNoData: "hold",
      onError: "hold",
    };
    const need = timedNeeds([this.#criterion], [metric])[0];
    if (need === undefined) throw new RangeError(`Labels of ${metric.name} come with the answer.`);
    this.#need = need;
  }

  add(minute: number, requests: number): void {
    const block = Math.floor(((minute - 1) * 60) / this.#need.blockSeconds);
    while (this.#requests.length <= block) this.#requests.push(0);
    this.#requests[block] = (this.#requests[block] as number) + requests;
  }

  isOver(minute: number): boolean {
    const { delays } = assessGate({
      criteria: [this.#criterion],
      metrics: [this.#metric],
      slices: [],
      evidence: { metrics: [], exposures: [], timed: [this.#timed()] },
      confidence: DEFAULT_CONFIDENCE,
      stage: {
        index: 0,
        kind: "ramp",
        shareBps: 1,
        nextShareBps: 10_000,
        observationsPerHour: null,
      },
    });
    return delays.every(
      ({ delaySeconds, medianRequestAtMs }) =>
        medianRequestAtMs !== null &&
        minute * MINUTE_MS - medianRequestAtMs >= delaySeconds * 1_000,
    );
  }

  #timed() {
    const { metric, blockSeconds } = this.#need;
    return {
      metric,
      slice: ALL_TRAFFIC,
      blockSeconds,
      blocks: this.#requests.map((requests, block) => ({
        startMs: block * blockSeconds * 1_000,
        strata: [
          {
            stageIndex: 0,
            propensityBps: 1,
            baseline: { bins: {} },
            candidate: { bins: { "0": requests } },
            pairs: { joint: {} },
          },
        ],
      })),
    };
  }
}
