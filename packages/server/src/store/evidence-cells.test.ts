import type { EvidenceIncrement, RolloutEvidence } from "@spillway/core";
import { emptyEvidence, withBatch } from "@spillway/core";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestDatabase } from "../../../testkit/src/database.ts";
import { createTestDatabase } from "../../../testkit/src/database.ts";
import { inTransaction } from "./database.ts";
import { addEvidence } from "./evidence-cells.ts";
import { addExposures, loadEvidence } from "./evidence-store.ts";

const MINUTE_MS = 60_000;

let at: TestDatabase;
beforeAll(async () => {
  at = await createTestDatabase("evidence-cells");
  // Cells are all that this is about; the rollouts that they belong to are not there.
  for (const table of ["evidence", "evidence_totals"]) {
    const constraint = sql.ref(`${table}_rollout_id_fkey`);
    await sql`alter table ${sql.table(table)} drop constraint ${constraint}`.execute(
      at.database.kysely,
    );
  }
});
afterAll(async () => at.drop());

const add = (batch: readonly EvidenceIncrement[]): Promise<void> =>
  inTransaction(at.database, (trx) => addEvidence(trx, batch));

/** A batch over many minutes, as a compressed clock makes them. */
function makeBatch(rolloutId: string, seed: number): EvidenceIncrement[] {
  return Array.from({ length: 300 }, (_, index): EvidenceIncrement => {
    const place = {
      rolloutId,
      stageIndex: index % 2,
      propensityBps: 1_000,
      slice: index % 3 === 0 ? "*" : "morbidity=multi",
      metric: index % 5 === 0 ? "error_rate" : "quality",
      minuteMs: ((seed + index) % 40) * MINUTE_MS,
    };
    const bin = (seed * 7 + index) % 101;
    if (index % 4 === 0) return { ...place, arm: "pair", cell: { joint: { [`${bin}:50`]: 1 } } };
    const arm = index % 4 === 1 ? "candidate" : "baseline";
    return { ...place, arm, cell: { bins: { [bin]: 1 } } };
  });
}

const inMemory = (batches: readonly EvidenceIncrement[][]): RolloutEvidence =>
  withBatch({ metrics: [], exposures: [] }, { evidence: batches.flat(), exposures: [] });

/** Order of rows and keys is nobody's business here. */
function counted({ metrics }: RolloutEvidence): Record<string, number> {
  const counts = metrics.flatMap(({ metric, slice, strata }) =>
    strata.flatMap(({ stageIndex, baseline, candidate, pairs }) =>
      Object.entries({
        baseline: baseline.bins,
        candidate: candidate.bins,
        pair: pairs.joint,
      }).flatMap(([arm, bins]) =>
        Object.entries(bins).map(([bin, count]): [string, number] => [
          [metric, slice, stageIndex, arm, bin].join(" "),
          count,
        ]),
      ),
    ),
  );
  return Object.fromEntries(counts.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

test("batches of workers that meet add up to what they hold", async () => {
  const batches = [1, 2, 3, 4].map((seed) => makeBatch("r1", seed));
  await Promise.all(batches.map(add));
  expect(counted(await loadEvidence(at.database.kysely, "r1"))).toEqual(counted(inMemory(batches)));
});

test("minutes hold in sum what the totals hold", async () => {
  await add(makeBatch("r2", 9));
  await add(makeBatch("r2", 10));
  const sumOf = async (table: "evidence" | "evidence_totals"): Promise<number> => {
    const found = await sql<{ cell: Record<string, Record<string, number>> }>`
      select t.cell from ${sql.table(table)} as t where t.rollout_id = 'r2'`.execute(
      at.database.kysely,
    );
    return found.rows
      .flatMap(({ cell }) => Object.values(cell["bins"] ?? cell["joint"] ?? {}))
      .reduce((sum, count) => sum + count, 0);
  };
  expect(await sumOf("evidence_totals")).toBe(600);
  expect(await sumOf("evidence")).toBe(600);
});

test("blocks of time hold what the minutes in them hold, also by units", async () => {
  const needs = [
    { metric: "quality", blockSeconds: 600, withinSeconds: null },
    { metric: "error_rate", blockSeconds: 900, withinSeconds: 1_200 },
  ];
  const batch = makeBatch("r4", 3).map((of): EvidenceIncrement => {
    const counts = of.arm === "pair" ? of.cell.joint : of.cell.bins;
    const units = Object.fromEntries(
      Object.entries(counts).map(([bins, count]) => [`7:${bins}`, count]),
    );
    const grouped = { ...of.cell, units, newestAtMs: of.minuteMs };
    return { ...of, cell: grouped } as EvidenceIncrement;
  });
  await add(batch);
  const exposed = { stageIndex: 0, propensityBps: 1_000, baseline: 0, candidate: 0, pairs: 0 };
  await sql`alter table exposures drop constraint exposures_rollout_id_fkey`.execute(
    at.database.kysely,
  );
  const exposures = [
    { rolloutId: "r4", ...exposed, excluded: {}, firstObservedAtMs: 0, lastObservedAtMs: 0 },
  ];
  await inTransaction(at.database, (trx) => addExposures(trx, exposures));
  const memory = withBatch(emptyEvidence(), { evidence: batch, exposures }, needs);
  const stored = await loadEvidence(at.database.kysely, "r4", { needs });
  const [errors, quality] = ["error_rate", "quality"].map((metric) =>
    memory.timed?.filter((entry) => entry.metric === metric),
  );
  expect(stored.timed?.filter(({ metric }) => metric === "quality")).toEqual(quality);
  // 20 minutes of live traffic: the blocks that begin at 0 and at 15 minutes.
  expect(stored.timed?.filter(({ metric }) => metric === "error_rate")).toEqual(
    errors?.map((entry) => ({ ...entry, blocks: entry.blocks.slice(0, 2) })),
  );
});

test("an empty batch changes nothing", async () => {
  await add([]);
  expect((await loadEvidence(at.database.kysely, "r3")).metrics).toEqual([]);
});
