import type { Json, LedgerEntry, LedgerHead } from "@spillway/core";
import { appendEntry } from "@spillway/core";
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

/** Oldest first, above `afterSeq`. */
export async function listLedgerAfter(
  database: Database,
  page: { readonly limit: number; readonly afterSeq: number },
): Promise<readonly LedgerEntry[]> {
  const rows = await database.kysely
    .selectFrom("ledger as l")
    .selectAll("l")
    .where("l.seq", ">", page.afterSeq)
    .orderBy("l.seq")
    .limit(page.limit)
    .execute();
  return rows.map(toEntry);
}

/** Null while the ledger is empty. */
export async function loadLedgerHead(database: Database): Promise<LedgerHead | null> {
  const row = await database.kysely
    .selectFrom("ledger as l")
    .select(["l.seq", "l.hash"])
    .orderBy("l.seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** Null when there is no such entry. */
export async function loadLedgerHash(database: Database, seq: number): Promise<string | null> {
  const row = await database.kysely
    .selectFrom("ledger as l")
    .select("l.hash")
    .where("l.seq", "=", seq)
    .executeTakeFirst();
  return row?.hash ?? null;
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
