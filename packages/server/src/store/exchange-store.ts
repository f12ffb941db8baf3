import type { EvaluatedBatch, Exchange, Score } from "@spillway/core";
import type { Receipt } from "../ports.ts";
import type { Database } from "./database.ts";
import { inTransaction } from "./database.ts";
import { addEvidence } from "./evidence-cells.ts";
import { addExposures } from "./evidence-store.ts";
import { wakeFeedback } from "./feedback-store.ts";
import { markDirty } from "./rollout-store.ts";
import type { Lease } from "./rollout-store.ts";
import { notifyChange } from "./transaction.ts";

/**
 * Stores a batch as it comes from a gateway. The id is the primary key, so that a batch delivered
 * again counts once. One statement per batch: it is all there or not at all.
 */
export async function insertExchanges(
  database: Database,
  exchanges: readonly Exchange[],
): Promise<Receipt> {
  if (exchanges.length === 0) return { accepted: 0, duplicates: 0, rejected: [] };
  const inserted = await inTransaction(database, async (trx) => {
    const rows = await trx
      .insertInto("exchanges")
      .values(exchanges.map(toRow))
      .onConflict((conflict) => conflict.column("id").doNothing())
      .returning("id")
      .execute();
    const notice = { feature: null, rolloutId: null, snapshotRevision: null };
    if (rows.length > 0) await notifyChange(trx, { kind: "exchange", ...notice });
    return rows.length;
  });
  return { accepted: inserted, duplicates: exchanges.length - inserted, rejected: [] };
}

function toRow(exchange: Exchange) {
  return {
    id: exchange.id,
    feature: exchange.feature,
    release: exchange.release,
    arm: exchange.arm,
    role: exchange.role,
    shadow_of: exchange.shadowOf,
    rollout_id: exchange.rolloutId,
    stage_index: exchange.stageIndex,
    tenant: exchange.tenant,
    outcome: exchange.outcome,
    started_at_ms: Math.round(exchange.startedAtMs),
    record: JSON.stringify(exchange),
    lease_owner: null,
  };
}

export type ClaimedExchange = { readonly exchange: Exchange; readonly attempts: number };

/** Takes exchanges that nobody has evaluated; a dead worker's lease runs out and they are taken again. */
export async function claimExchanges(
  database: Database,
  claim: { readonly lease: Lease; readonly limit: number },
): Promise<readonly ClaimedExchange[]> {
  const { lease, limit } = claim;
  const rows = await database.kysely
    .updateTable("exchanges")
    .set((column) => ({
      lease_owner: lease.owner,
      lease_until_wall_ms: lease.untilWallMs,
      evaluation_attempts: column("evaluation_attempts", "+", 1),
    }))
    .where("id", "in", (select) =>
      select
        .selectFrom("exchanges as e")
        .select("e.id")
        .where("e.evaluation", "=", "pending")
        .where("e.lease_until_wall_ms", "<=", lease.wallNowMs)
        .orderBy("e.lease_until_wall_ms")
        .orderBy("e.id")
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning(["record", "evaluation_attempts"])
    .execute();
  return rows.map((row) => ({
    exchange: row.record as Exchange,
    attempts: row.evaluation_attempts,
  }));
}

/** The primaries of shadows, by id; those that have not arrived yet are missing. */
export async function loadExchanges(
  database: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Exchange>> {
  if (ids.length === 0) return new Map();
  const rows = await database.kysely
    .selectFrom("exchanges as e")
    .select(["e.id", "e.record"])
    .where("e.id", "in", [...new Set(ids)])
    .execute();
  return new Map(rows.map((row) => [row.id, row.record as Exchange]));
}

/**
 * Scores, evidence and "done" in one transaction, only if this worker still holds all of them: one
 * whose lease ran out finds fewer rows than it evaluated, writes nothing, and another does it again.
 */
export async function saveEvaluated(
  database: Database,
  batch: EvaluatedBatch & { readonly owner: string },
): Promise<{ readonly kind: "saved" } | { readonly kind: "lost" }> {
  if (batch.evaluatedIds.length === 0) return { kind: "saved" };
  return await inTransaction(database, async (trx) => {
    const held = await trx
      .selectFrom("exchanges as e")
      .select("e.id")
      .where("e.id", "in", [...batch.evaluatedIds])
      .where("e.evaluation", "=", "pending")
      .where("e.lease_owner", "=", batch.owner)
      .orderBy("e.id")
      .forUpdate()
      .execute();
    if (held.length !== batch.evaluatedIds.length) return { kind: "lost" };
    await wakeFeedback(trx, batch.evaluatedIds);
    await trx
      .updateTable("exchanges")
      .set({ evaluation: "done", lease_owner: null })
      .where("id", "in", [...batch.evaluatedIds])
      .execute();
    const scores = batch.scores.map(({ exchangeId, score }) => ({
      exchange_id: exchangeId,
      metric: score.metric,
      value: score.value,
      scorer: score.scorer,
      note: score.note,
    }));
    if (scores.length > 0) {
      await trx
        .insertInto("scores")
        .values(scores)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    await addEvidence(trx, batch.evidence);
    await addExposures(trx, batch.exposures);
    const rollouts = new Set(batch.exposures.map((exposure) => exposure.rolloutId));
    await markDirty(trx, [...rollouts]);
    return { kind: "saved" };
  });
}

/** Lets go of what cannot be evaluated yet (a shadow whose primary is on its way). */
export async function postponeExchanges(
  database: Database,
  postponed: {
    readonly ids: readonly string[];
    readonly owner: string;
    readonly untilWallMs: number;
  },
): Promise<void> {
  if (postponed.ids.length === 0) return;
  await database.kysely
    .updateTable("exchanges")
    .set({ lease_owner: null, lease_until_wall_ms: postponed.untilWallMs })
    .where("id", "in", [...postponed.ids])
    .where("lease_owner", "=", postponed.owner)
    .execute();
}

/** Ends the evaluation of an exchange without a result; the exchange itself stays as it came. */
export async function setExchangeAside(
  database: Database,
  aside: { readonly id: string; readonly owner: string },
): Promise<void> {
  await database.kysely
    .updateTable("exchanges")
    .set({ evaluation: "failed", lease_owner: null })
    .where("id", "=", aside.id)
    .where("evaluation", "=", "pending")
    .where("lease_owner", "=", aside.owner)
    .execute();
}

export async function findExchange(
  database: Database,
  id: string,
): Promise<{ readonly exchange: Exchange; readonly scores: readonly Score[] } | null> {
  const row = await database.kysely
    .selectFrom("exchanges as e")
    .select("e.record")
    .where("e.id", "=", id)
    .executeTakeFirst();
  if (row === undefined) return null;
  const scores = await database.kysely
    .selectFrom("scores as s")
    .select(["s.metric", "s.value", "s.scorer", "s.note"])
    .where("s.exchange_id", "=", id)
    .orderBy("s.metric")
    .execute();
  return { exchange: row.record as Exchange, scores };
}
