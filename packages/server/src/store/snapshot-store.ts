import type { Feature, FeatureState, GatewayKey, ReleaseId, Snapshot } from "@spillway/core";
import { buildSnapshot, routeOf } from "@spillway/core";
import type { Database } from "./database.ts";
import { loadReleases } from "./release-reader.ts";
import { LIVE_STATES, toRollout } from "./rollout-row.ts";
import type { Trx } from "./transaction.ts";
import { lockStateChanges, notifyChange } from "./transaction.ts";

/** Older revisions are kept this many deep; who served when is kept apart, in route_history. */
const SNAPSHOTS_KEPT = 500;

/**
 * Builds the routing state from the tables as they are in this transaction and stores it as the next
 * revision. Gateways learn of it when the transaction commits. Returns the revision.
 */
export async function publishSnapshot(
  trx: Trx,
  options: { readonly nowMs: number; readonly cause: string },
): Promise<number> {
  await lockStateChanges(trx);
  const features = await loadFeatureStates(trx);
  const previous = await loadNewest(trx);
  const revision = (previous?.revision ?? 0) + 1;
  const snapshot = buildSnapshot({
    revision,
    createdAtMs: options.nowMs,
    features,
    releases: await loadReleases(trx, routedReleases(features)),
    keys: await loadGatewayKeys(trx),
  });
  await trx
    .insertInto("snapshots")
    .values({
      revision,
      created_at_ms: options.nowMs,
      cause: options.cause,
      content: JSON.stringify(snapshot),
    })
    .execute();
  await recordRoutes(trx, previous, snapshot);
  await trx
    .deleteFrom("snapshots as s")
    .where("s.revision", "<=", revision - SNAPSHOTS_KEPT)
    .execute();
  await notifyChange(trx, {
    kind: "snapshot",
    feature: null,
    rolloutId: null,
    snapshotRevision: revision,
  });
  return revision;
}

export async function loadNewestSnapshot(database: Database): Promise<Snapshot | null> {
  return await loadNewest(database.kysely);
}

export async function loadNewestRevision(database: Database): Promise<number> {
  return (await loadNewestName(database))?.revision ?? 0;
}

/** Revision and time of the newest snapshot, without its content. */
export async function loadNewestName(
  database: Database,
): Promise<{ readonly revision: number; readonly createdAtMs: number } | null> {
  const row = await database.kysely
    .selectFrom("snapshots as s")
    .select(["s.revision", "s.created_at_ms"])
    .orderBy("s.revision", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { revision: row.revision, createdAtMs: row.created_at_ms };
}

async function loadNewest(reader: Trx | Database["kysely"]): Promise<Snapshot | null> {
  const row = await reader
    .selectFrom("snapshots as s")
    .select("s.content")
    .orderBy("s.revision", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : (row.content as Snapshot);
}

async function loadFeatureStates(trx: Trx): Promise<FeatureState[]> {
  const features = await trx.selectFrom("features as f").selectAll("f").orderBy("f.key").execute();
  const rows = await trx
    .selectFrom("rollouts as r")
    .selectAll("r")
    .where("r.state_kind", "in", [...LIVE_STATES])
    .execute();
  const rollouts = new Map(rows.map((row) => [row.feature, toRollout(row)]));
  return features.map((row) => {
    const rollout = rollouts.get(row.key);
    return {
      feature: row.definition as Feature,
      baseline: row.baseline as ReleaseId | null,
      isKilled: row.is_killed,
      route: rollout === undefined ? null : routeOf(rollout),
    };
  });
}

function routedReleases(features: readonly FeatureState[]): string[] {
  return features.flatMap(({ feature, baseline, route }) => [
    ...(baseline === null ? [] : [baseline]),
    ...(route === null ? [] : [route.candidate]),
    ...(feature.fallback?.kind === "release" ? [feature.fallback.releaseId] : []),
  ]);
}

async function loadGatewayKeys(trx: Trx): Promise<GatewayKey[]> {
  const rows = await trx
    .selectFrom("api_keys as k")
    .selectAll("k")
    .where("k.scope", "=", "gateway")
    .where("k.revoked_at_ms", "is", null)
    .orderBy("k.id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    sha256: row.sha256,
    features: row.features,
    expiresAtMs: row.expires_at_ms,
  }));
}

/** One row per feature whose routing changed: what "which release answered at time T" is read from. */
async function recordRoutes(trx: Trx, before: Snapshot | null, after: Snapshot): Promise<void> {
  const rows = Object.values(after.features).flatMap((route) => {
    const row = {
      feature: route.key,
      revision: after.revision,
      from_ms: after.createdAtMs,
      baseline: route.baseline,
      candidate: route.rollout?.candidate ?? null,
      share_bps: route.rollout?.shareBps ?? 0,
      is_killed: route.isKilled,
      rollout_id: route.rollout?.rolloutId ?? null,
    };
    const old = before?.features[route.key];
    const isSame =
      old !== undefined &&
      old.baseline === route.baseline &&
      old.isKilled === route.isKilled &&
      old.rollout?.candidate === route.rollout?.candidate &&
      old.rollout?.shareBps === route.rollout?.shareBps;
    return isSame ? [] : [row];
  });
  if (rows.length > 0) await trx.insertInto("route_history").values(rows).execute();
}
