import type { Log } from "../ports.ts";

/** For callers that have nobody to tell. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
