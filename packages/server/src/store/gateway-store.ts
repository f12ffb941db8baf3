import type { Database } from "./database.ts";
import { inTransaction } from "./database.ts";
import { notifyChange } from "./transaction.ts";

/** What a gateway says of itself. */
export type GatewayState = {
  readonly id: string;
  readonly startedAtMs: number;
  readonly snapshotRevision: number;
  readonly spoolBytes: number;
  readonly spooledExchanges: number;
  readonly droppedExchanges: number;
  readonly shadowDrops: readonly {
    readonly rolloutId: string;
    readonly reason: string;
    readonly count: number;
  }[];
};

/** A gateway that has been silent this long in real time is gone: it is shown no more. */
const GONE_AFTER_MS = 60_000;

export async function saveGatewayReport(
  database: Database,
  report: GatewayState,
  seen: { readonly atMs: number; readonly atWallMs: number },
): Promise<void> {
  const row = {
    report: JSON.stringify(report),
    last_seen_at_ms: Math.round(seen.atMs),
    last_seen_wall_ms: Math.round(seen.atWallMs),
  };
  await inTransaction(database, async (trx) => {
    await trx
      .insertInto("gateways")
      .values({ id: report.id, ...row })
      .onConflict((conflict) => conflict.column("id").doUpdateSet(row))
      .execute();
    const { snapshotRevision } = report;
    await notifyChange(trx, { kind: "gateway", feature: null, rolloutId: null, snapshotRevision });
  });
}

export async function listGateways(
  database: Database,
  wallNowMs: number,
): Promise<readonly (GatewayState & { readonly lastSeenAtMs: number })[]> {
  const rows = await database.kysely
    .selectFrom("gateways as g")
    .select(["g.report", "g.last_seen_at_ms"])
    .where("g.last_seen_wall_ms", ">=", wallNowMs - GONE_AFTER_MS)
    .orderBy("g.id")
    .limit(500)
    .execute();
  return rows.map((row) => ({
    ...(row.report as GatewayState),
    lastSeenAtMs: row.last_seen_at_ms,
  }));
}

/** Shadow copies that were not made, by rollout and reason, over all gateways that ever reported. */
export async function shadowDropsOf(
  database: Database,
  rolloutIds: readonly string[],
): Promise<ReadonlyMap<string, Readonly<Record<string, number>>>> {
  const wanted = new Set(rolloutIds);
  const drops = new Map<string, Record<string, number>>();
  if (wanted.size === 0) return drops;
  const rows = await database.kysely
    .selectFrom("gateways as g")
    .select("g.report")
    .orderBy("g.last_seen_wall_ms", "desc")
    .limit(500)
    .execute();
  for (const { rolloutId, reason, count } of rows.flatMap(
    (row) => (row.report as GatewayState).shadowDrops,
  )) {
    if (!wanted.has(rolloutId)) continue;
    const known = drops.get(rolloutId) ?? {};
    drops.set(rolloutId, { ...known, [reason]: (known[reason] ?? 0) + count });
  }
  return drops;
}
