import type * as Wire from "@spillway/contract";
import type { LedgerPort, LedgerRecord } from "../control-ports.ts";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

export function ledgerEntryOf(record: LedgerRecord): ReadOnly<Wire.LedgerEntry> {
  const { seq, atMs, actor, action, subject, body, previousHash, hash } = record;
  return { seq, atMs, actor, action, subject, body, previousHash, hash };
}

type Verification = Awaited<ReturnType<LedgerPort["verify"]>>;

export function ledgerVerificationOf(found: Verification): Wire.LedgerVerification {
  const { isIntact, entries, head, brokenAtSeq } = found;
  const sentence = isIntact
    ? `All ${entries} entries fit together; the head is ${head === "" ? "empty" : head}.`
    : `The chain breaks at entry ${brokenAtSeq ?? "unknown"}: something was changed, removed or moved.`;
  return { isIntact, entries, head, brokenAtSeq, sentence };
}
