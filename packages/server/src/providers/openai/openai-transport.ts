import { isJsonObject } from "@spillway/core";
import type { JsonObject } from "@spillway/core";
import { Agent, request as send } from "undici";
import type { Dispatcher } from "undici";
import type { ModelReply, ModelRequest, ModelTransport, Wall } from "../../ports.ts";
import { classifyResponse, classifyThrown } from "./classify-response.ts";

export type OpenAiTransportOptions = {
  /** The provider's name in a release's model. */
  readonly name: string;
  /** As clients write it, with the /v1: "https://api.openai.com/v1". */
  readonly baseUrl: string;
  /** Null for servers that ask for none. */
  readonly apiKey: string | null;
  readonly wall: Wall;
  readonly maxConnections?: number;
};

export type OpenAiTransport = ModelTransport & { readonly close: () => Promise<void> };

type Headers = Readonly<Record<string, string>>;
type Body = Dispatcher.ResponseData["body"];

const CONNECT_TIMEOUT_MS = 5_000;
/** A backstop only: the gateway's own timers know the feature and end a call long before. */
const BACKSTOP_MS = 660_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 1024 * 1024;
/** What may be left of a finished stream to keep its connection. */
const MAX_DRAINED_BYTES = 64 * 1024;
const PASSED_ON = ["x-request-id", "openai-processing-ms", "openai-version"];

/**
 * Any endpoint that speaks the OpenAI protocol. Sends its own headers and none of the client's: neither
 * the gateway's key nor what the client tells of itself is the provider's business.
 */
export function createOpenAiTransport(options: OpenAiTransportOptions): OpenAiTransport {
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, noDelay: true },
    headersTimeout: BACKSTOP_MS,
    bodyTimeout: BACKSTOP_MS,
    connections: options.maxConnections ?? null,
  });
  const url = `${options.baseUrl.replace(/\/+$/, "")}/chat/completions`;
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    // The bytes of a stream are passed on as they come, so they must not come compressed.
    "accept-encoding": "identity",
    ...(options.apiKey === null ? {} : { authorization: `Bearer ${options.apiKey}` }),
  };

  async function sendRequest(request: ModelRequest, signal: AbortSignal): Promise<ModelReply> {
    try {
      const response = await send(url, {
        method: "POST",
        headers,
        body: JSON.stringify(request.body),
        dispatcher: agent,
        signal,
      });
      return withoutSecret(await replyOf(response, request, options.wall), options.apiKey);
    } catch (cause) {
      return classifyThrown(cause);
    }
  }

  return { send: sendRequest, close: () => agent.close() };
}

/** Some servers repeat the key that they refuse; failures are stored, logged and shown. */
function withoutSecret(reply: ModelReply, secret: string | null): ModelReply {
  if (secret === null || secret === "" || reply.kind !== "failure") return reply;
  const json = JSON.stringify(reply);
  const escaped = JSON.stringify(secret).slice(1, -1);
  return json.includes(escaped)
    ? (JSON.parse(json.replaceAll(escaped, "[redacted]")) as ModelReply)
    : reply;
}

async function replyOf(
  response: Dispatcher.ResponseData,
  request: ModelRequest,
  wall: Wall,
): Promise<ModelReply> {
  const { statusCode: status, body } = response;
  const headers = flatHeaders(response.headers);
  const isOk = status >= 200 && status < 300;
  const isEventStream = headers["content-type"]?.startsWith("text/event-stream") === true;
  if (isOk && request.isStream && isEventStream) {
    return { kind: "stream", status, headers: passedOn(headers), chunks: chunksOf(body) };
  }
  const text = await readText(body, isOk ? MAX_ANSWER_BYTES : MAX_ERROR_BYTES);
  const answer = isOk && !request.isStream ? objectOf(text) : null;
  if (answer !== null && (answer["error"] ?? null) === null) {
    return { kind: "unary", status, headers: passedOn(headers), body: answer };
  }
  return classifyResponse({ status, headers, text, nowMs: wall.nowMs() });
}

/** Leaving early keeps the connection when little is left, and closes it otherwise. */
async function* chunksOf(body: Body): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      yield chunk as Uint8Array;
    }
  } finally {
    if (!body.destroyed) void body.dump({ limit: MAX_DRAINED_BYTES }).catch(() => undefined);
  }
}

async function readText(body: Body, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function objectOf(text: string): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? parsed : null;
  } catch {
    // A 200 that is no JSON is a failure like any other: "malformed", with another attempt.
    return null;
  }
}

function flatHeaders(headers: Dispatcher.ResponseData["headers"]): Headers {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, found]) => {
      const first = Array.isArray(found) ? found[0] : found;
      return first === undefined ? [] : [[name.toLowerCase(), first]];
    }),
  );
}

function passedOn(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => PASSED_ON.includes(name)));
}
