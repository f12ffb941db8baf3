/**
 * The one error type, and the one catalogue of what can go wrong.
 *
 * An outcome that the caller must handle is a return value; everything else throws an AppError. Errors
 * do not log themselves: the edge (HTTP, worker loop, CLI) turns them into words exactly once, with
 * what the catalogue says may be shown.
 */
export type ErrorCode =
  | "invalid_request"
  | "invalid_configuration"
  | "unpinned_model"
  | "body_too_large"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "feature_not_found"
  | "assignment_unit_missing"
  | "variable_missing"
  | "conflict"
  | "illegal_transition"
  | "requirements_unmet"
  | "data_folder_in_use"
  | "database_unavailable"
  | "database_incompatible"
  | "provider_failed"
  | "provider_timeout"
  | "provider_rate_limited"
  | "provider_overloaded"
  | "provider_rejected"
  | "recording_not_found"
  | "snapshot_missing"
  | "overloaded"
  | "cancelled"
  | "internal";

export type ErrorCatalogueEntry = {
  readonly status: number;
  readonly title: string;
  readonly isRetryable: boolean;
  /** error = a person must act; warn = degraded and handled; info = the caller's mistake. */
  readonly logLevel: "error" | "warn" | "info";
  /** Whether the message may leave the process. Messages of hidden errors are replaced by the title. */
  readonly isShown: boolean;
};

const callerMistake = (status: number, title: string): ErrorCatalogueEntry => ({
  status,
  title,
  isRetryable: false,
  logLevel: "info",
  isShown: true,
});

const degraded = (status: number, title: string): ErrorCatalogueEntry => ({
  status,
  title,
  isRetryable: true,
  logLevel: "warn",
  isShown: true,
});

export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, ErrorCatalogueEntry>> = {
  invalid_request: callerMistake(400, "The request is not valid"),
  invalid_configuration: callerMistake(422, "The configuration is not valid"),
  unpinned_model: callerMistake(422, "The model is not pinned"),
  body_too_large: callerMistake(413, "The body is too large"),
  unauthenticated: callerMistake(401, "The key is missing or unknown"),
  forbidden: callerMistake(403, "The key may not do this"),
  not_found: callerMistake(404, "Not found"),
  method_not_allowed: callerMistake(405, "Method not allowed"),
  feature_not_found: callerMistake(404, "Unknown feature"),
  assignment_unit_missing: callerMistake(400, "The unit of assignment is missing"),
  variable_missing: callerMistake(400, "A prompt variable is missing"),
  conflict: callerMistake(409, "The state has changed meanwhile"),
  illegal_transition: callerMistake(409, "Not possible in this state"),
  requirements_unmet: callerMistake(409, "Requirements are not met"),
  data_folder_in_use: callerMistake(409, "The data folder is in use"),
  database_unavailable: degraded(503, "The database cannot be reached"),
  database_incompatible: {
    status: 500,
    title: "The database does not fit this version",
    isRetryable: false,
    logLevel: "error",
    isShown: true,
  },
  provider_failed: degraded(502, "The provider failed"),
  provider_timeout: degraded(504, "The provider did not answer in time"),
  provider_rate_limited: degraded(429, "The provider limits the rate"),
  provider_overloaded: degraded(529, "The provider is overloaded"),
  provider_rejected: callerMistake(400, "The provider rejected the request"),
  recording_not_found: callerMistake(404, "No recording for this input"),
  snapshot_missing: degraded(503, "The gateway has no snapshot yet"),
  overloaded: degraded(503, "Too busy"),
  cancelled: callerMistake(499, "The client closed the request"),
  internal: {
    status: 500,
    title: "Internal error",
    isRetryable: true,
    logLevel: "error",
    isShown: false,
  },
};

export type AppErrorOptions = {
  readonly cause?: unknown;
  /** Facts for the caller, safe to show: field paths, values found, values wanted. */
  readonly details?: Readonly<Record<string, unknown>>;
};

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details ?? {};
  }
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AppError("internal", `Invariant broken: ${message}`);
}

/** A switch over a union ends here; the type checker refuses it while a case is missing. */
export function unreachable(value: never): never {
  throw new AppError("internal", `Unhandled case: ${JSON.stringify(value)}`);
}
