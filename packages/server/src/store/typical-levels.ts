import type { MetricDefinition } from "@spillway/core";
import { sql } from "kysely";
import type { Database } from "./database.ts";

/** A week has every weekday once; older exchanges may be of another time. */
const WINDOW_MS = 7 * 86_400_000;
/** The newest of them are plenty for a level, and bound the query. */
const EXCHANGES_MAX = 20_000;
/** Fewer would make a 95th percentile of a handful of answers. */
const EXCHANGES_MIN = 100;

/** Where the raw numbers of a metric stand in an exchange's record, in the metric's unit. */
const COLUMNS = {
  latency_ms: sql<number>`(x.record->>'latencyMs')::float8`,
  first_token_ms: sql<number>`(x.record->>'firstTokenMs')::float8`,
  cost_usd: sql<number>`(x.record->>'costMicroUsd')::float8 / 1e6`,
  tokens: sql<number>`(x.record->>'inputTokens')::float8 + (x.record->>'outputTokens')::float8`,
} as const;

/**
 * What a release has shown of metrics that cannot be judged without knowing: the quantile or the mean over
 * its answers of the last week. Metrics with too little history are left out.
 */
export async function loadTypicalLevels(
  database: Database,
  of: { readonly feature: string; readonly release: string; readonly nowMs: number },
  metrics: readonly MetricDefinition[],
): Promise<Readonly<Record<string, number>>> {
  const levels: Record<string, number> = {};
  for (const metric of metrics) {
    const column = columnOf(metric);
    if (column === null) continue;
    const measure =
      metric.quantile === undefined
        ? sql<number | null>`avg(v.number)`
        : sql<number | null>`percentile_cont(${metric.quantile}) within group (order by v.number)`;
    const { rows } = await sql<{ level: number | null; count: number }>`
      select ${measure} as level, count(v.number)::int as count
      from (
        select ${column} as number
        from exchanges as x
        where x.feature = ${of.feature} and x.release = ${of.release}
          and x.role = 'primary' and x.outcome = 'ok'
          and x.started_at_ms > ${of.nowMs - WINDOW_MS}
        order by x.started_at_ms desc
        limit ${EXCHANGES_MAX}
      ) as v`.execute(database.kysely);
    const [row] = rows;
    const level = row?.level ?? 0;
    if ((row?.count ?? 0) >= EXCHANGES_MIN && level > 0) levels[metric.name] = level;
  }
  return levels;
}

function columnOf({ source }: MetricDefinition) {
  return source !== undefined && Object.hasOwn(COLUMNS, source)
    ? COLUMNS[source as keyof typeof COLUMNS]
    : null;
}
