import type { Json } from "@spillway/core";
import { sql, type Transaction } from "kysely";
import { inTransaction, type Database } from "../database.ts";
import type { Schema } from "../schema.ts";
import type { RegistryChange } from "../../ports/registry-records.ts";
import type { RegistryHooks } from "./registry-hooks.ts";

export type RegistryContext = {
  readonly database: Database;
  readonly hooks: RegistryHooks;
};

/** One transaction that changes the registry: who, when, and where it writes. */
export type RegistryWork = RegistryChange & {
  readonly trx: Transaction<Schema>;
  readonly hooks: RegistryHooks;
};

/** Any number; every writer of the registry waits here for the one before it. */
const REGISTRY_LOCK_KEY = 0x52454731;

/**
 * Changes of the registry run one after another: they are rare, made by people and CI, and so a
 * release number, a label or a first key cannot be given twice. Readers and rollouts do not wait.
 */
export function changeRegistry<Result>(
  context: RegistryContext,
  change: RegistryChange,
  work: (work: RegistryWork) => Promise<Result>,
): Promise<Result> {
  return inTransaction(context.database, async (trx) => {
    await sql`select pg_advisory_xact_lock(${REGISTRY_LOCK_KEY})`.execute(trx);
    return work({ trx, hooks: context.hooks, actor: change.actor, nowMs: change.nowMs });
  });
}

export async function recordChange(
  work: RegistryWork,
  entry: { readonly action: string; readonly subject: string; readonly body: Json },
): Promise<void> {
  await work.hooks.appendLedger(work.trx, { atMs: work.nowMs, actor: work.actor, ...entry });
}

/** The revision that gateways are to serve; 0 before the first one. */
export async function loadRevision(trx: Transaction<Schema>): Promise<number> {
  const row = await trx
    .selectFrom("snapshots as s")
    .select((eb) => eb.fn.max("s.revision").as("revision"))
    .executeTakeFirst();
  return row?.revision ?? 0;
}
