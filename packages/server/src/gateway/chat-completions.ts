import type { ServerResponse, IncomingMessage } from "node:http";
import type { FeatureRoute, GatewayKey, ServableRelease, Snapshot } from "@spillway/core";
import { AppError, assign, exchangeId, invariant, planAttempts } from "@spillway/core";
import { mayCall } from "../http/gateway-key.ts";
import { readBody } from "../http/read-body.ts";
import { SSE_HEADERS, writeBounded } from "../http/reply.ts";
import type { CallContext } from "./build-exchange.ts";
import { callModel } from "./call-model.ts";
import { CallStop } from "./call-stop.ts";
import type { ChatRequest } from "./chat-request.ts";
import { parseChatRequest } from "./chat-request.ts";
import type { ReplyDeps } from "./chat-reply.ts";
import { finishReply } from "./chat-reply.ts";
import type { PreparedRequest } from "./provider-request.ts";
import { prepareRequest } from "./provider-request.ts";
import type { ClientStream } from "./relay-stream.ts";

export type ChatCall = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly snapshot: Snapshot;
  readonly key: GatewayKey;
  /** Aborted when the gateway closes and its patience is over. */
  readonly shutdown: AbortSignal;
};

/** Answers later than the client's own time limit are for nobody. */
const CLIENT_TIMEOUT_MARGIN_MS = 1_000;
const SHORTEST_DEADLINE_MS = 1_000;

/**
 * `POST /v1/chat/completions`: parse, assign, render, call, record, reply. Throws AppError for what is
 * wrong before an arm was assigned; from then on there is an exchange, whatever happens.
 */
export async function handleChatCompletion(deps: ReplyDeps, call: ChatCall): Promise<void> {
  const startedAtMs = deps.clock.nowMs();
  const bytes = await readBody(call.request, deps.limits.maxBodyBytes);
  const chat = parseChatRequest({
    bytes,
    headers: call.request.headers,
    requestId: call.requestId,
  });
  const context = contextOf(deps, call, { chat, startedAtMs });
  call.response.setHeader("x-spillway-exchange", context.id);
  const { signal, release } = clientSignal(call);
  try {
    const result = await callModel(deps, {
      targets: planAttempts(context.route, context.release.id),
      prepare: (releaseId) => prepareFrom(call.snapshot, chat, releaseId),
      isStream: chat.isStream,
      wantsUsage: chat.wantsUsage,
      expectedChoices: chat.expectedChoices,
      client: clientStreamOf(call.response),
      signal,
      deadlineMs: deadlineOf(deps.limits.totalMs, chat),
    });
    await finishReply(deps, { context, response: call.response, result });
  } finally {
    release();
  }
}

function contextOf(
  deps: ReplyDeps,
  { snapshot, key }: ChatCall,
  { chat, startedAtMs }: { readonly chat: ChatRequest; readonly startedAtMs: number },
): CallContext {
  const route = routeOf(snapshot, chat.featureKey);
  if (!mayCall(key, route.key)) {
    throw new AppError("forbidden", `The key may not call the feature "${route.key}".`);
  }
  const outcome = assign(route, chat.context);
  if (outcome.kind === "unit_missing") throw unitMissing(route, outcome.unit);
  const { assignment } = outcome;
  const isCandidate = assignment.arm === "candidate" && route.rollout !== null;
  const release = releaseOf(snapshot, isCandidate ? route.rollout.candidate : route.baseline);
  const id = exchangeId(deps.ids.next("exch"));
  return { id, chat, route, snapshot, assignment, release, startedAtMs };
}

function routeOf(snapshot: Snapshot, key: string): FeatureRoute {
  const route = Object.hasOwn(snapshot.features, key) ? snapshot.features[key] : undefined;
  if (route !== undefined) return route;
  throw new AppError(
    "feature_not_found",
    `There is no feature "${key}". \`model\` takes the key of a feature; GET /v1/models lists them.`,
    { details: { param: "model" } },
  );
}

/** A fallback that the snapshot lacks must not turn a provider's failure into one of ours. */
function prepareFrom(snapshot: Snapshot, chat: ChatRequest, releaseId: string): PreparedRequest {
  const release = snapshot.releases[releaseId];
  return release === undefined
    ? { kind: "limit_exceeded", reason: `the snapshot does not hold ${releaseId}` }
    : prepareRequest(chat, release);
}

function releaseOf(snapshot: Snapshot, id: string): ServableRelease {
  const release = snapshot.releases[id];
  invariant(release, `the snapshot ${snapshot.revision} has the release ${id} that it routes to`);
  return release;
}

function unitMissing(route: FeatureRoute, unit: string): AppError {
  const isAttribute = route.assignment.unit === "attribute";
  const where = isAttribute
    ? `\`metadata.${unit}\``
    : `the header \`x-spillway-${unit}\` or \`metadata.${unit}\``;
  return new AppError(
    "assignment_unit_missing",
    `"${route.key}" is assigned by ${unit}, and the request names none. Wanted ${where}.`,
    { details: { param: `metadata.${unit}` } },
  );
}

function deadlineOf(totalMs: number, chat: ChatRequest): number {
  if (chat.clientTimeoutMs === null) return totalMs;
  const within = Math.max(SHORTEST_DEADLINE_MS, chat.clientTimeoutMs - CLIENT_TIMEOUT_MARGIN_MS);
  return Math.min(totalMs, within);
}

function clientStreamOf(response: ServerResponse): ClientStream {
  return {
    begin: (providerHeaders) => {
      const upstreamId = providerHeaders["x-request-id"];
      response.writeHead(200, {
        ...SSE_HEADERS,
        ...(upstreamId === undefined ? {} : { "x-upstream-request-id": upstreamId }),
      });
    },
    write: (bytes) => writeBounded(response, bytes),
  };
}

/** Aborted when the client leaves before its reply has ended, or at a shutdown. */
function clientSignal({ response, shutdown }: ChatCall): {
  readonly signal: AbortSignal;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const onClose = (): void => {
    if (!response.writableEnded) controller.abort(new CallStop({ kind: "client_left" }));
  };
  const onShutdown = (): void => controller.abort(shutdown.reason);
  response.once("close", onClose);
  if (response.destroyed) onClose();
  shutdown.addEventListener("abort", onShutdown, { once: true });
  return {
    signal: controller.signal,
    release: () => {
      response.off("close", onClose);
      shutdown.removeEventListener("abort", onShutdown);
    },
  };
}
