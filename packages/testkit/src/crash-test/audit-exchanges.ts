import type { Exchange, EvaluatedBatch } from "@spillway/core";
import { evaluateBatch } from "@spillway/core";
import type { Database } from "../../../server/src/store/database.ts";
import type { FeatureCatalogue } from "../../../server/src/evaluate/feature-catalogue.ts";

export type ExchangeAudit = {
  readonly stored: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
};

/** How often something is counted, by what it is: an arm of a stage, or a bin of a metric's cell. */
type Counts = ReadonlyMap<string, number>;

const MAX_ROLLOUTS = 10_000;

/**
 * Every answered request is stored once, and the evidence of each rollout is what its stored exchanges,
 * evaluated again all at once, amount to: nothing is missing in it, nothing is in it twice.
 */
export async function auditExchanges(
  database: Database,
  catalogue: FeatureCatalogue,
  answered: readonly string[],
): Promise<ExchangeAudit> {
  const exchanges = await loadExchanges(database);
  const ids = new Set(exchanges.map(({ id }): string => id));
  const lost = answered
    .filter((id) => !ids.has(id))
    .map((id) => `${id} was answered and is not stored`);
  const doubled: string[] = [];
  if (new Set(answered).size < answered.length) doubled.push("two answers had the same exchange");
  const rollouts = await database.kysely
    .selectFrom("rollouts as r")
    .select("r.id")
    .limit(MAX_ROLLOUTS)
    .execute();
  const primaries = new Map(exchanges.map((exchange) => [exchange.id as string, exchange]));
  await catalogue.prepare(exchanges);
  for (const { id } of rollouts) {
    const own = exchanges.filter(({ rolloutId }) => rolloutId === id);
    const { knowledgeOf } = catalogue;
    const wanted = countsOf(evaluateBatch({ exchanges: own, primaries, knowledgeOf }));
    const found = await loadCounts(database, id);
    const differences = compare(wanted, found);
    lost.push(...differences.lost.map((words) => `${id}: ${words}`));
    doubled.push(...differences.doubled.map((words) => `${id}: ${words}`));
  }
  return { stored: exchanges.length, lost, doubled };
}

async function loadExchanges(database: Database): Promise<Exchange[]> {
  const rows = await database.kysely
    .selectFrom("exchanges as e")
    .select("e.record")
    .orderBy("e.id")
    .execute();
  return rows.map(({ record }) => record as Exchange);
}

function compare(
  wanted: Counts,
  found: Counts,
): { readonly lost: readonly string[]; readonly doubled: readonly string[] } {
  const lost: string[] = [];
  const doubled: string[] = [];
  for (const key of new Set([...wanted.keys(), ...found.keys()])) {
    const difference = (found.get(key) ?? 0) - (wanted.get(key) ?? 0);
    if (difference < 0) lost.push(`${key} lacks ${-difference}`);
    if (difference > 0) doubled.push(`${key} has ${difference} too many`);
  }
  return { lost, doubled };
}

function countsOf(batch: EvaluatedBatch): Counts {
  const counts = new Map<string, number>();
  for (const of of batch.exposures) addExposure(counts, of);
  for (const of of batch.evidence) {
    const key = ["total", of.stageIndex, of.propensityBps, of.arm, of.slice, of.metric];
    addCell(counts, key, of.cell);
    addCell(counts, ["minute", ...key.slice(1), of.minuteMs], of.cell);
  }
  return counts;
}

async function loadCounts(database: Database, rolloutId: string): Promise<Counts> {
  const counts = new Map<string, number>();
  const exposures = await database.kysely
    .selectFrom("exposures as x")
    .selectAll("x")
    .where("x.rollout_id", "=", rolloutId)
    .execute();
  for (const row of exposures) {
    addExposure(counts, {
      stageIndex: row.stage_index,
      propensityBps: row.propensity_bps,
      baseline: row.baseline,
      candidate: row.candidate,
      pairs: row.pairs,
      excluded: row.excluded as Readonly<Record<string, number>>,
    });
  }
  const totals = await database.kysely
    .selectFrom("evidence_totals as t")
    .selectAll("t")
    .where("t.rollout_id", "=", rolloutId)
    .execute();
  for (const row of totals) {
    const { stage_index, propensity_bps, arm, slice, metric } = row;
    addCell(counts, ["total", stage_index, propensity_bps, arm, slice, metric], row.cell as Cell);
  }
  const minutes = await database.kysely
    .selectFrom("evidence as e")
    .selectAll("e")
    .where("e.rollout_id", "=", rolloutId)
    .execute();
  for (const row of minutes) {
    const { stage_index, propensity_bps, arm, slice, metric, minute_ms } = row;
    const key = ["minute", stage_index, propensity_bps, arm, slice, metric, minute_ms];
    addCell(counts, key, row.cell as Cell);
  }
  return counts;
}

type Cell = EvaluatedBatch["evidence"][number]["cell"];

function addCell(counts: Map<string, number>, key: readonly (string | number)[], cell: Cell): void {
  const bins = "bins" in cell ? cell.bins : cell.joint;
  for (const [bin, count] of Object.entries(bins)) add(counts, [...key, bin].join(" "), count);
}

function addExposure(
  counts: Map<string, number>,
  of: Omit<EvaluatedBatch["exposures"][number], "rolloutId" | "lastObservedAtMs">,
): void {
  const place = `exposure ${of.stageIndex} ${of.propensityBps}`;
  for (const part of ["baseline", "candidate", "pairs"] as const) {
    add(counts, `${place} ${part}`, of[part]);
  }
  for (const [reason, count] of Object.entries(of.excluded)) {
    add(counts, `${place} excluded ${reason}`, count);
  }
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
