import { AppError } from "../errors.ts";
import type { Json } from "../json.ts";

/**
 * Canonical JSON after RFC 8785 (JCS): keys sorted by UTF-16 code units, no white space, numbers and
 * strings as ECMAScript writes them. Equal data gives equal text, so that its SHA-256 is an identity.
 *
 * Throws `invalid_request` on numbers that JSON cannot hold (NaN, infinities).
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) {
      throw new AppError(
        "invalid_request",
        `A number must be finite to be stored, found ${value}.`,
      );
    }
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((item: Json) => canonicalJson(item)).join(",")}]`;
  }
  const object = value as { readonly [key: string]: Json };
  const members = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key] as Json)}`);
  return `{${members.join(",")}}`;
}
