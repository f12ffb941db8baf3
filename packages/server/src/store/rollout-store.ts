import type {
  GateReport,
  Json,
  ReleaseId,
  Requirement,
  Rollout,
  RolloutId,
  Strategy,
} from "@spillway/core";
import { AppError, BUCKETING_ALGORITHM } from "@spillway/core";
import { sql } from "kysely";
import type { Database } from "./database.ts";
import { inTransaction } from "./database.ts";
import { isUniqueViolation } from "./database-error.ts";
import { appendLedger } from "./ledger-store.ts";
import { LIVE_STATES, TICKING_STATES, toRollout } from "./rollout-row.ts";
import type { Trx } from "./transaction.ts";
import { lockStateChanges, notifyChange } from "./transaction.ts";

/** A rollout as screens need it: itself, and what was last made of it. */
export type StoredRollout = {
  readonly rollout: Rollout;
  readonly strategyDocument: Json;
  readonly report: GateReport | null;
  readonly sentence: string;
  readonly unmet: readonly Requirement[];
  readonly updatedAtMs: number;
};

export type RolloutDraft = {
  readonly id: RolloutId;
  readonly feature: string;
  readonly tier: 1 | 2 | 3;
  readonly baseline: ReleaseId;
  readonly candidate: ReleaseId;
  readonly strategy: Strategy;
  readonly strategyDocument: Json;
  readonly author: string;
  readonly note: string;
  /** What was said of its traffic, for the ledger. */
  readonly warnings: readonly string[];
  readonly nowMs: number;
};

/**
 * Throws `conflict` when the feature has a rollout under way (one at a time), or another baseline than
 * the one that the draft was checked against.
 */
export async function insertRollout(database: Database, draft: RolloutDraft): Promise<void> {
  try {
    await inTransaction(database, async (trx) => {
      await lockStateChanges(trx);
      await requireBaseline(trx, draft);
      await trx
        .insertInto("rollouts")
        .values({
          id: draft.id,
          feature: draft.feature,
          tier: draft.tier,
          baseline: draft.baseline,
          candidate: draft.candidate,
          strategy: JSON.stringify(draft.strategy),
          strategy_document: JSON.stringify(draft.strategyDocument),
          algorithm: BUCKETING_ALGORITHM,
          author: draft.author,
          created_at_ms: draft.nowMs,
          state_kind: "pending",
          state: JSON.stringify({ kind: "pending" }),
          approvals: "[]",
          version: 0,
          updated_at_ms: draft.nowMs,
          check_at_ms: null,
          lease_owner: null,
          lease_until_wall_ms: null,
          report: null,
          sentence: "Prepared; it has not been started.",
          unmet: "[]",
        })
        .execute();
      await appendLedger(trx, {
        atMs: draft.nowMs,
        actor: draft.author,
        action: "rollout.create",
        subject: draft.id,
        body: {
          feature: draft.feature,
          baseline: draft.baseline,
          candidate: draft.candidate,
          strategy: draft.strategyDocument,
          note: draft.note,
          ...(draft.warnings.length === 0 ? {} : { warnings: [...draft.warnings] }),
        },
      });
      await notifyRollout(trx, draft.feature, draft.id);
    });
  } catch (cause) {
    if (!isUniqueViolation(cause, "rollouts_one_live_per_feature")) throw cause;
    throw new AppError(
      "conflict",
      `${draft.feature} has a rollout under way already. Roll it back, abort it or let it end first.`,
      { cause },
    );
  }
}

/** Whoever changes a baseline holds the lock of state changes, so it stays as it is until the commit. */
async function requireBaseline(trx: Trx, { feature, baseline }: RolloutDraft): Promise<void> {
  const row = await trx
    .selectFrom("features as f")
    .select("f.baseline")
    .where("f.key", "=", feature)
    .executeTakeFirst();
  if (row?.baseline === baseline) return;
  throw new AppError(
    "conflict",
    `The baseline of ${feature} changed from ${baseline} to ${row?.baseline ?? "none"} while the rollout was prepared. Look again and retry.`,
  );
}

export async function notifyRollout(trx: Trx, feature: string, id: string): Promise<void> {
  await notifyChange(trx, { kind: "rollout", feature, rolloutId: id, snapshotRevision: null });
}

export async function findRollout(
  reader: Trx | Database["kysely"],
  id: string,
): Promise<StoredRollout | null> {
  const row = await reader
    .selectFrom("rollouts as r")
    .selectAll("r")
    .where("r.id", "=", id)
    .executeTakeFirst();
  return row === undefined ? null : toStored(row);
}

/** The rollout that occupies the feature, if there is one. */
export async function findLiveRollout(
  database: Database,
  feature: string,
): Promise<StoredRollout | null> {
  const row = await database.kysely
    .selectFrom("rollouts as r")
    .selectAll("r")
    .where("r.feature", "=", feature)
    .where("r.state_kind", "in", [...LIVE_STATES])
    .executeTakeFirst();
  return row === undefined ? null : toStored(row);
}

export async function findLatestRollout(
  database: Database,
  feature: string,
): Promise<StoredRollout | null> {
  const row = await database.kysely
    .selectFrom("rollouts as r")
    .selectAll("r")
    .where("r.feature", "=", feature)
    .orderBy("r.created_at_ms", "desc")
    .orderBy("r.id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : toStored(row);
}

export type RolloutFilter = {
  readonly feature: string | null;
  readonly isActive: boolean | null;
  readonly limit: number;
  readonly offset: number;
};

/** What needs attention first: held and rolled back, then live, then the rest, newest first. */
export async function listRollouts(
  database: Database,
  filter: RolloutFilter,
): Promise<readonly StoredRollout[]> {
  let query = database.kysely.selectFrom("rollouts as r").selectAll("r");
  if (filter.feature !== null) query = query.where("r.feature", "=", filter.feature);
  if (filter.isActive === true) query = query.where("r.state_kind", "in", [...LIVE_STATES]);
  if (filter.isActive === false) query = query.where("r.state_kind", "not in", [...LIVE_STATES]);
  const rows = await query
    .orderBy((order) =>
      order
        .case()
        .when("r.state_kind", "=", "held")
        .then(0)
        .when("r.state_kind", "in", ["paused", "progressing", "pending"])
        .then(1)
        .else(2)
        .end(),
    )
    .orderBy("r.created_at_ms", "desc")
    .orderBy("r.id", "desc")
    .limit(filter.limit)
    .offset(filter.offset)
    .execute();
  return rows.map(toStored);
}

export type Lease = {
  readonly owner: string;
  readonly untilWallMs: number;
  readonly wallNowMs: number;
};

/**
 * Claims rollouts that are due: new evidence, or their time has come. Whoever gets one holds its lease;
 * others skip it (`for update skip locked`), and a dead owner's lease simply runs out. What was claimed
 * stays due until an assessment or a decision is saved, which says when to look again: a tick that
 * fails, or a worker that dies with it, is made up for at once.
 */
export async function claimDueRollouts(
  database: Database,
  claim: { readonly lease: Lease; readonly nowMs: number; readonly limit: number },
): Promise<readonly string[]> {
  const { lease, nowMs, limit } = claim;
  const rows = await database.kysely
    .updateTable("rollouts")
    .set({
      lease_owner: lease.owner,
      lease_until_wall_ms: lease.untilWallMs,
      is_dirty: false,
      check_at_ms: sql<number>`least(check_at_ms, ${nowMs})`,
    })
    .where("id", "in", (select) =>
      select
        .selectFrom("rollouts as r")
        .select("r.id")
        .where("r.state_kind", "in", [...TICKING_STATES])
        .where((or) => or.or([or("r.is_dirty", "=", true), or("r.check_at_ms", "<=", nowMs)]))
        .where((or) =>
          or.or([
            or("r.lease_until_wall_ms", "is", null),
            or("r.lease_until_wall_ms", "<", lease.wallNowMs),
          ]),
        )
        .orderBy("r.check_at_ms")
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .returning("id")
    .execute();
  return rows.map((row) => row.id);
}

export async function releaseLease(database: Database, id: string, owner: string): Promise<void> {
  await database.kysely
    .updateTable("rollouts")
    .set({ lease_owner: null, lease_until_wall_ms: null })
    .where("id", "=", id)
    .where("lease_owner", "=", owner)
    .execute();
}

/** Nothing was decided: keep what screens show, and when to look again. */
export async function saveAssessment(
  database: Database,
  assessment: {
    readonly id: string;
    readonly version: number;
    readonly feature: string;
    readonly report: GateReport | null;
    readonly sentence: string;
    readonly unmet: readonly Requirement[];
    readonly checkAtMs: number;
    readonly nowMs: number;
  },
): Promise<void> {
  await inTransaction(database, async (trx) => {
    await trx
      .updateTable("rollouts")
      .set({
        report: assessment.report === null ? null : JSON.stringify(assessment.report),
        sentence: assessment.sentence,
        unmet: JSON.stringify(assessment.unmet),
        check_at_ms: assessment.checkAtMs,
        updated_at_ms: assessment.nowMs,
      })
      .where("id", "=", assessment.id)
      .where("version", "=", assessment.version)
      .execute();
    await notifyRollout(trx, assessment.feature, assessment.id);
  });
}

/** New evidence has arrived: have these looked at soon. */
export async function markDirty(trx: Trx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await trx
    .updateTable("rollouts")
    .set({ is_dirty: true })
    .where("id", "in", [...ids].toSorted())
    .where("state_kind", "in", [...TICKING_STATES])
    .execute();
}

function toStored(
  row: Parameters<typeof toRollout>[0] & {
    readonly strategy_document: unknown;
    readonly report: unknown;
    readonly sentence: string;
    readonly unmet: unknown;
    readonly updated_at_ms: number;
  },
): StoredRollout {
  return {
    rollout: toRollout(row),
    strategyDocument: row.strategy_document as Json,
    report: row.report as GateReport | null,
    sentence: row.sentence,
    unmet: row.unmet as readonly Requirement[],
    updatedAtMs: row.updated_at_ms,
  };
}
