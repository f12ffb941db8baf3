import type { EvidenceCell, EvidenceIncrement, PairCell } from "@spillway/core";
import { mergeCells, mergePairCells } from "@spillway/core";
import { sql } from "kysely";
import type { RawBuilder } from "kysely";
import type { Trx } from "./transaction.ts";

type CellTable = "evidence_totals" | "evidence";

/** Columns of the primary key, with the types that the rows of a batch are read as. */
const TOTAL_KEY = {
  rollout_id: "text",
  stage_index: "integer",
  propensity_bps: "integer",
  arm: "text",
  slice: "text",
  metric: "text",
} as const;
const MINUTE_KEY = { ...TOTAL_KEY, minute_ms: "bigint" } as const;

type Cell = EvidenceCell | PairCell;
type CellRow = Record<string, string | number | Cell> & { readonly cell: Cell };

/** One statement's parameter stays within a few megabytes. */
const ROWS_PER_STATEMENT = 2_000;

/**
 * Adds a batch to the minute cells and to the totals in three statements for each: new rows are
 * inserted, those that were there are locked, and then written with what both hold. A row at a time
 * took three round trips for each cell, which a batch that spans many minutes has thousands of.
 *
 * Any number of workers may run this at once. Rows are taken in the order of the key, totals before
 * minutes, so that two that meet wait for each other; nothing is read before its row is locked.
 */
export async function addEvidence(
  trx: Trx,
  increments: readonly EvidenceIncrement[],
): Promise<void> {
  await addCells(trx, "evidence_totals", { key: TOTAL_KEY, increments });
  await addCells(trx, "evidence", { key: MINUTE_KEY, increments });
}

async function addCells(
  trx: Trx,
  table: CellTable,
  of: {
    readonly key: Readonly<Record<string, string>>;
    readonly increments: readonly EvidenceIncrement[];
  },
): Promise<void> {
  const columns = Object.keys(of.key);
  const rows = [...cellRows(of.increments, columns)];
  for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT) {
    const chunk = new Map(rows.slice(at, at + ROWS_PER_STATEMENT));
    const statements = statementsFor(table, of.key);
    const inserted = await statements.insert([...chunk.values()]).execute(trx);
    for (const row of inserted.rows) chunk.delete(keyOf(row, columns));
    if (chunk.size === 0) continue;
    const stored = await statements.lock([...chunk.values()]).execute(trx);
    const merged = stored.rows.map((row) => {
      const added = chunk.get(keyOf(row, columns));
      return added === undefined ? row : { ...row, cell: mergedCell(row.cell, added.cell) };
    });
    await statements.update(merged).execute(trx);
  }
}

/** The rows of a batch by their key, each cell once; in an order that is the same for every worker. */
function cellRows(
  increments: readonly EvidenceIncrement[],
  columns: readonly string[],
): ReadonlyMap<string, CellRow> {
  const rows = new Map<string, CellRow>();
  for (const increment of increments) {
    const row = rowOf(increment, columns);
    const key = keyOf(row, columns);
    const known = rows.get(key);
    rows.set(key, known === undefined ? row : { ...known, cell: mergedCell(known.cell, row.cell) });
  }
  return new Map([...rows].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function rowOf(of: EvidenceIncrement, columns: readonly string[]): CellRow {
  const all: CellRow = {
    rollout_id: of.rolloutId,
    stage_index: of.stageIndex,
    propensity_bps: of.propensityBps,
    arm: of.arm,
    slice: of.slice,
    metric: of.metric,
    minute_ms: of.minuteMs,
    cell: of.cell,
  };
  const wanted = Object.entries(all).filter(([name]) => name === "cell" || columns.includes(name));
  return Object.fromEntries(wanted) as CellRow;
}

const keyOf = (row: CellRow, columns: readonly string[]): string =>
  JSON.stringify(columns.map((column) => row[column]));

/** Cells of one key are of one kind: the arm is part of the key. */
function mergedCell(left: Cell, right: Cell): Cell {
  if ("joint" in left && "joint" in right) return mergePairCells(left, right);
  if ("bins" in left && "bins" in right) return mergeCells(left, right);
  return left;
}

type Statement = (rows: readonly CellRow[]) => RawBuilder<CellRow>;

function statementsFor(
  table: CellTable,
  key: Readonly<Record<string, string>>,
): Readonly<Record<"insert" | "lock" | "update", Statement>> {
  const of = (alias: string) =>
    sql.join(Object.keys(key).map((column) => sql.ref(`${alias}.${column}`)));
  const columns = sql.join(Object.keys(key).map((column) => sql.ref(column)));
  const types = sql.join(
    Object.entries({ ...key, cell: "jsonb" }).map(
      ([column, type]) => sql`${sql.ref(column)} ${sql.raw(type)}`,
    ),
  );
  const given = (rows: readonly CellRow[]) =>
    sql`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n(${types})`;
  const target = sql.table(table);
  return {
    insert: (rows) => sql<CellRow>`
      insert into ${target} (${columns}, cell)
      select ${of("n")}, n.cell from ${given(rows)} order by ${of("n")}
      on conflict do nothing
      returning ${columns}`,
    lock: (rows) => sql<CellRow>`
      select ${of("t")}, t.cell from ${target} as t
      where (${of("t")}) in (select ${of("n")} from ${given(rows)})
      order by ${of("t")}
      for update of t`,
    update: (rows) => sql<CellRow>`
      update ${target} as t set cell = n.cell from ${given(rows)}
      where (${of("t")}) = (${of("n")})`,
  };
}
