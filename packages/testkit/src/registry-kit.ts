import { expect } from "vitest";
import { sql } from "kysely";
import { AppError } from "../../core/src/index.ts";
import type { LedgerDraft, RegistryHooks } from "../../server/src/store/registry/registry-hooks.ts";

export type RecordingHooks = {
  readonly hooks: RegistryHooks;
  readonly ledger: LedgerDraft[];
  readonly causes: string[];
};

/** Hooks that remember what they were called with; revisions grow by one. */
export function recordingHooks(): RecordingHooks {
  const ledger: LedgerDraft[] = [];
  const causes: string[] = [];
  const hooks: RegistryHooks = {
    appendLedger: async (_trx, entry) => ledger.push(entry),
    publishSnapshot: async (trx, change) => {
      causes.push(change.cause);
      const row = await trx
        .insertInto("snapshots")
        .values((eb) => ({
          revision: eb.fn.coalesce(
            eb.selectFrom("snapshots as s").select(sql<number>`max(s.revision) + 1`.as("next")),
            sql<number>`1`,
          ),
          created_at_ms: change.nowMs,
          cause: change.cause,
          content: "{}",
        }))
        .returning("revision")
        .executeTakeFirstOrThrow();
      return row.revision;
    },
  };
  return { hooks, ledger, causes };
}

/** The AppError that the work ends with. */
export async function refusalOf(work: Promise<unknown>): Promise<AppError> {
  const error: unknown = await work.then(
    () => null,
    (found: unknown) => found,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}
