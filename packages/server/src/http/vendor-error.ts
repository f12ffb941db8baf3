import type { ErrorCode, JsonObject } from "@spillway/core";
import { AppError, ERROR_CATALOGUE, isJsonObject } from "@spillway/core";

/** An error as the OpenAI protocol says it: the one place where a model route's errors get words. */
export type VendorError = {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
};

type VendorNames = { readonly type: string; readonly code: string | null };

const INVALID: VendorNames = { type: "invalid_request_error", code: null };
const OURS: VendorNames = { type: "server_error", code: null };

/**
 * What clients switch on. The AI SDK takes the status of an in-band error from the words in `code` and
 * `type` ("timeout" is 504, "overload" 503, "not_found" 404), so they are chosen by that.
 */
const VENDOR_NAMES: Readonly<Record<ErrorCode, VendorNames>> = {
  invalid_request: INVALID,
  invalid_configuration: INVALID,
  unpinned_model: INVALID,
  body_too_large: { type: "invalid_request_error", code: "body_too_large" },
  unauthenticated: { type: "authentication_error", code: "invalid_api_key" },
  forbidden: { type: "permission_error", code: "permission_denied" },
  not_found: { type: "invalid_request_error", code: "not_found" },
  feature_not_found: { type: "invalid_request_error", code: "model_not_found" },
  assignment_unit_missing: { type: "invalid_request_error", code: "assignment_unit_missing" },
  variable_missing: { type: "invalid_request_error", code: "variable_missing" },
  conflict: INVALID,
  method_not_allowed: INVALID,
  illegal_transition: INVALID,
  requirements_unmet: INVALID,
  data_folder_in_use: OURS,
  database_unavailable: OURS,
  database_incompatible: OURS,
  provider_failed: { type: "server_error", code: "upstream_unavailable" },
  provider_timeout: { type: "server_error", code: "timeout" },
  provider_rate_limited: { type: "rate_limit_error", code: "rate_limit_exceeded" },
  provider_overloaded: { type: "server_error", code: "overloaded" },
  provider_rejected: INVALID,
  recording_not_found: { type: "invalid_request_error", code: "recording_not_found" },
  snapshot_missing: { type: "server_error", code: "upstream_unavailable" },
  overloaded: { type: "server_error", code: "overloaded" },
  cancelled: { type: "server_error", code: "cancelled" },
  internal: OURS,
};

/** Outside of this range the official clients disagree on what a retry-after means. */
const SHORTEST_RETRY_AFTER_S = 1;
const LONGEST_RETRY_AFTER_S = 59;

/** Details that an AppError may carry for this edge. */
type EdgeDetails = {
  /** The provider's own error object, passed on as it is: the protocol is the same. */
  readonly providerError?: unknown;
  readonly providerStatus?: unknown;
  readonly retryAfterMs?: unknown;
  /** All attempts are used up: a client's retry would multiply them. */
  readonly isFinal?: unknown;
  readonly param?: unknown;
};

export function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : "internal";
}

export function openAiErrorOf(error: unknown): VendorError {
  const code = codeOf(error);
  const entry = ERROR_CATALOGUE[code];
  const details: EdgeDetails = error instanceof AppError ? error.details : {};
  const status = statusOf(code, details);
  return {
    status,
    body: envelopeOf(error, details),
    headers: {
      ...retryAfterHeaders(details.retryAfterMs),
      ...((status >= 500 || status === 429) && (details.isFinal === true || !entry.isRetryable)
        ? { "x-should-retry": "false" }
        : {}),
    },
  };
}

/** The frame that ends a stream which has failed; `[DONE]` follows. */
export function openAiErrorFrame(error: unknown): string {
  return `data: ${JSON.stringify(openAiErrorOf(error).body)}\n\n`;
}

function envelopeOf(error: unknown, details: EdgeDetails): JsonObject {
  const code = codeOf(error);
  const entry = ERROR_CATALOGUE[code];
  const names = VENDOR_NAMES[code];
  if (isJsonObject(details.providerError)) return { error: details.providerError };
  const message = entry.isShown && error instanceof AppError ? error.message : entry.title;
  const param = typeof details.param === "string" ? details.param : null;
  return { error: { message, type: names.type, param, code: names.code } };
}

function statusOf(code: ErrorCode, details: EdgeDetails): number {
  const isFromProvider = code === "provider_rejected" || code === "provider_failed";
  return isFromProvider && typeof details.providerStatus === "number"
    ? details.providerStatus
    : ERROR_CATALOGUE[code].status;
}

function retryAfterHeaders(retryAfterMs: unknown): Record<string, string> {
  if (typeof retryAfterMs !== "number") return {};
  const seconds = Math.max(SHORTEST_RETRY_AFTER_S, Math.ceil(retryAfterMs / 1_000));
  if (seconds > LONGEST_RETRY_AFTER_S) return {};
  return {
    "retry-after": String(seconds),
    "retry-after-ms": String(Math.max(1, Math.round(retryAfterMs))),
  };
}
