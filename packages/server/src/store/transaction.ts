import type { Transaction } from "kysely";
import { sql } from "kysely";
import type { Schema } from "./schema.ts";

export type Trx = Transaction<Schema>;

/**
 * One lock for every change of state: ledger entries and snapshot revisions are numbered without gaps,
 * so their writers go one after the other. Taken first, held until the end of the transaction; changes
 * of state are rare and short, and requests never take it.
 */
const STATE_CHANGE_LOCK = 0x53706c77;

export async function lockStateChanges(trx: Trx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${STATE_CHANGE_LOCK})`.execute(trx);
}

/** Channel on which a commit says what changed; a hint to look, never the only way to learn of it. */
export const CHANGES_CHANNEL = "spillway_changes";

export type ChangeNotice = {
  readonly kind: "rollout" | "feature" | "snapshot" | "gateway" | "exchange";
  readonly feature: string | null;
  readonly rolloutId: string | null;
  readonly snapshotRevision: number | null;
};

/** Sent by PostgreSQL when the transaction commits, and not at all when it does not. */
export async function notifyChange(trx: Trx, notice: ChangeNotice): Promise<void> {
  await sql`select pg_notify(${CHANGES_CHANNEL}, ${JSON.stringify(notice)})`.execute(trx);
}
