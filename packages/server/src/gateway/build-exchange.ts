import type {
  Assignment,
  Exchange,
  ExchangeId,
  ExchangeOutcome,
  FeatureRoute,
  ServableRelease,
  Snapshot,
} from "@spillway/core";
import { boundedExchange, unreachable } from "@spillway/core";
import type { CallEnd, CallResult } from "./call-model.ts";
import type { AnswerFacts } from "./chat-meter.ts";
import { NO_FACTS } from "./chat-meter.ts";
import type { ChatRequest } from "./chat-request.ts";
import { codeOfFailure } from "./provider-failure.ts";
import type { TokenUsage } from "./chat-frame.ts";

/** Everything that is known of a call before it is made. */
export type CallContext = {
  readonly id: ExchangeId;
  readonly chat: ChatRequest;
  readonly route: FeatureRoute;
  readonly snapshot: Snapshot;
  readonly assignment: Assignment;
  /** The release of the arm. */
  readonly release: ServableRelease;
  readonly startedAtMs: number;
};

/** The one wide record of a call that was answered, or should have been, to a user. */
export function buildExchange(
  context: CallContext,
  result: CallResult,
  endedAtMs: number,
): Exchange {
  const { chat, route, snapshot, assignment } = context;
  const facts = factsOf(result.end);
  const answered =
    result.releaseId === null
      ? context.release
      : (snapshot.releases[result.releaseId] ?? context.release);
  return boundedExchange({
    id: context.id,
    feature: route.key,
    release: answered.id,
    arm: assignment.arm,
    role: "primary",
    shadowOf: null,
    rolloutId: route.rollout?.rolloutId ?? null,
    stageIndex: route.rollout?.stageIndex ?? null,
    propensityBps: route.rollout?.shareBps ?? null,
    assignmentReason: assignment.reason,
    isRandomised: assignment.isRandomised,
    isRepeat: chat.isRepeat,
    isFallback: result.isFallback,
    unit: assignment.unit,
    unitKind: route.rollout?.unit ?? route.assignment.unit,
    tenant: chat.context.tenant,
    user: chat.context.user,
    conversation: chat.context.conversation,
    attributes: chat.context.attributes,
    snapshotRevision: snapshot.revision,
    startedAtMs: context.startedAtMs,
    ...outcomeOf(result.end),
    attempts: result.attempts,
    ...measuredOf({ facts, release: answered, startedAtMs: context.startedAtMs, endedAtMs }),
    input: chat.messages,
    output: result.end.kind === "static" ? result.end.text : facts.text,
  });
}

/** The other arm's answer to the same input, which nobody saw. */
export function buildShadowExchange(
  primary: Exchange,
  shadow: {
    readonly id: ExchangeId;
    readonly release: ServableRelease;
    readonly result: CallResult;
    readonly startedAtMs: number;
    readonly endedAtMs: number;
  },
): Exchange {
  const facts = factsOf(shadow.result.end);
  return boundedExchange({
    ...primary,
    id: shadow.id,
    release: shadow.release.id,
    arm: primary.arm === "baseline" ? "candidate" : "baseline",
    role: "shadow",
    shadowOf: primary.id,
    isFallback: false,
    startedAtMs: shadow.startedAtMs,
    ...outcomeOf(shadow.result.end),
    attempts: shadow.result.attempts,
    ...measuredOf({ ...shadow, facts }),
    output: facts.text,
  });
}

export function factsOf(end: CallEnd): AnswerFacts {
  return "facts" in end ? end.facts : NO_FACTS;
}

/** Null when the model has no price or the usage is not known: unknown is never free. */
function costMicroUsd(release: ServableRelease, usage: TokenUsage | null): number | null {
  const price = release.model.content.price;
  if (price === undefined || usage === null) return null;
  if (usage.inputTokens === null || usage.outputTokens === null) return null;
  const total =
    usage.inputTokens * price.inputMicroUsdPerMillion +
    usage.outputTokens * price.outputMicroUsdPerMillion;
  return Math.round(total / 1_000_000);
}

function outcomeOf(end: CallEnd): { outcome: ExchangeOutcome; errorCode: string | null } {
  switch (end.kind) {
    case "unary":
    case "streamed":
    case "static":
      return { outcome: "ok", errorCode: null };
    case "truncated":
      return { outcome: "truncated", errorCode: codeOfFailure(end.failure) };
    case "failed":
      return { outcome: "error", errorCode: codeOfFailure(end.failure) };
    case "refused":
      return { outcome: "error", errorCode: end.error.code };
    case "cancelled":
      return { outcome: "cancelled", errorCode: "cancelled" };
    default:
      return unreachable(end);
  }
}

function measuredOf(measured: {
  readonly facts: AnswerFacts;
  readonly release: ServableRelease;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}) {
  const { facts, startedAtMs } = measured;
  return {
    latencyMs: Math.max(0, measured.endedAtMs - startedAtMs),
    firstTokenMs:
      facts.firstContentAtMs === null ? null : Math.max(0, facts.firstContentAtMs - startedAtMs),
    inputTokens: facts.usage?.inputTokens ?? null,
    outputTokens: facts.usage?.outputTokens ?? null,
    costMicroUsd: costMicroUsd(measured.release, facts.usage),
    modelServed: facts.modelServed,
    finishReason: facts.finishReason,
  };
}
