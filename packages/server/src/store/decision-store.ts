import type {
  DecisionId,
  DecisionInputs,
  DecisionRecord,
  Effect,
  GateReport,
  Json,
  JsonObject,
  Requirement,
  RolloutId,
  RolloutState,
  Rollout,
  Transition,
} from "@spillway/core";
import {
  canonicalJson,
  decisionId,
  evidenceSinceMs,
  rolloutId,
  sha256Hex,
  strategyToJson,
} from "@spillway/core";
import type { Database } from "./database.ts";
import { inTransaction } from "./database.ts";
import { appendLedger } from "./ledger-store.ts";
import { notifyRollout } from "./rollout-store.ts";
import { publishSnapshot } from "./snapshot-store.ts";
import type { Trx } from "./transaction.ts";
import { lockStateChanges } from "./transaction.ts";

/** A decision ready to be committed; the version and the snapshot revision come with the commit. */
export type DecisionDraft = Omit<DecisionRecord, "snapshotRevision">;

export type RolloutChange = {
  readonly rollout: Rollout;
  readonly next: RolloutState;
  readonly approvals: Rollout["approvals"];
  readonly sentence: string;
  readonly unmet: readonly Requirement[];
  readonly checkAtMs: number | null;
  readonly effects: readonly Effect[];
  /** Another strategy from now on, and how it was written; absent where it stays. */
  readonly revision?: NonNullable<Transition["revision"]> & { readonly document: JsonObject };
};

export type CommitOutcome =
  | { readonly kind: "applied"; readonly snapshotRevision: number }
  | { readonly kind: "stale" }
  | { readonly kind: "gone" };

/**
 * One transaction: the rollout moves on from the version that was decided on, the decision is kept
 * with all its inputs, the ledger and the next snapshot follow, and notices go to the outbox. Two
 * deciders on one version: the second finds no row, writes nothing, and is told that it is stale.
 */
export async function commitDecision(
  database: Database,
  draft: DecisionDraft,
  change: RolloutChange,
): Promise<CommitOutcome> {
  return await inTransaction(database, async (trx) => {
    await lockStateChanges(trx);
    const { rollout } = change;
    const moved = await trx
      .updateTable("rollouts")
      .set({
        state_kind: change.next.kind,
        state: JSON.stringify(change.next),
        approvals: JSON.stringify(change.approvals),
        version: rollout.version + 1,
        updated_at_ms: draft.atMs,
        check_at_ms: change.checkAtMs,
        // Of a new strategy nothing has been judged yet; the decision itself keeps what was seen before it.
        report:
          draft.report === null || change.revision !== undefined
            ? null
            : JSON.stringify(draft.report),
        sentence: change.sentence,
        unmet: JSON.stringify(change.unmet),
        evidence_since_ms: evidenceSinceMs(rollout, change),
        ...revisedColumns(change),
      })
      .where("id", "=", rollout.id)
      .where("version", "=", rollout.version)
      .executeTakeFirst();
    if (moved.numUpdatedRows === 0n) {
      const found = await trx
        .selectFrom("rollouts as r")
        .select("r.id")
        .where("r.id", "=", rollout.id)
        .executeTakeFirst();
      return found === undefined ? { kind: "gone" } : { kind: "stale" };
    }
    for (const effect of change.effects) await applyBaseline(trx, draft, effect);
    const snapshotRevision = await publishSnapshot(trx, { nowMs: draft.atMs, cause: draft.id });
    await insertDecision(trx, { ...draft, snapshotRevision });
    await recordRevision(trx, draft, change);
    for (const effect of change.effects) await enqueueNotice(trx, draft, effect);
    await notifyRollout(trx, rollout.feature, rollout.id);
    return { kind: "applied", snapshotRevision };
  });
}

function revisedColumns({ revision }: RolloutChange) {
  if (revision === undefined) return {};
  return {
    strategy: JSON.stringify(revision.strategy),
    strategy_document: JSON.stringify(revision.document),
    revision: revision.number,
    first_stage_number: revision.firstStageNumber,
  };
}

/** Beside the decision's own entry: both texts of the strategy and the difference in words. */
async function recordRevision(
  trx: Trx,
  draft: DecisionDraft,
  { rollout, revision }: RolloutChange,
): Promise<void> {
  if (revision === undefined) return;
  await appendLedger(trx, {
    atMs: draft.atMs,
    actor: draft.actor,
    action: "rollout.revise",
    subject: rollout.id,
    body: {
      decisionId: draft.id,
      revision: revision.number,
      changes: revision.changes,
      before: strategyToJson(rollout.strategy),
      after: strategyToJson(revision.strategy),
      document: revision.document,
    },
  });
}

async function applyBaseline(trx: Trx, draft: DecisionDraft, effect: Effect): Promise<void> {
  if (effect.kind !== "set_baseline") return;
  await trx
    .updateTable("features")
    .set({ baseline: effect.release, updated_at_ms: draft.atMs })
    .where("key", "=", draft.feature)
    .execute();
}

/** The notice is sent by the outbox after the commit, at least once, with the decision as its key. */
async function enqueueNotice(trx: Trx, draft: DecisionDraft, effect: Effect): Promise<void> {
  if (effect.kind !== "notify") return;
  await trx
    .insertInto("outbox")
    .values({
      notice_key: `${draft.id}:${effect.topic}`,
      topic: effect.topic,
      text: effect.text,
      body: JSON.stringify({
        decisionId: draft.id,
        feature: draft.feature,
        decision: draft.decision,
      }),
      created_at_ms: draft.atMs,
      sent_at_ms: null,
    })
    .onConflict((conflict) => conflict.column("notice_key").doNothing())
    .execute();
}

/** Stores the decision and its ledger entry, which seals the inputs by their digest. */
export async function insertDecision(trx: Trx, record: DecisionRecord): Promise<void> {
  const inputs = record.inputs as unknown as Json;
  await trx
    .insertInto("decisions")
    .values({
      id: record.id,
      rollout_id: record.rolloutId,
      feature: record.feature,
      version: record.version,
      decision: record.decision,
      from_state: record.fromState,
      to_state: record.toState,
      stage: record.stage,
      reason: record.reason,
      actor: record.actor,
      at_ms: record.atMs,
      inputs: JSON.stringify(inputs),
      outcome: JSON.stringify(record.outcome),
      report: record.report === null ? null : JSON.stringify(record.report),
      method: record.method,
      snapshot_revision: record.snapshotRevision,
    })
    .execute();
  await appendLedger(trx, {
    atMs: record.atMs,
    actor: record.actor,
    action: `decision.${record.decision}`,
    subject: record.id,
    body: {
      feature: record.feature,
      rolloutId: record.rolloutId,
      version: record.version,
      from: record.fromState,
      to: record.toState,
      reason: record.reason,
      method: record.method,
      snapshotRevision: record.snapshotRevision,
      inputsSha256: sha256Hex(canonicalJson(inputs)),
    },
  });
}

export async function findDecision(database: Database, id: string): Promise<DecisionRecord | null> {
  const row = await database.kysely
    .selectFrom("decisions as d")
    .selectAll("d")
    .where("d.id", "=", id)
    .executeTakeFirst();
  return row === undefined ? null : toRecord(row);
}

/** Newest first. */
export async function listDecisions(
  database: Database,
  page: {
    readonly rolloutId: string;
    readonly limit: number;
    readonly beforeVersion: number | null;
  },
): Promise<readonly DecisionRecord[]> {
  let query = database.kysely
    .selectFrom("decisions as d")
    .selectAll("d")
    .where("d.rollout_id", "=", page.rolloutId);
  if (page.beforeVersion !== null) query = query.where("d.version", "<", page.beforeVersion);
  const rows = await query.orderBy("d.version", "desc").limit(page.limit).execute();
  return rows.map(toRecord);
}

function toRecord(row: {
  readonly id: string;
  readonly rollout_id: string | null;
  readonly feature: string;
  readonly version: number;
  readonly decision: DecisionRecord["decision"];
  readonly from_state: string | null;
  readonly to_state: string | null;
  readonly stage: string | null;
  readonly reason: string;
  readonly actor: string;
  readonly at_ms: number;
  readonly inputs: unknown;
  readonly outcome: unknown;
  readonly report: unknown;
  readonly method: string;
  readonly snapshot_revision: number;
}): DecisionRecord {
  return {
    id: decisionId(row.id) satisfies DecisionId,
    rolloutId: row.rollout_id === null ? null : (rolloutId(row.rollout_id) satisfies RolloutId),
    feature: row.feature,
    version: row.version,
    decision: row.decision,
    fromState: row.from_state,
    toState: row.to_state,
    stage: row.stage,
    reason: row.reason,
    actor: row.actor,
    atMs: row.at_ms,
    inputs: row.inputs as DecisionInputs | null,
    outcome: row.outcome as Json,
    report: row.report as GateReport | null,
    method: row.method,
    snapshotRevision: row.snapshot_revision,
  };
}
