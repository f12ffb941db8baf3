import type { JsonObject } from "@spillway/core";
import { AppError, isJsonObject } from "@spillway/core";
import { Agent, request as send } from "undici";
import type { Dispatcher } from "undici";

/** A gateway's connection to the control plane. */
export type ControlClient = {
  /** Answers 2xx as JSON, else throws AppError: `invalid_request`, `body_too_large`, or unreachable. */
  readonly post: (path: string, body: JsonObject, signal?: AbortSignal) => Promise<JsonObject>;
  /** Null on 304. */
  readonly get: (
    path: string,
    options: { readonly etag: string | null; readonly signal: AbortSignal },
  ) => Promise<JsonObject | null>;
  /** Server-sent events, as bytes. */
  readonly subscribe: (path: string, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;
  readonly close: () => Promise<void>;
};

export type ControlClientOptions = {
  /** "http://127.0.0.1:8081" */
  readonly baseUrl: string;
  readonly token: string;
};

const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 15_000;
const MAX_BODY_BYTES = 256 * 1024 * 1024;

export function createControlClient(options: ControlClientOptions): ControlClient {
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, noDelay: true },
    headersTimeout: REQUEST_TIMEOUT_MS,
    bodyTimeout: REQUEST_TIMEOUT_MS,
  });
  const base = options.baseUrl.replace(/\/+$/, "");
  const headers = { authorization: `Bearer ${options.token}`, accept: "application/json" };

  async function post(path: string, body: JsonObject, signal?: AbortSignal): Promise<JsonObject> {
    const response = await send(base + path, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
      dispatcher: agent,
      ...(signal === undefined ? {} : { signal }),
    });
    return objectOf(response, path);
  }

  async function get(
    path: string,
    { etag, signal }: { readonly etag: string | null; readonly signal: AbortSignal },
  ): Promise<JsonObject | null> {
    const response = await send(base + path, {
      headers: { ...headers, ...(etag === null ? {} : { "if-none-match": etag }) },
      dispatcher: agent,
      signal,
    });
    if (response.statusCode === 304) {
      await response.body.dump();
      return null;
    }
    return objectOf(response, path);
  }

  async function subscribe(path: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const response = await send(base + path, {
      headers: { ...headers, accept: "text/event-stream" },
      dispatcher: agent,
      signal,
      // Silence is the normal state of this stream; polling notices when it is dead.
      bodyTimeout: 0,
    });
    if (response.statusCode !== 200) await objectOf(response, path);
    return response.body as AsyncIterable<Uint8Array>;
  }

  return { post, get, subscribe, close: () => agent.destroy() };
}

async function objectOf(response: Dispatcher.ResponseData, path: string): Promise<JsonObject> {
  const { statusCode } = response;
  const text = await readText(response.body);
  if (statusCode < 200 || statusCode >= 300) throw failure(path, statusCode, text);
  const parsed: unknown = JSON.parse(text);
  if (!isJsonObject(parsed)) {
    throw new AppError("internal", `${path} answered with something that is no object.`);
  }
  return parsed;
}

/** 400, 413 and 422 are about what was sent: the same again would be refused again. */
function failure(path: string, status: number, text: string): AppError {
  const message = `${path} answered ${status}: ${text.slice(0, 300)}`;
  if (status === 413) return new AppError("body_too_large", message);
  if (status === 400 || status === 422) return new AppError("invalid_request", message);
  if (status === 401 || status === 403) return new AppError("unauthenticated", message);
  return new AppError("overloaded", message);
}

async function readText(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new AppError("body_too_large", "The answer is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
