import type { JsonObject } from "@spillway/core";
import { isJsonObject } from "@spillway/core";
import type { ProviderFailure } from "../../ports.ts";

type Headers = Readonly<Record<string, string>>;

/** A response that is no answer, as data for the attempt plan. */
export function classifyResponse(input: {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly nowMs: number;
}): ProviderFailure {
  const body = bodyOf(input.text);
  return {
    kind: "failure",
    class: classOfStatus(input.status),
    status: input.status,
    message: messageOf(body) ?? `HTTP ${input.status}`,
    body,
    retryAfterMs: retryAfterOf(input.headers, input.nowMs),
  };
}

/** Everything that went wrong below HTTP. Nothing had been answered, so another attempt is safe. */
export function classifyThrown(cause: unknown): ProviderFailure {
  const name = cause instanceof Error ? cause.name : "";
  const message = cause instanceof Error ? cause.message : String(cause);
  const isTimeout = name === "HeadersTimeoutError" || name === "BodyTimeoutError";
  return {
    kind: "failure",
    class: isTimeout ? "timeout" : "connection",
    status: null,
    message,
    body: null,
    retryAfterMs: null,
  };
}

function classOfStatus(status: number): ProviderFailure["class"] {
  if (status === 429) return "rate_limited";
  if (status === 401 || status === 403) return "unauthenticated";
  if (status === 404) return "not_found";
  if (status === 503 || status === 529) return "overloaded";
  if (status === 504) return "timeout";
  // 408 and 409 are about this try and not about the request; every client retries them.
  if (status >= 500 || status === 408 || status === 409) return "server_error";
  return status >= 400 ? "rejected" : "malformed";
}

function retryAfterOf(headers: Headers, nowMs: number): number | null {
  const precise = Number(headers["retry-after-ms"] ?? Number.NaN);
  if (Number.isFinite(precise) && precise >= 0) return precise;
  const text = headers["retry-after"];
  if (text === undefined) return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

function messageOf(body: JsonObject | null): string | null {
  const error = body?.["error"];
  if (typeof error === "string") return error;
  const message = isJsonObject(error) ? error["message"] : body?.["message"];
  return typeof message === "string" ? message : null;
}

function bodyOf(text: string): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? parsed : null;
  } catch {
    // An HTML page of a proxy: the status says enough, and the page is not passed on.
    return null;
  }
}
