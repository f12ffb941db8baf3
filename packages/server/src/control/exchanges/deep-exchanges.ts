import { isJsonObject } from "@spillway/core";
import { isNestedTooDeep } from "../server/json-depth.ts";

/** Marks what was left of an exchange that was nested too deep to be parsed. */
export const TOO_DEEP = "nestedTooDeep";

/**
 * A client decides how deep its messages are nested. One such exchange would break the parsing of its
 * whole batch, which the gateway would then send for ever; so it is cut down to its id, and rejected.
 */
export function withoutDeepExchanges(body: unknown): unknown {
  if (!isJsonObject(body)) return body;
  const { exchanges } = body;
  if (!Array.isArray(exchanges)) return body;
  const kept = exchanges.map((found: unknown) => {
    if (!isNestedTooDeep(found)) return found;
    const id = isJsonObject(found) ? found["id"] : null;
    return { id: typeof id === "string" ? id : "", [TOO_DEEP]: true };
  });
  return { ...body, exchanges: kept };
}
