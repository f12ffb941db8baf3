import type { Json, LedgerEntry } from "@spillway/core";
import { appendEntry, verifyLedger } from "@spillway/core";
import type { Database } from "./database.ts";
import type { Trx } from "./transaction.ts";
import { lockStateChanges } from "./transaction.ts";

export type LedgerDraft = {
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly body: Json;
};

/** Appends within the caller's transaction: what is recorded and the record stand or fall together. */
export async function appendLedger(trx: Trx, draft: LedgerDraft): Promise<LedgerEntry> {
  await lockStateChanges(trx);
  const last = await trx
    .selectFrom("ledger as l")
    .selectAll("l")
    .orderBy("l.seq", "desc")
    .limit(1)
    .executeTakeFirst();
  const entry = appendEntry(last === undefined ? null : toEntry(last), draft);
  await trx
    .insertInto("ledger")
    .values({
      seq: entry.seq,
      at_ms: entry.atMs,
      actor: entry.actor,
      action: entry.action,
      subject: entry.subject,
      body: JSON.stringify(entry.body),
      previous_hash: entry.previousHash,
      hash: entry.hash,
    })
    .execute();
  return entry;
}

/** Newest first, below `beforeSeq` if given. */
export async function listLedger(
  database: Database,
  page: { readonly limit: number; readonly beforeSeq: number | null },
): Promise<readonly LedgerEntry[]> {
  let query = database.kysely.selectFrom("ledger as l").selectAll("l");
  if (page.beforeSeq !== null) query = query.where("l.seq", "<", page.beforeSeq);
  const rows = await query.orderBy("l.seq", "desc").limit(page.limit).execute();
  return rows.map(toEntry);
}

export type LedgerVerdict = {
  readonly isIntact: boolean;
  readonly entries: number;
  readonly head: string;
  readonly brokenAtSeq: number | null;
  readonly sentence: string;
};

const VERIFY_PAGE = 1_000;

/** Follows the chain from its beginning, a page at a time, so that its length does not matter. */
export async function verifyStoredLedger(database: Database): Promise<LedgerVerdict> {
  let previous: LedgerEntry | null = null;
  let entries = 0;
  for (;;) {
    const rows = await database.kysely
      .selectFrom("ledger as l")
      .selectAll("l")
      .where("l.seq", ">", previous?.seq ?? 0)
      .orderBy("l.seq")
      .limit(VERIFY_PAGE)
      .execute();
    const page: LedgerEntry[] = rows.map(toEntry);
    const result = verifyLedger(page, previous === null ? {} : { previous });
    if (result.kind === "broken") {
      const { seq, sentence } = result;
      return { isIntact: false, entries, head: previous?.hash ?? "", brokenAtSeq: seq, sentence };
    }
    entries += page.length;
    previous = page.at(-1) ?? previous;
    if (page.length < VERIFY_PAGE) break;
  }
  const head = previous?.hash ?? "";
  const sentence =
    entries === 0
      ? "The ledger is empty."
      : `All ${entries} entries are unchanged, in order and complete up to ${head.slice(0, 12)}.`;
  return { isIntact: true, entries, head, brokenAtSeq: null, sentence };
}

function toEntry(row: {
  readonly seq: number;
  readonly at_ms: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly body: unknown;
  readonly previous_hash: string;
  readonly hash: string;
}): LedgerEntry {
  return {
    seq: row.seq,
    atMs: row.at_ms,
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    body: row.body as Json,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
