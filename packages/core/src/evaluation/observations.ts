import { slicesOf } from "../feature/feature.ts";
import type { Feature } from "../feature/feature.ts";
import type { Exchange, Score } from "../exchange/exchange.ts";
import { ALL_TRAFFIC } from "../gate/evidence.ts";
import type { MetricDefinition } from "../gate/metric.ts";

/** One number about one exchange, ready to be binned: the only way in which evidence comes about. */
export type Observation = {
  readonly rolloutId: string;
  readonly stageIndex: number;
  readonly propensityBps: number;
  readonly arm: "baseline" | "candidate";
  readonly metric: string;
  readonly slice: string;
  readonly observed: number;
};

export type PairObservation = Omit<Observation, "arm" | "observed"> & {
  readonly baseline: number;
  readonly candidate: number;
};

/** Answers to a ring's members: chosen by name, so counted and never compared. */
export const RING_EXCLUSION = "ring";

export type ExclusionReason =
  typeof RING_EXCLUSION | "forced" | "repeat" | "fallback" | "cancelled" | "not_in_rollout";

/** Why an exchange is no evidence for a gate; null when it is. */
export function exclusionOf(exchange: Exchange): ExclusionReason | null {
  if (placeOf(exchange) === null) return "not_in_rollout";
  if (exchange.isRepeat) return "repeat";
  if (exchange.isFallback) return "fallback";
  if (exchange.outcome === "cancelled") return "cancelled";
  if (!exchange.isRandomised && exchange.role === "primary") {
    const isRing = exchange.assignmentReason === "ring" && exchange.arm === "candidate";
    return isRing ? RING_EXCLUSION : "forced";
  }
  return null;
}

/** What the gateway measured itself, as raw numbers by the metric catalogue's source names. */
function measuredOf(exchange: Exchange): Readonly<Record<string, number>> {
  const measured: Record<string, number> = {
    // A fallback answers because the arm's own release did not, whatever the caller then sees.
    error_rate: exchange.outcome === "ok" && !exchange.isFallback ? 0 : 1,
    fallback_rate: exchange.isFallback ? 1 : 0,
  };
  if (exchange.outcome !== "ok" || exchange.isFallback) return measured;
  measured["latency_ms"] = exchange.latencyMs;
  if (exchange.firstTokenMs !== null) measured["first_token_ms"] = exchange.firstTokenMs;
  if (exchange.costMicroUsd !== null) measured["cost_usd"] = exchange.costMicroUsd / 1e6;
  if (exchange.inputTokens !== null) measured["input_tokens"] = exchange.inputTokens;
  if (exchange.outputTokens !== null) measured["output_tokens"] = exchange.outputTokens;
  if (exchange.inputTokens !== null && exchange.outputTokens !== null) {
    measured["tokens"] = exchange.inputTokens + exchange.outputTokens;
  }
  return measured;
}

/** All numbers of one exchange: what was measured and what was scored, by source name. */
function numbersOf(exchange: Exchange, scores: readonly Score[]): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = { ...measuredOf(exchange) };
  for (const score of scores) {
    if (score.value !== null) numbers[score.metric] = score.value;
  }
  return numbers;
}

/** "*" and each slice that the exchange's attributes put it in. */
function slicesOfExchange(feature: Pick<Feature, "slices">, exchange: Exchange): string[] {
  return [ALL_TRAFFIC, ...slicesOf(feature, exchange.attributes)];
}

type Scored = {
  readonly feature: Pick<Feature, "slices">;
  readonly metrics: readonly MetricDefinition[];
  readonly exchange: Exchange;
  readonly scores: readonly Score[];
};

/**
 * What one answered exchange adds to the evidence: one observation for each metric that has a number
 * and each slice. None when `exclusionOf` names a reason (but harmful events in a ring, and the failure
 * behind a fallback's answer), and none for a shadow, which is evidence only beside the answer that it shadowed.
 */
export function observationsOf(input: Scored): Observation[] {
  const { exchange } = input;
  const place = placeOf(exchange);
  if (exchange.role !== "primary" || place === null) return [];
  const exclusion = exclusionOf(exchange);
  const isRing = exclusion === RING_EXCLUSION;
  if (exclusion !== null && !isRing && !isAnsweredFailure(exchange)) return [];
  // The text of a fallback is not the arm's, so its scores say nothing about the arm.
  const numbers = numbersOf(exchange, exchange.isFallback ? [] : input.scores);
  const slices = slicesOfExchange(input.feature, exchange);
  return input.metrics.flatMap((metric) => {
    const observed = numberOf(numbers, metric);
    if (observed === null || (isRing && !isHarmfulEvent(metric, observed))) return [];
    return slices.map((slice) => ({
      ...place,
      ...(isRing ? { propensityBps: NEVER_SAMPLED } : {}),
      arm: exchange.arm,
      metric: metric.name,
      slice,
      observed,
    }));
  });
}

/**
 * Where a fallback answered, the arm's own release did not: that, and only that, is evidence. Leaving it out
 * would leave out just the calls that a release cannot answer, and every feature of tier 1 and 2 has a
 * fallback.
 */
function isAnsweredFailure(exchange: Exchange): boolean {
  return exchange.isFallback && exchange.isRandomised && !exchange.isRepeat;
}

/**
 * What an answer and its shadow add: both numbers of each metric that both sides have. Which of them
 * is the candidate's depends on who answered, since after 100% the shadow is the previous release.
 * `error_rate` is always there, so that a candidate that only fails is seen in shadow too.
 */
export function pairObservationsOf(input: {
  readonly feature: Pick<Feature, "slices">;
  readonly metrics: readonly MetricDefinition[];
  readonly primary: Exchange;
  readonly shadow: Exchange;
  readonly primaryScores: readonly Score[];
  readonly shadowScores: readonly Score[];
}): PairObservation[] {
  const { primary, shadow } = input;
  const place = placeOf(primary);
  if (place === null || !isPair(primary, shadow)) return [];
  if (exclusionOf(primary) !== null || exclusionOf(shadow) !== null) return [];
  const primaryNumbers = numbersOf(primary, input.primaryScores);
  const shadowNumbers = numbersOf(shadow, input.shadowScores);
  const [baselineNumbers, candidateNumbers] =
    primary.arm === "baseline" ? [primaryNumbers, shadowNumbers] : [shadowNumbers, primaryNumbers];
  const slices = slicesOfExchange(input.feature, primary);
  return input.metrics.flatMap((metric) => {
    const baseline = numberOf(baselineNumbers, metric);
    const candidate = numberOf(candidateNumbers, metric);
    if (baseline === null || candidate === null) return [];
    return slices.map((slice) => ({ ...place, metric: metric.name, slice, baseline, candidate }));
  });
}

/**
 * A ring's members were picked by name. What they got may convict the candidate, for one harmful answer
 * is harmful wherever it fell, and can never acquit it: only such events are kept, and where no test
 * of a share looks (a share of 0 is no sample of anything).
 */
const NEVER_SAMPLED = 0;

function isHarmfulEvent(metric: MetricDefinition, observed: number): boolean {
  return metric.kind === "binary" && metric.direction === "lower_is_better" && observed > 0;
}

/** The same input, in the same stage of the same rollout, answered by the two arms. */
function isPair(primary: Exchange, shadow: Exchange): boolean {
  return (
    primary.role === "primary" &&
    shadow.role === "shadow" &&
    shadow.shadowOf === primary.id &&
    shadow.arm !== primary.arm &&
    shadow.rolloutId === primary.rolloutId &&
    shadow.stageIndex === primary.stageIndex
  );
}

function placeOf(
  exchange: Exchange,
): Pick<Observation, "rolloutId" | "stageIndex" | "propensityBps"> | null {
  const { rolloutId, stageIndex, propensityBps } = exchange;
  if (rolloutId === null || stageIndex === null || propensityBps === null) return null;
  return { rolloutId, stageIndex, propensityBps };
}

function numberOf(
  numbers: Readonly<Record<string, number>>,
  metric: MetricDefinition,
): number | null {
  const name = metric.source ?? metric.name;
  const found = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
  return found !== undefined && Number.isFinite(found) ? found : null;
}
