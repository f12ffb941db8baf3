import type { ExposureIncrement, RolloutEvidence, StageExposure, TimedNeed } from "@spillway/core";
import { liveSinceMs } from "@spillway/core";
import type { Database } from "./database.ts";
import { groupMetrics } from "./evidence-rows.ts";
import { loadTimedEvidence } from "./evidence-times.ts";
import type { Trx } from "./transaction.ts";

export async function addExposures(
  trx: Trx,
  increments: readonly ExposureIncrement[],
): Promise<void> {
  const rows = new Map<string, ExposureIncrement>();
  for (const increment of increments) {
    const { rolloutId, stageIndex, propensityBps } = increment;
    const key = JSON.stringify([rolloutId, stageIndex, propensityBps]);
    const known = rows.get(key);
    rows.set(key, known === undefined ? increment : mergedExposure(known, increment));
  }
  const ordered = [...rows].toSorted(([left], [right]) => (left < right ? -1 : 1));
  for (const [, increment] of ordered) await addExposure(trx, increment);
}

function mergedExposure(left: ExposureIncrement, right: ExposureIncrement): ExposureIncrement {
  return {
    ...left,
    baseline: left.baseline + right.baseline,
    candidate: left.candidate + right.candidate,
    pairs: left.pairs + right.pairs,
    excluded: addedCounts(left.excluded, right.excluded),
    firstObservedAtMs: earlierOf(left.firstObservedAtMs, right.firstObservedAtMs),
    lastObservedAtMs: laterOf(left.lastObservedAtMs, right.lastObservedAtMs),
  };
}

function addedCounts(
  left: Readonly<Record<string, number>>,
  right: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum: Record<string, number> = { ...left };
  for (const [reason, count] of Object.entries(right)) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}

const laterOf = (left: number | null, right: number | null): number | null =>
  Math.max(left ?? 0, right ?? 0) || null;

function earlierOf(
  left: number | null | undefined,
  right: number | null | undefined,
): number | null {
  if (left === null || left === undefined) return right ?? null;
  return right === null || right === undefined ? left : Math.min(left, right);
}

async function addExposure(trx: Trx, increment: ExposureIncrement): Promise<void> {
  const key = {
    rollout_id: increment.rolloutId,
    stage_index: increment.stageIndex,
    propensity_bps: increment.propensityBps,
  };
  const none = { baseline: 0, candidate: 0, pairs: 0, excluded: "{}" };
  await trx
    .insertInto("exposures")
    .values({ ...key, ...none })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await trx
    .selectFrom("exposures as x")
    .selectAll("x")
    .where((where) => where.and(key))
    .forUpdate()
    .executeTakeFirstOrThrow();
  await trx
    .updateTable("exposures as x")
    .set({
      baseline: row.baseline + increment.baseline,
      candidate: row.candidate + increment.candidate,
      pairs: row.pairs + increment.pairs,
      excluded: JSON.stringify(
        addedCounts(row.excluded as Record<string, number>, increment.excluded),
      ),
      first_observed_at_ms: earlierOf(row.first_observed_at_ms, increment.firstObservedAtMs),
      last_observed_at_ms: laterOf(row.last_observed_at_ms, increment.lastObservedAtMs),
    })
    .where((where) => where.and(key))
    .execute();
}

/**
 * All that a gate judges from: totals, exposures and, for the criteria that ask for time, blocks of
 * minutes (`timedNeeds`). Its size does not depend on the traffic.
 */
export async function loadEvidence(
  reader: Trx | Database["kysely"],
  rolloutId: string,
  needs: readonly TimedNeed[] = [],
): Promise<RolloutEvidence> {
  const totals = await reader
    .selectFrom("evidence_totals as t")
    .selectAll("t")
    .where("t.rollout_id", "=", rolloutId)
    .orderBy("t.metric")
    .orderBy("t.slice")
    .orderBy("t.stage_index")
    .orderBy("t.propensity_bps")
    .orderBy("t.arm")
    .execute();
  const exposures = (await selectExposures(reader, [rolloutId])).map(toExposure);
  const evidence = { metrics: groupMetrics(totals), exposures };
  if (needs.length === 0) return evidence;
  const timed = await loadTimedEvidence(reader, {
    rolloutId,
    needs,
    liveSinceMs: liveSinceMs(exposures),
  });
  return { ...evidence, timed };
}

/** Exposures by rollout, for screens. */
export async function loadExposures(
  database: Database,
  rolloutIds: readonly string[],
): Promise<ReadonlyMap<string, readonly StageExposure[]>> {
  if (rolloutIds.length === 0) return new Map();
  const rows = await selectExposures(database.kysely, rolloutIds);
  const byRollout = Map.groupBy(rows, (row) => row.rollout_id);
  return new Map([...byRollout].map(([id, of]) => [id, of.map(toExposure)]));
}

async function selectExposures(reader: Trx | Database["kysely"], rolloutIds: readonly string[]) {
  return await reader
    .selectFrom("exposures as x")
    .selectAll("x")
    .where("x.rollout_id", "in", [...rolloutIds])
    .orderBy("x.stage_index")
    .orderBy("x.propensity_bps")
    .execute();
}

function toExposure(row: Awaited<ReturnType<typeof selectExposures>>[number]): StageExposure {
  return {
    stageIndex: row.stage_index,
    propensityBps: row.propensity_bps,
    baseline: row.baseline,
    candidate: row.candidate,
    pairs: row.pairs,
    excluded: row.excluded as Record<string, number>,
    firstObservedAtMs: row.first_observed_at_ms,
    lastObservedAtMs: row.last_observed_at_ms,
  };
}
