import { sql } from "kysely";
import type { Database } from "./database.ts";

export type FeatureTraffic = {
  readonly requests: number;
  /** From the first request of the window on, at least an hour: a young feature is not diluted. */
  readonly windowHours: number;
  readonly requestsPerHour: number;
};

const HOUR_MS = 3_600_000;
const MOST_HOURS = 24;
const LEAST_HOURS = 1;
/** More requests than these are not counted: their own span is the window then. */
const MOST_REQUESTS = 50_000;

/** Answers to people over the last day, from the stored exchanges; null when there is no such feature. */
export async function loadFeatureTraffic(
  database: Database,
  feature: string,
  nowMs: number,
): Promise<FeatureTraffic | null> {
  const known = await database.kysely
    .selectFrom("features as f")
    .select("f.key")
    .where("f.key", "=", feature)
    .executeTakeFirst();
  return known === undefined ? null : await countTraffic(database, feature, nowMs);
}

/** The same of a feature that is known to be there. */
export async function countTraffic(
  database: Database,
  feature: string,
  nowMs: number,
): Promise<FeatureTraffic> {
  const lately = database.kysely
    .selectFrom("exchanges as e")
    .select("e.started_at_ms")
    .where("e.feature", "=", feature)
    .where("e.role", "=", "primary")
    .where("e.started_at_ms", ">", Math.round(nowMs - MOST_HOURS * HOUR_MS))
    .where("e.started_at_ms", "<=", Math.round(nowMs))
    .orderBy("e.started_at_ms", "desc")
    .limit(MOST_REQUESTS);
  const row = await database.kysely
    .selectFrom(lately.as("l"))
    .select([
      sql<string>`count(*)`.as("requests"),
      sql<string | null>`min(l.started_at_ms)`.as("first_at_ms"),
    ])
    .executeTakeFirstOrThrow();
  const requests = Number(row.requests);
  const span = row.first_at_ms === null ? 0 : (nowMs - Number(row.first_at_ms)) / HOUR_MS;
  const hours = Math.min(MOST_HOURS, Math.max(LEAST_HOURS, span));
  return {
    requests,
    windowHours: Number(hours.toFixed(2)),
    requestsPerHour: Number((requests / hours).toFixed(3)),
  };
}
