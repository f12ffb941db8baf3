import type { Json, JsonObject } from "@spillway/core";
import { isJsonObject } from "@spillway/core";

/**
 * PostgreSQL holds neither NUL nor half a surrogate pair. A model may answer with either, and losing
 * an exchange or a feedback for it would bias the evidence, so that character becomes U+FFFD.
 */
export function storable(found: Json): Json {
  if (typeof found === "string") return found.replaceAll("\0", "\uFFFD").toWellFormed();
  if (Array.isArray(found)) return found.map((item: Json) => storable(item));
  if (!isJsonObject(found)) return found;
  const entries = Object.entries(found).map(([key, member]) => [
    storable(key) as string,
    storable(member),
  ]);
  return Object.fromEntries(entries) as JsonObject;
}
