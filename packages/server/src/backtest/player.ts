import type {
  Assignment,
  Exchange,
  FeatureKnowledge,
  FeatureRoute,
  MetricDefinition,
  ReleaseId,
  Rollout,
  RolloutEvidence,
  Scorer,
  StageExposure,
  Strategy,
} from "@spillway/core";
import {
  assign,
  BUCKETING_ALGORITHM,
  emptyEvidence,
  evaluateBatch,
  exchangeId,
  gateInputOf,
  invariant,
  isShadowed,
  judge,
  mergeEvidence,
  otherArm,
  releaseId,
  rolloutId,
  routeOf,
  stageObservationsOf,
  timedNeeds,
  withBatch,
} from "@spillway/core";
import { recordedValue } from "./recorded-metrics.ts";
import type { RecordedAnswer } from "./recordings.ts";
import type { TrafficItem } from "./traffic.ts";

/** What a player has come to: where the rollout stands, and what it was decided from. */
export type PlayedView = {
  readonly state: Rollout["state"]["kind"];
  /** Why it is held, as a word; null otherwise. */
  readonly code: string | null;
  /** The stage that it is in, or was in when it ended; null once it is complete. */
  readonly stageIndex: number | null;
  readonly reason: string;
  readonly culprit: { readonly metric: string; readonly slice: string } | null;
  /** Observations in the evidence: pairs and randomised answers of both arms. */
  readonly observations: number;
};

/** Plays requests against a rollout. One implementation decides in memory, one through the gateway. */
export type Player = {
  /** Serves a batch of requests that arrive now, and lets the system decide. */
  readonly play: (requests: readonly PlayedRequest[], nowMs: number) => Promise<PlayedView>;
  /** How many requests the candidate has answered to users. */
  readonly exposed: () => number;
};

export type PlayedRequest = {
  readonly requestId: string;
  readonly item: TrafficItem;
};

const BACKTEST_FEATURE = "backtest";
export const SLICE_ATTRIBUTE = "category";

/** Plays in memory: the core's own assignment, evaluation, gate and transition function, nothing else. */
export function createMemoryPlayer(options: {
  readonly strategy: Strategy;
  readonly metrics: readonly MetricDefinition[];
  readonly startMs: number;
  readonly salt: string;
}): Player {
  const { strategy } = options;
  const wanted = new Set(strategy.criteria.map((criterion) => criterion.metric));
  const metrics = options.metrics.filter((metric) => wanted.has(metric.name));
  let rollout = startedRollout(strategy, options.startMs);
  let evidence: RolloutEvidence = emptyEvidence();
  let exposed = 0;
  let reason = "";
  let culprit: PlayedView["culprit"] = null;
  const knowledge = knowledgeOfRecording(metrics);
  const needs = timedNeeds(strategy.criteria, metrics);

  return {
    exposed: () => exposed,
    play: async (requests, nowMs) => {
      const route = featureRoute(rollout, options.salt);
      const exchanges = requests.flatMap((request) => servedBy(route, request, nowMs));
      exposed += exchanges.filter((of) => of.role === "primary" && of.arm === "candidate").length;
      const primaries = new Map(
        exchanges.filter((of) => of.role === "primary").map((of) => [of.id, of]),
      );
      knowledge.remember(requests);
      const batch = evaluateBatch({ exchanges, primaries, knowledgeOf: () => knowledge });
      // Together first: merging each increment into all that is there would copy all of it each time.
      evidence = mergeEvidence(evidence, withBatch(emptyEvidence(), batch, needs));
      const judged = judge({
        rollout,
        event: { kind: "tick" },
        gate: gateInputOf(rollout, evidence, metrics),
        stageObservations: stageObservationsOf(rollout, evidence),
        nowMs,
      });
      const { outcome, report } = judged;
      reason = outcome.reason;
      if (report?.culprit) culprit = { metric: report.culprit.metric, slice: report.culprit.slice };
      if (outcome.kind === "decided") {
        const { next, approvals } = outcome;
        rollout = { ...rollout, state: next, approvals, version: rollout.version + 1 };
      }
      const { state } = rollout;
      return {
        state: state.kind,
        code: "code" in state ? state.code : null,
        stageIndex: "stageIndex" in state ? state.stageIndex : null,
        reason,
        culprit,
        observations: observationsIn(evidence.exposures),
      };
    },
  };
}

function startedRollout(strategy: Strategy, nowMs: number): Rollout {
  const pending: Rollout = {
    id: rolloutId("roll_backtest"),
    feature: BACKTEST_FEATURE,
    tier: 2,
    baseline: releaseId(BACKTEST_FEATURE, 1),
    candidate: releaseId(BACKTEST_FEATURE, 2),
    strategy,
    algorithm: BUCKETING_ALGORITHM,
    author: "backtest",
    createdAtMs: nowMs,
    state: { kind: "pending" },
    approvals: [],
    version: 0,
  };
  const event = { kind: "start", by: "backtest", note: "" } as const;
  const { outcome } = judge({ rollout: pending, event, gate: null, stageObservations: 0, nowMs });
  invariant(outcome.kind === "decided", "a pending rollout can be started");
  return { ...pending, state: outcome.next, version: 1 };
}

function featureRoute(rollout: Rollout, salt: string): FeatureRoute {
  return {
    key: BACKTEST_FEATURE,
    title: "Backtest",
    tier: rollout.tier,
    assignment: { unit: "request", attribute: null, onMissing: "error", salt },
    rules: [],
    slices: [SLICE_ATTRIBUTE],
    fallback: null,
    slaLatencyMs: null,
    isKilled: false,
    baseline: rollout.baseline,
    rollout: routeOf(rollout),
  };
}

/** The exchange that a request makes, and its shadow, as the gateway would record them. */
function servedBy(route: FeatureRoute, request: PlayedRequest, nowMs: number): Exchange[] {
  const { requestId, item } = request;
  const outcome = assign(route, {
    requestId,
    conversation: null,
    user: null,
    tenant: null,
    attributes: { item_id: item.itemId, [SLICE_ATTRIBUTE]: item.category },
  });
  invariant(outcome.kind === "assigned", "a request is its own unit");
  const primary = exchangeOf({
    route,
    item,
    assignment: outcome.assignment,
    id: requestId,
    nowMs,
  });
  if (!isShadowed(route, requestId)) return [primary];
  const arm = otherArm(primary.arm);
  const release =
    arm === "candidate" ? (route.rollout?.candidate ?? route.baseline) : route.baseline;
  const shadow: Exchange = {
    ...primary,
    id: exchangeId(`${requestId}/shadow`),
    shadowOf: primary.id,
    role: "shadow",
    arm,
    release,
    ...answerOf(item[arm]),
  };
  return [primary, shadow];
}

function exchangeOf(of: {
  readonly route: FeatureRoute;
  readonly item: TrafficItem;
  readonly assignment: Assignment;
  readonly id: string;
  readonly nowMs: number;
}): Exchange {
  const { route, item, assignment } = of;
  const { rollout } = route;
  const release: ReleaseId =
    assignment.arm === "candidate" && rollout !== null ? rollout.candidate : route.baseline;
  return {
    id: exchangeId(of.id),
    feature: route.key,
    release,
    arm: assignment.arm,
    role: "primary",
    shadowOf: null,
    rolloutId: rollout?.rolloutId ?? null,
    stageIndex: rollout?.stageIndex ?? null,
    propensityBps: rollout?.shareBps ?? null,
    assignmentReason: assignment.reason,
    isRandomised: assignment.isRandomised,
    isRepeat: false,
    isFallback: false,
    unit: assignment.unit,
    tenant: null,
    user: null,
    conversation: null,
    attributes: { item_id: item.itemId, [SLICE_ATTRIBUTE]: item.category },
    snapshotRevision: 0,
    startedAtMs: of.nowMs,
    outcome: "ok",
    errorCode: null,
    attempts: [],
    firstTokenMs: null,
    modelServed: null,
    finishReason: "stop",
    input: null,
    ...answerOf(item[assignment.arm]),
  };
}

type AnswerFields = Pick<
  Exchange,
  "latencyMs" | "inputTokens" | "outputTokens" | "costMicroUsd" | "output"
>;

/**
 * A latency that nobody recorded is not a number, so that it is no observation; 0 would be one. Where only
 * the answer's tokens were recorded, they are the call's: both versions were asked the same.
 */
function answerOf(answer: RecordedAnswer): AnswerFields {
  const { latencyMs, inputTokens = null, outputTokens = null, costUsd = null, output } = answer;
  return {
    latencyMs: latencyMs ?? Number.NaN,
    inputTokens: inputTokens ?? (outputTokens === null ? null : 0),
    outputTokens,
    costMicroUsd: costUsd === null ? null : costUsd * 1e6,
    output,
  };
}

type RecordingKnowledge = FeatureKnowledge & {
  readonly remember: (requests: readonly PlayedRequest[]) => void;
};

/** The recorded judgment of each answer stands in for the scorers that a feature would have. */
function knowledgeOfRecording(metrics: readonly MetricDefinition[]): RecordingKnowledge {
  const items = new Map<string, TrafficItem>();
  const scorerOf =
    (metric: string): Scorer =>
    (input) => {
      const exchange = input.exchange as Exchange;
      const answer = items.get(exchange.attributes["item_id"] ?? "")?.[exchange.arm];
      const value = answer === undefined ? null : recordedValue(metric, answer);
      return { metric, value, scorer: "recorded", note: null };
    };
  return {
    feature: { slices: [SLICE_ATTRIBUTE] },
    metrics,
    scorers: ["quality", "format_valid"].map(scorerOf),
    caseOf: () => null,
    remember: (requests) => {
      for (const { item } of requests) items.set(item.itemId, item);
    },
  };
}

/** Pairs, and answers of both arms where chance chose between them. */
export function observationsIn(exposures: readonly StageExposure[]): number {
  return exposures.reduce((sum, of) => {
    const isSplit = of.propensityBps > 0 && of.propensityBps < 10_000;
    return sum + of.pairs + (isSplit ? of.baseline + of.candidate : 0);
  }, 0);
}
