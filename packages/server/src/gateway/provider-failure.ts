import type { ErrorCode, JsonObject } from "@spillway/core";
import { AppError, unreachable } from "@spillway/core";
import type { ProviderFailure } from "../ports.ts";
import type { StopCause } from "./call-stop.ts";

export function connectionLost(message: string, cause?: unknown): ProviderFailure {
  const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return failureOf("connection", reason);
}

export function failureOfTimer(stop: Extract<StopCause, { kind: "timer" }>): ProviderFailure {
  return failureOf("timeout", `no ${stop.timer} within ${stop.afterMs} ms`);
}

export function failureOf(
  failureClass: ProviderFailure["class"],
  message: string,
): ProviderFailure {
  return {
    kind: "failure",
    class: failureClass,
    status: null,
    message,
    body: null,
    retryAfterMs: null,
  };
}

/**
 * A failure that came inside a stream, where there is no status: by the words in `code` and `type`, in
 * the order in which the AI SDK reads them.
 */
export function classifyInBandError(error: JsonObject): ProviderFailure {
  const words = [error["code"], error["type"]]
    .filter((word) => typeof word === "string" || typeof word === "number")
    .join(" ");
  const message = typeof error["message"] === "string" ? error["message"] : "error in the stream";
  return { ...failureOf(classOfWords(words), message), body: { error } };
}

/** What the caller is told when all attempts are used up. */
export function errorOfFailure(failure: ProviderFailure, provider: string): AppError {
  const error = failure.body?.["error"];
  // Only a refusal of the request itself concerns the caller; a 401 of ours is nobody's business.
  const isShared = failure.class === "rejected" || failure.class === "not_found";
  return new AppError(codeOfFailure(failure), messageOf(failure, provider), {
    details: {
      isFinal: true,
      ...(failure.retryAfterMs === null ? {} : { retryAfterMs: failure.retryAfterMs }),
      ...(failure.class === "rejected" && error !== undefined ? { providerError: error } : {}),
      ...(isShared || isServerError(failure.status) ? statusDetail(failure.status) : {}),
    },
  });
}

function messageOf(failure: ProviderFailure, provider: string): string {
  switch (failure.class) {
    case "unauthenticated":
      return `The provider "${provider}" refused the gateway's credentials.`;
    case "rejected":
      return failure.message;
    case "connection":
    case "timeout":
    case "rate_limited":
    case "overloaded":
    case "server_error":
    case "not_found":
    case "malformed":
      return `The provider "${provider}" failed (${failure.class}): ${failure.message}`;
    default:
      return unreachable(failure.class);
  }
}

export function codeOfFailure(failure: ProviderFailure): ErrorCode {
  switch (failure.class) {
    case "timeout":
      return "provider_timeout";
    case "rate_limited":
      return "provider_rate_limited";
    case "overloaded":
      return failure.status === 503 ? "provider_failed" : "provider_overloaded";
    case "rejected":
      return "provider_rejected";
    case "connection":
    case "server_error":
    case "unauthenticated":
    case "malformed":
      return "provider_failed";
    case "not_found":
      return provider404(failure);
    default:
      return unreachable(failure.class);
  }
}

/** The recorded provider says which of the two it was; another provider's 404 is a broken release. */
function provider404(failure: ProviderFailure): ErrorCode {
  return failure.body?.["kind"] === "recording_not_found"
    ? "recording_not_found"
    : "provider_failed";
}

const isServerError = (status: number | null): boolean => status !== null && status >= 500;

function statusDetail(status: number | null): { providerStatus?: number } {
  // A 404 of the provider is about its model, not about the client's path.
  return status === null || status === 404 ? {} : { providerStatus: status };
}

function classOfWords(words: string): ProviderFailure["class"] {
  const status = Number(/\b([45]\d\d)\b/.exec(words)?.[1] ?? 0);
  if (/rate_limit|insufficient_quota/.test(words) || status === 429) return "rate_limited";
  if (/authentication|permission/.test(words) || status === 401 || status === 403) {
    return "unauthenticated";
  }
  if (/not_found/.test(words) || status === 404) return "not_found";
  if (/overload/.test(words) || status === 503 || status === 529) return "overloaded";
  if (/timeout/.test(words) || status === 504) return "timeout";
  if (/invalid|bad_request|context_length|content_policy/.test(words) || status === 400) {
    return "rejected";
  }
  return "server_error";
}
