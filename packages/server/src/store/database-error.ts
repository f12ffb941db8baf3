/**
 * What a failed statement means for the caller.
 *
 * - `conflict`: serialization failure or deadlock; nothing was written, running again may succeed.
 * - `connection`: the connection is gone; whether a commit took effect is NOT known.
 * - `busy`: the server cannot take the work now (starting, too many sessions, lock timeout).
 * - `other`: everything else; running again would fail again.
 */
export type DatabaseErrorKind = "conflict" | "connection" | "busy" | "other";

/** SQLSTATEs, PostgreSQL 18 documentation, appendix A. */
const KIND_OF_SQLSTATE: Readonly<Record<string, DatabaseErrorKind>> = {
  "40001": "conflict", // serialization_failure
  "40P01": "conflict", // deadlock_detected
  "57P01": "connection", // admin_shutdown
  "57P02": "connection", // crash_shutdown
  "57P05": "connection", // idle_session_timeout
  "25P03": "connection", // idle_in_transaction_session_timeout
  "57P03": "busy", // cannot_connect_now
  "53300": "busy", // too_many_connections
  "55P03": "busy", // lock_not_available
};

const CONNECTION_SYSTEM_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** What pg and pg-pool say without any code (pg 8.23: client.js, pg-pool: index.js). */
const CONNECTION_MESSAGE =
  /Connection terminated|connection ended|Client has encountered a connection error|not queryable|timeout exceeded when trying to connect|Client was closed/i;

export function classifyDatabaseError(error: unknown): DatabaseErrorKind {
  if (!(error instanceof Error)) return "other";
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const known = KIND_OF_SQLSTATE[code];
  if (known !== undefined) return known;
  if (CONNECTION_SYSTEM_CODES.has(code)) return "connection";
  // Class 08: connection exceptions.
  if (/^08...$/.test(code)) return "connection";
  return code === "" && CONNECTION_MESSAGE.test(error.message) ? "connection" : "other";
}

/** True when waiting may help. After a lost connection the work must be safe to run twice. */
export function isTransientDatabaseError(error: unknown): boolean {
  return classifyDatabaseError(error) !== "other";
}

/** SQLSTATE 23505 of the named constraint or unique index. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "23505") return false;
  return "constraint" in error && error.constraint === constraint;
}
