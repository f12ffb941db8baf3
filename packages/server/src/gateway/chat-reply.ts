import type { ServerResponse } from "node:http";
import type { Exchange, JsonObject } from "@spillway/core";
import { unreachable } from "@spillway/core";
import { SSE_HEADERS, sendJson } from "../http/reply.ts";
import { openAiErrorFrame } from "../http/vendor-error.ts";
import type { ExchangeSink, Ids, Log } from "../ports.ts";
import type { CallContext } from "./build-exchange.ts";
import { buildExchange, factsOf } from "./build-exchange.ts";
import type { CallDeps, CallResult } from "./call-model.ts";
import { errorOfFailure } from "./provider-failure.ts";
import type { ShadowDispatcher } from "./shadow.ts";

export type ReplyDeps = CallDeps & {
  readonly sink: ExchangeSink;
  readonly shadow: Pick<ShadowDispatcher, "offer">;
  readonly ids: Ids;
  readonly log: Log;
};

type Reply = {
  readonly context: CallContext;
  readonly response: ServerResponse;
  readonly result: CallResult;
};

const DONE_FRAME = "data: [DONE]\n\n";

/**
 * The last act of a call: record, then end the reply, then offer the shadow. In this order, so that
 * whoever has a whole answer has a recorded one, even when the process is killed in between.
 */
export async function finishReply(deps: ReplyDeps, reply: Reply): Promise<void> {
  const { context, result } = reply;
  const exchange = buildExchange(context, result, deps.clock.nowMs());
  warnOfDroppedFrames(deps.log, exchange, result);
  warnOfFallback(deps.log, exchange);
  await record(deps, exchange);
  endReply(reply);
  deps.shadow.offer({ chat: context.chat, route: context.route, primary: exchange });
}

/** Throws the AppError of a call that nobody could answer: the edge has the words for it. */
function endReply({ context, response, result }: Reply): void {
  const { end } = result;
  switch (end.kind) {
    case "unary":
      return sendJson(response, {
        status: end.reply.status,
        body: end.reply.body,
        headers: upstreamId(end.reply.headers),
      });
    case "streamed":
      response.end(DONE_FRAME);
      return;
    case "static":
      return sendStatic(context, response, end.text);
    case "truncated":
      response.end(
        (end.isErrorSent ? "" : openAiErrorFrame(errorOfFailure(end.failure, result.provider))) +
          DONE_FRAME,
      );
      return;
    case "failed":
      throw errorOfFailure(end.failure, result.provider);
    case "refused":
      throw end.error;
    case "cancelled":
      // Nobody listens any more; at a shutdown the reset tells the client that this is no answer.
      response.destroy();
      return;
    default:
      return unreachable(end);
  }
}

/** A sink that fails must not cost the user the answer that is already there. */
async function record(deps: ReplyDeps, exchange: Exchange): Promise<void> {
  try {
    await deps.sink.record(exchange);
  } catch (cause) {
    deps.log.error("An exchange could not be recorded", { error: cause, exchange: exchange.id });
  }
}

function warnOfDroppedFrames(log: Log, exchange: Exchange, result: CallResult): void {
  const { droppedFrames } = factsOf(result.end);
  if (droppedFrames === 0) return;
  log.warn("A provider sent frames that are no chunks; they were dropped", {
    exchange: exchange.id,
    provider: result.provider,
    droppedFrames,
  });
}

/** The caller gets a 200 like any other, so this is where a person learns of it. */
function warnOfFallback(log: Log, exchange: Exchange): void {
  if (!exchange.isFallback) return;
  const failures = exchange.attempts.flatMap(({ target, error }) =>
    error === null ? [] : [`${target}: ${error.slice(0, 200)}`],
  );
  log.warn("The fallback answered", {
    feature: exchange.feature,
    exchange: exchange.id,
    failures: failures.slice(0, 5),
  });
}

/** The feature's declared text, in the shape in which a model would have said it. */
function sendStatic(context: CallContext, response: ServerResponse, text: string): void {
  const base = {
    id: `chatcmpl-${context.id}`,
    created: Math.floor(context.startedAtMs / 1_000),
    model: context.route.key,
  };
  if (!context.chat.isStream) {
    const message = { role: "assistant", content: text, refusal: null };
    const choices = [{ index: 0, message, finish_reason: "stop", logprobs: null }];
    return sendJson(response, {
      status: 200,
      body: { ...base, object: "chat.completion", choices },
    });
  }
  const frame = (delta: JsonObject, finishReason: string | null): string => {
    const choices = [{ index: 0, delta, finish_reason: finishReason, logprobs: null }];
    const chunk = { ...base, object: "chat.completion.chunk", choices };
    return `data: ${JSON.stringify(chunk)}\n\n`;
  };
  response.writeHead(200, SSE_HEADERS);
  response.end(
    frame({ role: "assistant", content: "" }, null) +
      frame({ content: text }, null) +
      frame({}, "stop") +
      DONE_FRAME,
  );
}

function upstreamId(headers: Readonly<Record<string, string>>): Record<string, string> {
  const id = headers["x-request-id"];
  return id === undefined ? {} : { "x-upstream-request-id": id };
}
