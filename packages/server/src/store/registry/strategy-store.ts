import type { JsonObject, Strategy } from "@spillway/core";
import { canonicalJson } from "@spillway/core";
import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import type { Registered, StrategyRecord } from "../../ports/registry-records.ts";
import { recordChange, type RegistryWork } from "./registry-work.ts";

/** A page of strategies has no next one: more than this are not kept by people. */
const STRATEGIES_MAX = 1_000;

export type StrategyDraft = { readonly document: JsonObject; readonly strategy: Strategy };

/** By name. A rollout under way keeps the strategy that was frozen with it. */
export async function storeStrategy(
  work: RegistryWork,
  draft: StrategyDraft,
): Promise<Registered<StrategyRecord>> {
  const { document, strategy } = draft;
  const before = await loadStrategy(work.trx, strategy.name);
  if (before !== null && isSame(before, draft)) {
    return { change: "unchanged", record: before, isRouting: false };
  }
  const stored = {
    document: JSON.stringify(document),
    strategy: JSON.stringify(strategy),
    author: work.actor,
    updated_at_ms: work.nowMs,
  };
  await work.trx
    .insertInto("strategies")
    .values({ name: strategy.name, ...stored })
    .onConflict((conflict) => conflict.column("name").doUpdateSet(stored))
    .execute();
  const change = before === null ? "created" : "updated";
  await recordChange(work, {
    action: `strategy.${change}`,
    subject: strategy.name,
    body: { before: before?.document ?? null, after: document },
  });
  const record = { document, strategy, author: work.actor, updatedAtMs: work.nowMs };
  return { change, record, isRouting: false };
}

/**
 * The document as written and as understood: a newer version may understand the same one better. A stored
 * document does not keep the order of its keys, and criteria stand in that order without meaning anything by
 * it, so one that was read and is applied again must count as the same.
 */
function isSame(before: StrategyDraft, after: StrategyDraft): boolean {
  const identity = ({ document, strategy }: StrategyDraft): string => {
    const criteria = strategy.criteria.toSorted((left, right) => (left.id < right.id ? -1 : 1));
    return canonicalJson([document, { ...strategy, criteria }]);
  };
  return identity(before) === identity(after);
}

export async function loadStrategy(
  db: Kysely<Schema>,
  name: string,
): Promise<StrategyRecord | null> {
  const row = await db
    .selectFrom("strategies as s")
    .select(["s.document", "s.strategy", "s.author", "s.updated_at_ms"])
    .where("s.name", "=", name)
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : recordOf(row);
}

/** By name. */
export async function listStrategies(db: Kysely<Schema>): Promise<StrategyRecord[]> {
  const rows = await db
    .selectFrom("strategies as s")
    .select(["s.document", "s.strategy", "s.author", "s.updated_at_ms"])
    .orderBy("s.name")
    .limit(STRATEGIES_MAX)
    .execute();
  return rows.map(recordOf);
}

function recordOf(row: {
  readonly document: unknown;
  readonly strategy: unknown;
  readonly author: string;
  readonly updated_at_ms: number;
}): StrategyRecord {
  return {
    document: row.document as JsonObject,
    strategy: row.strategy as Strategy,
    author: row.author,
    updatedAtMs: row.updated_at_ms,
  };
}
