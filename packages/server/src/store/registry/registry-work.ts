import type { Json } from "@spillway/core";
import type { Transaction } from "kysely";
import { inTransaction, type Database } from "../database.ts";
import type { Schema } from "../schema.ts";
import { lockStateChanges } from "../transaction.ts";
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

/**
 * Changes of the registry run one after another and apart from all other changes of state: they are rare,
 * short, made by people and CI, and so a release number, a label or a first key cannot be given twice.
 * They take the same lock first as decisions do; with two locks in two orders they would deadlock over
 * a feature's row. Readers and requests do not wait.
 */
export function changeRegistry<Result>(
  context: RegistryContext,
  change: RegistryChange,
  work: (work: RegistryWork) => Promise<Result>,
): Promise<Result> {
  return inTransaction(context.database, async (trx) => {
    await lockStateChanges(trx);
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
