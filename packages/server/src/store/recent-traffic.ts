import { sql } from "kysely";
import type { Database } from "./database.ts";

/** Long enough to see a feature of a few calls an hour, short enough to be about now. */
const WINDOW_MS = 15 * 60_000;
const MOST_CALLS = 50;

/** How the newest calls of a feature ended; at most fifty of the last fifteen minutes. */
export async function recentTraffic(
  database: Database,
  query: { readonly feature: string; readonly nowMs: number },
): Promise<{ readonly calls: number; readonly failed: number; readonly fallbacks: number }> {
  const rows = await database.kysely
    .selectFrom("exchanges as e")
    .select(["e.outcome", sql<boolean>`(e.record->>'isFallback')::boolean`.as("is_fallback")])
    .where("e.feature", "=", query.feature)
    .where("e.role", "=", "primary")
    .where("e.outcome", "!=", "cancelled")
    .where("e.started_at_ms", ">=", query.nowMs - WINDOW_MS)
    .orderBy("e.started_at_ms", "desc")
    .limit(MOST_CALLS)
    .execute();
  return {
    calls: rows.length,
    failed: rows.filter((row) => row.outcome !== "ok").length,
    fallbacks: rows.filter((row) => row.outcome === "ok" && row.is_fallback).length,
  };
}
