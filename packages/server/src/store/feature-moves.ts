import type { ComponentKind, Json, ReleaseComponents } from "@spillway/core";
import {
  AppError,
  COMPONENT_KINDS,
  DECISION_METHOD,
  decisionId,
  invariant,
  isJsonObject,
  parseReleaseId,
  releaseDigest,
  releaseId,
  withComponentOf,
} from "@spillway/core";
import type { Ids } from "../ports.ts";
import type { Database } from "./database.ts";
import { inTransaction } from "./database.ts";
import { insertDecision } from "./decision-store.ts";
import { appendLedger } from "./ledger-store.ts";
import { loadReleases } from "./release-reader.ts";
import { exposesUsers, LIVE_STATES, toRollout } from "./rollout-row.ts";
import { publishSnapshot } from "./snapshot-store.ts";
import type { Trx } from "./transaction.ts";
import { lockStateChanges, notifyChange } from "./transaction.ts";

export type FeatureMove = {
  readonly from: string | null;
  readonly to: string;
  readonly decisionId: string;
  readonly snapshotRevision: number;
  readonly sentence: string;
};

export type MoveRequest = {
  readonly feature: string;
  /** Null: what was served before the present baseline. */
  readonly to: string | null;
  /** Take back this part only: a new release is made of the present one with that part of `to`. */
  readonly component: ComponentKind | null;
  /** Goes back also from a rollback; without it a feature that was just taken back stays there. */
  readonly isUndo: boolean;
  readonly by: string;
  readonly note: string;
  readonly nowMs: number;
};

export type MoveOutcome =
  | { readonly kind: "moved"; readonly move: FeatureMove }
  /** It has to be taken back first. Nothing was written; the request itself is fine. */
  | {
      readonly kind: "rollout_under_way";
      readonly rolloutId: string;
      readonly isPending: boolean;
      readonly isExposed: boolean;
    };

/**
 * Moves a feature that has no rollout under way back to an earlier release, at once: never gated, one
 * transaction with its decision, ledger entry and snapshot. Throws AppError where there is nothing to
 * go back to.
 *
 * A feature that was just taken back, by the gate or by a person, is not taken back once more: whoever
 * asks at that moment means what has been done already, and the release before may be long gone. The
 * answer is the move that was made; a release that is named is always gone to.
 */
export async function moveFeature(
  deps: { readonly database: Database; readonly ids: Ids },
  request: MoveRequest,
): Promise<MoveOutcome> {
  return await inTransaction(deps.database, async (trx) => {
    await lockStateChanges(trx);
    const from = await loadBaseline(trx, request.feature);
    const underWay = await rolloutUnderWay(trx, request.feature);
    if (underWay !== null) {
      if (request.to !== null) await targetRelease(trx, request, from);
      return underWay;
    }
    const isWhole = request.to === null && request.component === null;
    const done = isWhole && !request.isUndo ? await lastRollback(trx, request.feature, from) : null;
    if (done !== null) return { kind: "moved", move: done };
    const target = await targetRelease(trx, request, from);
    const to =
      request.component === null
        ? target
        : await releaseWithComponent(trx, {
            ...request,
            component: request.component,
            from,
            target,
          });
    await trx
      .updateTable("features")
      .set({ baseline: to, updated_at_ms: request.nowMs })
      .where("key", "=", request.feature)
      .execute();
    const move = await recordMove(trx, { request, from, to, id: deps.ids.next("dec") });
    return { kind: "moved", move };
  });
}

async function rolloutUnderWay(
  trx: Trx,
  feature: string,
): Promise<Extract<MoveOutcome, { kind: "rollout_under_way" }> | null> {
  const row = await trx
    .selectFrom("rollouts as r")
    .selectAll("r")
    .where("r.feature", "=", feature)
    .where("r.state_kind", "in", [...LIVE_STATES])
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return null;
  const rollout = toRollout(row);
  return {
    kind: "rollout_under_way",
    rolloutId: row.id,
    isPending: rollout.state.kind === "pending",
    isExposed: exposesUsers(rollout),
  };
}

/** The rollback that brought the feature where it is, if its last move was one. */
async function lastRollback(trx: Trx, feature: string, from: string): Promise<FeatureMove | null> {
  const row = await trx
    .selectFrom("decisions as d")
    .select(["d.id", "d.decision", "d.reason", "d.outcome", "d.snapshot_revision"])
    .where("d.feature", "=", feature)
    .where("d.decision", "in", ["rollback", "complete"])
    // A rollout that was given up before its start moved nothing.
    .where((or) => or.or([or("d.to_state", "is", null), or("d.to_state", "!=", "aborted")]))
    .orderBy("d.snapshot_revision", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined || row.decision !== "rollback") return null;
  const outcome = row.outcome as Json;
  if (isJsonObject(outcome) && outcome["isUndo"] === true) return null;
  return {
    from,
    to: from,
    decisionId: row.id,
    snapshotRevision: row.snapshot_revision,
    sentence: `${feature} is back on ${from} already: ${row.reason} To go further back, name a release.`,
  };
}

async function recordMove(
  trx: Trx,
  move: {
    readonly request: MoveRequest;
    readonly from: string;
    readonly to: string;
    readonly id: string;
  },
): Promise<FeatureMove> {
  const { request, from, to, id } = move;
  const { feature, by, note, nowMs } = request;
  const part = request.component === null ? "" : ` (only its ${request.component})`;
  const said = note.trim() === "" ? "" : ` "${note.trim()}"`;
  const sentence = `${by} rolled ${feature} back from ${from} to ${to}${part}.${said}`;
  const snapshotRevision = await publishSnapshot(trx, { nowMs, cause: id });
  await insertDecision(trx, {
    id: decisionId(id),
    rolloutId: null,
    feature,
    version: 0,
    decision: "rollback",
    fromState: null,
    toState: null,
    stage: null,
    reason: sentence,
    actor: by,
    atMs: nowMs,
    inputs: null,
    outcome: { from, to, component: request.component, isUndo: request.isUndo } satisfies Json,
    report: null,
    method: DECISION_METHOD,
    snapshotRevision,
  });
  await trx
    .insertInto("outbox")
    .values({
      notice_key: `${id}:feature.rollback`,
      topic: "feature.rollback",
      text: sentence,
      body: JSON.stringify({ decisionId: id, feature, from, to }),
      created_at_ms: nowMs,
      sent_at_ms: null,
    })
    .execute();
  await notifyChange(trx, { kind: "feature", feature, rolloutId: null, snapshotRevision });
  return { from, to, decisionId: id, snapshotRevision, sentence };
}

async function loadBaseline(trx: Trx, feature: string): Promise<string> {
  const row = await trx
    .selectFrom("features as f")
    .select("f.baseline")
    .where("f.key", "=", feature)
    .executeTakeFirst();
  if (row === undefined)
    throw new AppError("feature_not_found", `There is no feature "${feature}".`);
  if (row.baseline === null) {
    throw new AppError(
      "illegal_transition",
      `${feature} serves no release; nothing can be taken back.`,
    );
  }
  return row.baseline;
}

async function targetRelease(trx: Trx, request: MoveRequest, from: string): Promise<string> {
  if (request.to !== null) {
    const { id, feature } = parseReleaseId(request.to);
    const releases = await loadReleases(trx, [id]);
    if (!releases.has(id)) throw new AppError("not_found", `There is no release ${id}.`);
    if (feature !== request.feature) {
      throw new AppError(
        "invalid_request",
        `${id} is a release of ${feature}, not of ${request.feature}.`,
      );
    }
    await refuseUnserved(trx, request.feature, id);
    return id;
  }
  const row = await trx
    .selectFrom("route_history as h")
    .select("h.baseline")
    .where("h.feature", "=", request.feature)
    .where("h.baseline", "!=", from)
    .orderBy("h.revision", "desc")
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) {
    throw new AppError(
      "illegal_transition",
      `${request.feature} has served nothing but ${from}; name one with \`spillway rollback ${request.feature} --to <release>\`.`,
    );
  }
  return row.baseline;
}

/**
 * Taking back is never gated because what it goes back to was seen by everyone before. A release that
 * never served all traffic has no such past: for it there are rollouts.
 */
async function refuseUnserved(trx: Trx, feature: string, release: string): Promise<void> {
  const row = await trx
    .selectFrom("route_history as h")
    .select("h.revision")
    .where("h.feature", "=", feature)
    .where("h.baseline", "=", release)
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined) return;
  throw new AppError(
    "illegal_transition",
    `${release} has never been the baseline of ${feature}, so there is nothing to go back to. ` +
      `To bring it out, start a rollout: spillway start ${feature} --candidate ${release}.`,
  );
}

/** The present release with one part of the target: a new release, or one that is there already. */
async function releaseWithComponent(
  trx: Trx,
  of: MoveRequest & {
    readonly component: ComponentKind;
    readonly from: string;
    readonly target: string;
  },
): Promise<string> {
  const releases = await loadReleases(trx, [of.from, of.target]);
  const present = releases.get(of.from);
  const target = releases.get(of.target);
  invariant(present !== undefined && target !== undefined, "both releases exist");
  const components = withComponentOf(present.components, of.component, target.components);
  const digest = releaseDigest(of.feature, components);
  if (digest === present.digest) {
    throw new AppError(
      "invalid_request",
      `${of.from} and ${of.target} have the same ${of.component}.`,
    );
  }
  const known = await trx
    .selectFrom("releases as r")
    .select("r.id")
    .where("r.feature", "=", of.feature)
    .where("r.digest", "=", digest)
    .executeTakeFirst();
  return known?.id ?? (await insertRelease(trx, { ...of, components, digest }));
}

async function insertRelease(
  trx: Trx,
  of: MoveRequest & {
    readonly component: ComponentKind;
    readonly from: string;
    readonly target: string;
    readonly components: ReleaseComponents;
    readonly digest: string;
  },
): Promise<string> {
  const last = await trx
    .selectFrom("releases as r")
    .select((select) => select.fn.max("r.number").as("number"))
    .where("r.feature", "=", of.feature)
    .executeTakeFirstOrThrow();
  const number = (last.number ?? 0) + 1;
  const id = releaseId(of.feature, number);
  const digests = Object.fromEntries(
    COMPONENT_KINDS.map((kind) => [`${kind}_digest`, of.components[kind]?.digest ?? null]),
  ) as Record<`${ComponentKind}_digest`, string | null>;
  const message = `${of.from} with the ${of.component} of ${of.target}`;
  await trx
    .insertInto("releases")
    .values({
      id,
      feature: of.feature,
      number,
      digest: of.digest,
      ...digests,
      prompt_digest: of.components.prompt.digest,
      model_digest: of.components.model.digest,
      author: of.by,
      message,
      created_at_ms: of.nowMs,
    })
    .execute();
  await appendLedger(trx, {
    atMs: of.nowMs,
    actor: of.by,
    action: "release.create",
    subject: id,
    body: { feature: of.feature, number, digest: of.digest, message },
  });
  return id;
}

/** Turns the kill switch; returns false when there is no such feature. */
export async function setKilled(
  database: Database,
  change: {
    readonly feature: string;
    readonly isKilled: boolean;
    readonly by: string;
    readonly note: string;
    readonly nowMs: number;
  },
): Promise<boolean> {
  return await inTransaction(database, async (trx) => {
    await lockStateChanges(trx);
    const changed = await trx
      .updateTable("features")
      .set({ is_killed: change.isKilled, updated_at_ms: change.nowMs })
      .where("key", "=", change.feature)
      .executeTakeFirst();
    if (changed.numUpdatedRows === 0n) return false;
    const action = change.isKilled ? "feature.kill" : "feature.revive";
    await appendLedger(trx, {
      atMs: change.nowMs,
      actor: change.by,
      action,
      subject: change.feature,
      body: { note: change.note },
    });
    const snapshotRevision = await publishSnapshot(trx, { nowMs: change.nowMs, cause: action });
    const { feature } = change;
    await notifyChange(trx, { kind: "feature", feature, rolloutId: null, snapshotRevision });
    return true;
  });
}
