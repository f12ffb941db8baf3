import { promptIdentity } from "@spillway/core";
import { sql } from "kysely";
import type { Database } from "./database.ts";
import { loadReleases } from "./release-reader.ts";

export type Served = {
  readonly baseline: string | null;
  readonly candidate: string | null;
  readonly setShareBps: number;
  readonly isKilled: boolean;
  readonly served: readonly {
    readonly release: string;
    readonly promptIdentity: string;
    readonly exchanges: number;
    readonly fallbacks: number;
    readonly firstAtMs: number;
    readonly lastAtMs: number;
  }[];
};

/** Exchanges this close to the asked time are counted: what really answered around then. */
const WINDOW_MS = 30 * 60_000;

const IS_FALLBACK_COUNT = sql<number>`count(*) filter (where (e.record->>'isFallback')::boolean)`;

/** Which release answered at a time: what was routed, and what the stored exchanges say. */
export async function whoServed(
  database: Database,
  query: { readonly feature: string; readonly atMs: number; readonly tenant: string | null },
): Promise<Served | null> {
  const feature = await database.kysely
    .selectFrom("features as f")
    .select("f.key")
    .where("f.key", "=", query.feature)
    .executeTakeFirst();
  if (feature === undefined) return null;
  const route = await database.kysely
    .selectFrom("route_history as h")
    .selectAll("h")
    .where("h.feature", "=", query.feature)
    .where("h.from_ms", "<=", query.atMs)
    .orderBy("h.revision", "desc")
    .limit(1)
    .executeTakeFirst();
  return {
    baseline: route?.baseline ?? null,
    candidate: route?.candidate ?? null,
    setShareBps: route?.share_bps ?? 0,
    isKilled: route?.is_killed ?? false,
    served: await countServed(database, query),
  };
}

async function countServed(
  database: Database,
  query: { readonly feature: string; readonly atMs: number; readonly tenant: string | null },
): Promise<Served["served"]> {
  let counting = database.kysely
    .selectFrom("exchanges as e")
    .select((select) => [
      "e.release",
      select.fn.countAll<number>().as("exchanges"),
      IS_FALLBACK_COUNT.as("fallbacks"),
      select.fn.min("e.started_at_ms").as("first_at_ms"),
      select.fn.max("e.started_at_ms").as("last_at_ms"),
    ])
    .where("e.feature", "=", query.feature)
    .where("e.role", "=", "primary")
    .where("e.started_at_ms", ">=", query.atMs - WINDOW_MS)
    .where("e.started_at_ms", "<=", query.atMs + WINDOW_MS);
  if (query.tenant !== null) counting = counting.where("e.tenant", "=", query.tenant);
  const rows = await counting.groupBy("e.release").orderBy("e.release").limit(100).execute();
  const releases = await loadReleases(
    database.kysely,
    rows.map((row) => row.release),
  );
  return rows.map((row) => {
    const release = releases.get(row.release);
    return {
      release: row.release,
      promptIdentity: release === undefined ? "" : promptIdentity(release.components),
      exchanges: row.exchanges,
      fallbacks: row.fallbacks,
      firstAtMs: row.first_at_ms,
      lastAtMs: row.last_at_ms,
    };
  });
}
