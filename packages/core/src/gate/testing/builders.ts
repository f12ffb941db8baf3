import { assessGate } from "../assess-gate.ts";
import { DEFAULT_CONFIDENCE } from "../confidence.ts";
import type { Comparison, Criterion } from "../criterion.ts";
import type { MetricEvidence, StageExposure, StratumEvidence } from "../evidence.ts";
import { ALL_TRAFFIC } from "../evidence.ts";
import { METRIC_CATALOGUE } from "../metric-catalogue.ts";
import type { GateInput, GateReport } from "../verdict.ts";

/** A uniform number in [0, 1) from a seed: mulberry32, enough for simulations that must replay. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function criterion(
  metric: string,
  comparison: Comparison,
  rest: Partial<Criterion> = {},
): Criterion {
  return {
    id: metric,
    metric,
    comparison,
    withinSeconds: null,
    perSlice: false,
    onInconclusive: "hold",
    onNoData: "hold",
    onError: "hold",
    ...rest,
  };
}

export const QUALITY = criterion("quality", { kind: "relative", hold: 0.05, rollback: 0.1 });
export const EDIT_RATE = criterion("edit_rate", { kind: "difference", hold: 0.01, rollback: 0.02 });

/** Counts of a binary cell. */
export function rate(events: number, total: number) {
  const bins: Record<string, number> = {};
  if (total > events) bins["0"] = total - events;
  if (events > 0) bins["100"] = events;
  return { bins };
}

export function stratum(rest: Partial<StratumEvidence>): StratumEvidence {
  return {
    stageIndex: 0,
    propensityBps: 0,
    baseline: { bins: {} },
    candidate: { bins: {} },
    pairs: { joint: {} },
    ...rest,
  };
}

/** Draws `n` pairs of bins. */
export function drawPairs(n: number, draw: () => readonly [number, number]): StratumEvidence {
  const joint: Record<string, number> = {};
  for (let index = 0; index < n; index += 1) {
    const key = draw().join(":");
    joint[key] = (joint[key] ?? 0) + 1;
  }
  return stratum({ pairs: { joint } });
}

export function evidenceOf(
  metric: string,
  strata: readonly StratumEvidence[],
  slice: string = ALL_TRAFFIC,
): MetricEvidence {
  return { metric, slice, strata };
}

export type GateParts = Partial<Omit<GateInput, "evidence">> & {
  readonly evidence?: readonly MetricEvidence[];
  readonly exposures?: readonly StageExposure[];
  readonly nextShareBps?: number;
};

export function gateInput(parts: GateParts): GateInput {
  const { evidence = [], exposures = [], nextShareBps = 10_000, ...rest } = parts;
  return {
    criteria: [QUALITY],
    metrics: METRIC_CATALOGUE,
    slices: [],
    confidence: DEFAULT_CONFIDENCE,
    stage: {
      index: 0,
      kind: "shadow",
      shareBps: 0,
      nextShareBps,
      observationsPerHour: null,
    },
    ...rest,
    evidence: { metrics: evidence, exposures },
  };
}

export function gate(parts: GateParts): GateReport {
  return assessGate(gateInput(parts));
}

export function exposure(rest: Partial<StageExposure>): StageExposure {
  return {
    stageIndex: 0,
    propensityBps: 0,
    baseline: 0,
    candidate: 0,
    pairs: 0,
    excluded: {},
    lastObservedAtMs: null,
    ...rest,
  };
}
