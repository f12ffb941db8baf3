import type { Exchange, Feedback, FeedbackLabel, FeedbackOutcome } from "@spillway/core";
import { sql } from "kysely";
import type { Receipt } from "../ports.ts";
import type { Database } from "./database.ts";
import { inTransaction } from "./database.ts";
import { addEvidence } from "./evidence-cells.ts";
import { markDirty } from "./rollout-store.ts";
import type { Lease } from "./rollout-store.ts";
import type { Trx } from "./transaction.ts";
import { notifyChange } from "./transaction.ts";

/** Stores a batch as it comes from a gateway; the id is the primary key, so that a repeat counts once. */
export async function insertFeedback(
  database: Database,
  feedback: readonly Feedback[],
  wallNowMs: number,
): Promise<Receipt> {
  if (feedback.length === 0) return { accepted: 0, duplicates: 0, rejected: [] };
  const inserted = await inTransaction(database, async (trx) => {
    const rows = await trx
      .insertInto("feedback")
      .values(
        feedback.map((of) => ({
          id: of.id,
          exchange_id: of.exchangeId,
          received_at_ms: Math.round(of.receivedAtMs),
          record: JSON.stringify(of),
          note: null,
          first_seen_wall_ms: wallNowMs,
          lease_owner: null,
        })),
      )
      .onConflict((conflict) => conflict.column("id").doNothing())
      .returning("id")
      .execute();
    const notice = { feature: null, rolloutId: null, snapshotRevision: null };
    if (rows.length > 0) await notifyChange(trx, { kind: "exchange", ...notice });
    return rows.length;
  });
  return { accepted: inserted, duplicates: feedback.length - inserted, rejected: [] };
}

export type ClaimedFeedback = {
  readonly feedback: Feedback;
  /** Times that it was looked at. */
  readonly attempts: number;
  readonly firstSeenWallMs: number;
  /** Null while it is not there, or there and not evaluated. */
  readonly exchange: Exchange | null;
};

/** Takes feedback that nobody has counted, in the order in which it was given. */
export async function claimFeedback(
  database: Database,
  claim: { readonly lease: Lease; readonly limit: number },
): Promise<readonly ClaimedFeedback[]> {
  const { lease, limit } = claim;
  const rows = await database.kysely
    .updateTable("feedback")
    .set((column) => ({
      lease_owner: lease.owner,
      lease_until_wall_ms: lease.untilWallMs,
      evaluation_attempts: column("evaluation_attempts", "+", 1),
    }))
    .where("id", "in", (select) =>
      select
        .selectFrom("feedback as f")
        .select("f.id")
        .where("f.evaluation", "=", "pending")
        .where("f.lease_until_wall_ms", "<=", lease.wallNowMs)
        .orderBy("f.lease_until_wall_ms")
        .orderBy("f.received_at_ms")
        .orderBy("f.seq")
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning(["seq", "received_at_ms", "record", "evaluation_attempts", "first_seen_wall_ms"])
    .execute();
  const claimed = rows
    .toSorted((left, right) => left.received_at_ms - right.received_at_ms || left.seq - right.seq)
    .map((row) => ({
      feedback: row.record as Feedback,
      attempts: row.evaluation_attempts,
      firstSeenWallMs: row.first_seen_wall_ms,
    }));
  const exchanges = await loadEvaluated(
    database,
    claimed.map(({ feedback }) => feedback.exchangeId),
  );
  return claimed.map((of) => ({ ...of, exchange: exchanges.get(of.feedback.exchangeId) ?? null }));
}

/** An exchange counts before what is said of it does: then its stage is known to have been seen. */
async function loadEvaluated(
  database: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Exchange>> {
  if (ids.length === 0) return new Map();
  const rows = await database.kysely
    .selectFrom("exchanges as e")
    .select(["e.id", "e.record"])
    .where("e.id", "in", [...new Set(ids)])
    .where("e.evaluation", "=", "done")
    .execute();
  return new Map(rows.map((row) => [row.id, row.record as Exchange]));
}

/**
 * Numbers, evidence and "done" in one transaction, only if this worker still holds all of it. Of each name
 * an exchange has one number, the first: the primary key of `scores` decides, also between two workers, and
 * only what it takes becomes evidence.
 */
export async function saveFeedback(
  database: Database,
  batch: { readonly outcomes: readonly FeedbackOutcome[]; readonly owner: string },
): Promise<"saved" | "lost"> {
  const { outcomes, owner } = batch;
  if (outcomes.length === 0) return "saved";
  return await inTransaction(database, async (trx) => {
    const held = await trx
      .selectFrom("feedback as f")
      .select("f.id")
      .where(
        "f.id",
        "in",
        outcomes.map(({ id }) => id),
      )
      .where("f.evaluation", "=", "pending")
      .where("f.lease_owner", "=", owner)
      .orderBy("f.id")
      .forUpdate()
      .execute();
    if (held.length !== outcomes.length) return "lost";
    const taken = await insertLabels(
      trx,
      outcomes.flatMap(({ labels }) => labels),
    );
    const evidence = outcomes
      .flatMap(({ labels }) => labels)
      .flatMap((label) => (taken.has(keyOf(label)) ? label.evidence : []));
    await addEvidence(trx, evidence);
    await markCounted(trx, outcomes, taken);
    await markDirty(trx, [...new Set(evidence.map(({ rolloutId }) => rolloutId))]);
    return "saved";
  });
}

/** Keys of the labels that are the first of their name. */
async function insertLabels(
  trx: Trx,
  labels: readonly FeedbackLabel[],
): Promise<ReadonlySet<string>> {
  if (labels.length === 0) return new Set();
  const rows = await trx
    .insertInto("scores")
    .values(
      labels
        .toSorted((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
        .map(({ exchangeId, score }) => ({ exchange_id: exchangeId, ...score })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning(["exchange_id", "metric"])
    .execute();
  return new Set(rows.map((row) => JSON.stringify([row.exchange_id, row.metric])));
}

const keyOf = ({ exchangeId, score }: FeedbackLabel): string =>
  JSON.stringify([exchangeId, score.metric]);

async function markCounted(
  trx: Trx,
  outcomes: readonly FeedbackOutcome[],
  taken: ReadonlySet<string>,
): Promise<void> {
  const rows = outcomes.map(({ id, labels, refusal }) => {
    const counted = labels.filter((label) => taken.has(keyOf(label)));
    return { id, counted: counted.map(({ score }) => score.metric), note: refusal };
  });
  await sql`
    update feedback as f
    set evaluation = 'done', counted = n.counted, note = n.note, lease_owner = null
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as n(id text, counted jsonb, note text)
    where f.id = n.id`.execute(trx);
}

type Held = { readonly ids: readonly string[]; readonly owner: string };

/** Lets go of feedback whose exchange is not there yet. */
export async function postponeFeedback(
  database: Database,
  { ids, owner, untilWallMs }: Held & { readonly untilWallMs: number },
): Promise<void> {
  await endLease(database, { ids, owner }, { lease_until_wall_ms: untilWallMs });
}

/** Ends the wait for an exchange, or the evaluation of feedback that cannot be saved; the row stays. */
export async function endFeedback(
  database: Database,
  { ids, owner, as }: Held & { readonly as: "unmatched" | "failed" },
): Promise<void> {
  await endLease(database, { ids, owner }, { evaluation: as });
}

async function endLease(
  database: Database,
  { ids, owner }: Held,
  change:
    { readonly lease_until_wall_ms: number } | { readonly evaluation: "unmatched" | "failed" },
): Promise<void> {
  if (ids.length === 0) return;
  await database.kysely
    .updateTable("feedback")
    .set({ ...change, lease_owner: null })
    .where("id", "in", [...ids])
    .where("evaluation", "=", "pending")
    .where("lease_owner", "=", owner)
    .execute();
}

/**
 * What waits for these exchanges can be counted now, also what has been given up. What a worker holds at
 * this moment is missed, and found when it looks again.
 */
export async function wakeFeedback(trx: Trx, exchangeIds: readonly string[]): Promise<void> {
  await trx
    .updateTable("feedback")
    .set({ evaluation: "pending", lease_until_wall_ms: 0 })
    .where("exchange_id", "in", [...exchangeIds])
    .where("evaluation", "in", ["pending", "unmatched"])
    .where("lease_owner", "is", null)
    .execute();
}
