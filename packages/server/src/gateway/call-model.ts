import type { Attempt, AttemptTarget, FailedAttempt } from "@spillway/core";
import { AppError, isJsonObject, nextAttempt, unreachable } from "@spillway/core";
import type {
  Clock,
  ModelReply,
  ModelRequest,
  ModelTransport,
  ProviderFailure,
  Wall,
} from "../ports.ts";
import { linkedController, orStopped, startWatchdog, stopOf } from "./call-stop.ts";
import type { Watchdog } from "./call-stop.ts";
import { usageOf } from "./chat-frame.ts";
import type { AnswerFacts } from "./chat-meter.ts";
import { NO_FACTS } from "./chat-meter.ts";
import type { GatewayLimits } from "./limits.ts";
import { connectionLost, failureOf, failureOfTimer } from "./provider-failure.ts";
import type { PreparedRequest } from "./provider-request.ts";
import type { ClientStream } from "./relay-stream.ts";
import { relayStream } from "./relay-stream.ts";

export type CallDeps = {
  readonly transports: ReadonlyMap<string, ModelTransport>;
  readonly clock: Clock;
  readonly wall: Wall;
  readonly limits: GatewayLimits;
  readonly random: () => number;
};

export type ModelCall = {
  readonly targets: readonly AttemptTarget[];
  readonly triesPerTarget?: number;
  readonly prepare: (releaseId: string) => PreparedRequest;
  readonly isStream: boolean;
  readonly wantsUsage: boolean;
  readonly expectedChoices: number;
  readonly client: ClientStream;
  /** Aborted with a CallStop when the client leaves or the gateway closes. */
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
};

export type CallEnd =
  | { readonly kind: "unary"; readonly reply: UnaryReply; readonly facts: AnswerFacts }
  | { readonly kind: "streamed"; readonly facts: AnswerFacts }
  | { readonly kind: "static"; readonly text: string }
  | {
      readonly kind: "truncated";
      readonly failure: ProviderFailure;
      readonly facts: AnswerFacts;
      readonly isErrorSent: boolean;
    }
  | { readonly kind: "failed"; readonly failure: ProviderFailure }
  /** It was sent nowhere: the request does not fit the release's prompt. */
  | { readonly kind: "refused"; readonly error: AppError }
  | { readonly kind: "cancelled"; readonly facts: AnswerFacts };

export type CallResult = {
  readonly end: CallEnd;
  readonly attempts: readonly Attempt[];
  /** The release of the last attempt; null if a static text answered. */
  readonly releaseId: string | null;
  readonly isFallback: boolean;
  readonly provider: string;
};

type UnaryReply = Extract<ModelReply, { kind: "unary" }>;
type StreamReply = Extract<ModelReply, { kind: "stream" }>;
type Tried = { readonly end: CallEnd; readonly target: string; readonly provider: string };

/** Makes attempts, as core plans them, until one has answered or none is left. */
export async function callModel(deps: CallDeps, call: ModelCall): Promise<CallResult> {
  const startMs = deps.wall.nowMs();
  const failed: FailedAttempt[] = [];
  const attempts: Attempt[] = [];
  let last: CallResult = noAttempt();
  const total = linkedController(call.signal);
  const deadline = startWatchdog(deps.wall, (stop) => total.controller.abort(stop));
  deadline.expect("total", call.deadlineMs);
  try {
    for (;;) {
      const next = nextAttempt({
        targets: call.targets,
        failed,
        elapsedMs: deps.wall.nowMs() - startMs,
        deadlineMs: call.deadlineMs,
        jitter: deps.random(),
        ...(call.triesPerTarget === undefined ? {} : { triesPerTarget: call.triesPerTarget }),
      });
      if (next.kind === "stop") return last;
      if (next.afterMs > 0 && !(await slept(deps.wall, next.afterMs, total.controller.signal))) {
        return { ...last, end: stoppedEnd(last.end, total.controller.signal) };
      }
      const attemptStartMs = deps.clock.nowMs();
      const tried = await tryTarget(deps, call, {
        target: next.target,
        hasAlternative: call.targets.length > next.targetIndex + 1,
        signal: total.controller.signal,
      });
      attempts.push(attemptOf(tried, deps.clock.nowMs() - attemptStartMs));
      last = resultOf(tried, next.target, attempts);
      if (tried.end.kind !== "failed") return last;
      failed.push({
        targetIndex: next.targetIndex,
        failureClass: tried.end.failure.class,
        retryAfterMs: tried.end.failure.retryAfterMs,
      });
    }
  } finally {
    deadline.stop();
    total.release();
  }
}

type Try = {
  readonly target: AttemptTarget;
  readonly hasAlternative: boolean;
  readonly signal: AbortSignal;
};

async function tryTarget(deps: CallDeps, call: ModelCall, attempt: Try): Promise<Tried> {
  const { target } = attempt;
  if (target.kind === "static") {
    return { end: { kind: "static", text: target.text }, target: "static", provider: "static" };
  }
  const prepared = call.prepare(target.releaseId);
  if (prepared.kind !== "ready") return unprepared(target, prepared);
  const { request } = prepared;
  const named = { target: `${request.provider}/${request.modelId}`, provider: request.provider };
  const transport = deps.transports.get(request.provider);
  if (transport === undefined) {
    const message = `no provider named "${request.provider}" is configured`;
    return { ...named, end: { kind: "failed", failure: failureOf("not_found", message) } };
  }
  const { controller, release } = linkedController(attempt.signal);
  const watchdog = startWatchdog(deps.wall, (stop) => controller.abort(stop));
  try {
    const sent = { transport, request, watchdog, signal: controller.signal };
    const end = await sendAttempt(deps, call, { ...sent, hasAlternative: attempt.hasAlternative });
    return { ...named, end };
  } finally {
    watchdog.stop();
    release();
  }
}

type SentAttempt = {
  readonly transport: ModelTransport;
  readonly request: ModelRequest;
  readonly watchdog: Watchdog;
  readonly signal: AbortSignal;
  readonly hasAlternative: boolean;
};

async function sendAttempt(deps: CallDeps, call: ModelCall, sent: SentAttempt): Promise<CallEnd> {
  const { limits, wall } = deps;
  const sentAtMs = wall.nowMs();
  if (call.isStream) sent.watchdog.expect("headers", limits.headersMs);
  else if (sent.hasAlternative) sent.watchdog.expect("answer", limits.unaryWithFallbackMs);
  const reply = await replyOf(sent);
  switch (reply.kind) {
    case "failure":
      return failedEnd(reply, sent.signal);
    case "unary":
      return { kind: "unary", reply, facts: factsOf(reply) };
    case "stream":
      return streamEnd(deps, call, { ...sent, reply, sentAtMs });
    default:
      return unreachable(reply);
  }
}

async function streamEnd(
  deps: CallDeps,
  call: ModelCall,
  sent: SentAttempt & { readonly reply: StreamReply; readonly sentAtMs: number },
): Promise<CallEnd> {
  const { limits, wall } = deps;
  const { reply } = sent;
  const limitMs = sent.hasAlternative ? limits.firstContentWithFallbackMs : limits.firstContentMs;
  // From the sending of the request: late headers leave less time for the first content.
  sent.watchdog.expect("first content", Math.max(0, limitMs - (wall.nowMs() - sent.sentAtMs)));
  const result = await relayStream({
    chunks: reply.chunks,
    headers: reply.headers,
    wantsUsage: call.wantsUsage,
    expectedChoices: call.expectedChoices,
    client: call.client,
    clock: deps.clock,
    limits,
    watchdog: sent.watchdog,
    signal: sent.signal,
  });
  return result.kind === "finished" ? { ...result, kind: "streamed" } : result;
}

/** A transport never throws for what a provider does; what it throws when aborted is the abort. */
async function replyOf(sent: SentAttempt): Promise<ModelReply> {
  try {
    return await orStopped(sent.transport.send(sent.request, sent.signal), sent.signal);
  } catch (cause) {
    if (!sent.signal.aborted) throw cause;
    return connectionLost("stopped");
  }
}

function failedEnd(failure: ProviderFailure, signal: AbortSignal): CallEnd {
  return signal.aborted
    ? stoppedEnd({ kind: "failed", failure }, signal)
    : { kind: "failed", failure };
}

/** What a failure really was, when this side had stopped the attempt. */
function stoppedEnd(end: CallEnd, signal: AbortSignal): CallEnd {
  const stop = stopOf(signal);
  if (stop === null) return end;
  return stop.kind === "timer"
    ? { kind: "failed", failure: failureOfTimer(stop) }
    : { kind: "cancelled", facts: NO_FACTS };
}

function factsOf(reply: UnaryReply): AnswerFacts {
  const choices = reply.body["choices"];
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const message = isJsonObject(first) ? first["message"] : undefined;
  const content = isJsonObject(message) ? message["content"] : undefined;
  const reason = isJsonObject(first) ? first["finish_reason"] : undefined;
  const model = reply.body["model"];
  return {
    ...NO_FACTS,
    text: typeof content === "string" ? content : null,
    modelServed: typeof model === "string" ? model : null,
    finishReason: typeof reason === "string" ? reason : null,
    usage: usageOf(reply.body["usage"]),
  };
}

function unprepared(
  target: Extract<AttemptTarget, { kind: "release" }>,
  prepared: Exclude<PreparedRequest, { kind: "ready" }>,
): Tried {
  const named = { target: target.releaseId, provider: target.releaseId };
  const error = errorOf(prepared);
  if (!target.isFallback) return { ...named, end: { kind: "refused", error } };
  // The caller is told of the failure that made a fallback necessary, not of the fallback's own.
  const message = `release ${target.releaseId} cannot be served: ${error.message}`;
  return { ...named, end: { kind: "failed", failure: failureOf("not_found", message) } };
}

function errorOf(prepared: Exclude<PreparedRequest, { kind: "ready" }>): AppError {
  if (prepared.kind === "limit_exceeded") return new AppError("invalid_request", prepared.reason);
  const { name } = prepared;
  return new AppError(
    "variable_missing",
    `The prompt needs the variable "${name}". Wanted it in \`metadata.${name}\`.`,
    { details: { param: `metadata.${name}` } },
  );
}

function attemptOf(tried: Tried, durationMs: number): Attempt {
  const { end, target } = tried;
  const failure = end.kind === "failed" || end.kind === "truncated" ? end.failure : null;
  const cancelled = end.kind === "cancelled" ? "cancelled" : null;
  const refused = end.kind === "refused" ? end.error.message : null;
  const error = failure === null ? (cancelled ?? refused) : `${failure.class}: ${failure.message}`;
  return { target, outcome: error === null ? "ok" : "failed", error, durationMs };
}

function resultOf(tried: Tried, target: AttemptTarget, attempts: readonly Attempt[]): CallResult {
  return {
    end: tried.end,
    attempts: [...attempts],
    releaseId: target.kind === "release" ? target.releaseId : null,
    isFallback: target.kind === "static" || target.isFallback,
    provider: tried.provider,
  };
}

function noAttempt(): CallResult {
  const end: CallEnd = { kind: "failed", failure: failureOf("timeout", "no time was left") };
  return { end, attempts: [], releaseId: null, isFallback: false, provider: "none" };
}

async function slept(wall: Wall, durationMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wall.sleep(durationMs, signal);
    return true;
  } catch {
    // Woken by the signal: the client left or the time is up, which the caller looks up there.
    return false;
  }
}
