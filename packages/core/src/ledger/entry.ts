import type { Json } from "../json.ts";
import { canonicalJson } from "../release/canonical-json.ts";
import { sha256Hex } from "../release/sha256.ts";

/**
 * One line of the audit record. Each entry contains the hash of the one before it, so that nothing can
 * be changed, taken out or moved without all later hashes changing too.
 */
export type LedgerEntry = {
  /** 1, 2, 3, ... without gaps. */
  readonly seq: number;
  readonly atMs: number;
  /** Who did it: a key's name, a person, "spillway" for what the system decided. */
  readonly actor: string;
  readonly action: string;
  /** What it was done to: "feature/discharge-summary", "rollout/r-12". */
  readonly subject: string;
  readonly body: Json;
  readonly previousHash: string;
  /** SHA-256 of the canonical JSON of all of the above. */
  readonly hash: string;
};

export type LedgerDraft = Pick<LedgerEntry, "atMs" | "actor" | "action" | "subject" | "body">;

/** What identifies a ledger up to an entry: whoever keeps it elsewhere can tell a later change. */
export type LedgerHead = Pick<LedgerEntry, "seq" | "hash">;

/** What the first entry names as its predecessor's hash. */
export const GENESIS_HASH = "0".repeat(64);

export const EMPTY_LEDGER: LedgerHead = { seq: 0, hash: GENESIS_HASH };

/** The entry that follows `previous`; null starts a ledger. */
export function appendEntry(previous: LedgerHead | null, draft: LedgerDraft): LedgerEntry {
  const head = previous ?? EMPTY_LEDGER;
  const { atMs, actor, action, subject, body } = draft;
  const unhashed = {
    seq: head.seq + 1,
    atMs,
    actor,
    action,
    subject,
    body,
    previousHash: head.hash,
  };
  return { ...unhashed, hash: entryHash(unhashed) };
}

/** Names the hashed fields one by one, so that a column that a store adds does not change the hash. */
export function entryHash(entry: Omit<LedgerEntry, "hash">): string {
  const { seq, atMs, actor, action, subject, body, previousHash } = entry;
  return sha256Hex(canonicalJson({ seq, atMs, actor, action, subject, body, previousHash }));
}
