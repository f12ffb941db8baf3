import { randomBytes } from "node:crypto";
import type { Ids } from "../ports.ts";

/** Crockford's base 32: no I, L, O or U, and sorted as its digits are. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_BITS = 80n;
const LARGEST_RANDOM = (1n << RANDOM_BITS) - 1n;
const LENGTH = 26;
const SECRET_BYTES = 32;

/**
 * Ids that sort by the time they were made: 48 bits of milliseconds and 80 random bits, as in UUIDv7,
 * written in base 32. Within one millisecond the random part counts up, so that the order holds.
 */
export function createIds(options: { readonly nowMs: () => number }): Ids {
  let lastMs = -1;
  let random = 0n;

  function nextValue(): bigint {
    const nowMs = Math.max(options.nowMs(), lastMs);
    if (nowMs === lastMs && random < LARGEST_RANDOM) {
      random += 1n;
    } else {
      random = BigInt(`0x${randomBytes(10).toString("hex")}`);
    }
    lastMs = nowMs;
    return (BigInt(Math.floor(nowMs)) << RANDOM_BITS) | random;
  }

  return {
    next: (prefix) => `${prefix}_${inBase32(nextValue())}`,
    secret: () => randomBytes(SECRET_BYTES).toString("base64url"),
  };
}

function inBase32(value: bigint): string {
  let rest = value;
  let text = "";
  for (let i = 0; i < LENGTH; i++) {
    text = ALPHABET[Number(rest & 31n)]! + text;
    rest >>= 5n;
  }
  return text;
}
