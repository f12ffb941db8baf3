import type * as Wire from "@spillway/contract";
import type { LedgerHead } from "@spillway/core";
import type { LedgerPort, LedgerRecord } from "../control-ports.ts";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

export function ledgerEntryOf(record: LedgerRecord): ReadOnly<Wire.LedgerEntry> {
  const { seq, atMs, actor, action, subject, body, previousHash, hash } = record;
  return { seq, atMs, actor, action, subject, body, previousHash, hash };
}

type Verification = Awaited<ReturnType<LedgerPort["verify"]>>;

export function ledgerVerificationOf(found: Verification): Wire.LedgerVerification {
  const { isIntact, entries, head, brokenAtSeq, sentence } = found;
  return { isIntact, entries, head, brokenAtSeq, sentence };
}

/** "17:9f..." as the contract lets it through. */
export function ledgerHeadOf(text: string): LedgerHead {
  const [seq = "", hash = ""] = text.split(":");
  return { seq: Number(seq), hash };
}
