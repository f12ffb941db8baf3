import type { JsonObject } from "@spillway/core";
import { AppError, isJsonObject } from "@spillway/core";

/** Throws `invalid_request` unless it is a JSON object. */
export function parseJsonBody(bytes: Uint8Array): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new AppError("invalid_request", "The body is not JSON. Wanted a JSON object.", { cause });
  }
  if (!isJsonObject(parsed)) {
    throw new AppError("invalid_request", "The body is JSON, but no object. Wanted a JSON object.");
  }
  return parsed;
}
