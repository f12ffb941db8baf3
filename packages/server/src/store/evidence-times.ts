import type { EvidenceBlock, TimedEvidence, TimedNeed } from "@spillway/core";
import { sql } from "kysely";
import type { Database } from "./database.ts";
import type { CellOfRow } from "./evidence-rows.ts";
import { groupMetrics } from "./evidence-rows.ts";
import type { Trx } from "./transaction.ts";

type BlockRow = CellOfRow & { readonly start_ms: number };

/**
 * Minutes added up to blocks, in the database: a day of one metric has 1,440 minutes for each arm and
 * slice, and its blocks are a few hundred at most. Minutes after the window are not read at all.
 */
export async function loadTimedEvidence(
  reader: Trx | Database["kysely"],
  of: {
    readonly rolloutId: string;
    readonly needs: readonly TimedNeed[];
    readonly liveSinceMs: number | null;
  },
): Promise<TimedEvidence[]> {
  const timed: TimedEvidence[] = [];
  for (const need of of.needs) {
    const rows = await selectBlocks(reader, need, of);
    timed.push(...groupBlocks(rows, need.blockSeconds));
  }
  return timed;
}

async function selectBlocks(
  reader: Trx | Database["kysely"],
  need: TimedNeed,
  of: { readonly rolloutId: string; readonly liveSinceMs: number | null },
): Promise<readonly BlockRow[]> {
  const blockMs = need.blockSeconds * 1_000;
  const endMs = endOf(need, of.liveSinceMs);
  const result = await sql<BlockRow>`
    with counts as (
      select
        e.stage_index, e.propensity_bps, e.arm, e.slice, e.metric,
        (e.minute_ms / ${blockMs}::bigint) * ${blockMs}::bigint as start_ms,
        f.key as field, n.key as bin, sum(n.value::bigint) as count
      from evidence as e
      cross join lateral jsonb_each(e.cell) as f
      cross join lateral jsonb_each_text(
        case jsonb_typeof(f.value) when 'object' then f.value else '{}'::jsonb end
      ) as n
      where e.rollout_id = ${of.rolloutId}
        and e.metric = ${need.metric}
        and (${endMs}::bigint is null or e.minute_ms < ${endMs}::bigint)
      group by 1, 2, 3, 4, 5, 6, 7, 8
    ), fields as (
      select
        c.stage_index, c.propensity_bps, c.arm, c.slice, c.metric, c.start_ms, c.field,
        jsonb_object_agg(c.bin, c.count) as counts
      from counts as c
      group by 1, 2, 3, 4, 5, 6, 7
    )
    select
      d.stage_index, d.propensity_bps, d.arm, d.slice, d.metric, d.start_ms,
      jsonb_object_agg(d.field, d.counts) as cell
    from fields as d
    group by 1, 2, 3, 4, 5, 6
    order by d.metric, d.slice, d.start_ms, d.stage_index, d.propensity_bps, d.arm`.execute(reader);
  return result.rows;
}

/** Blocks that begin within the window count whole, so minutes are read up to a block's end. */
function endOf({ withinSeconds, blockSeconds }: TimedNeed, sinceMs: number | null): number | null {
  if (withinSeconds === null || sinceMs === null) return null;
  const blockMs = blockSeconds * 1_000;
  return Math.ceil((sinceMs + withinSeconds * 1_000) / blockMs) * blockMs;
}

function groupBlocks(rows: readonly BlockRow[], blockSeconds: number): TimedEvidence[] {
  const entries = Map.groupBy(rows, ({ metric, slice }) => JSON.stringify([metric, slice]));
  return [...entries.values()].flatMap((of) => {
    const first = of[0];
    if (first === undefined) return [];
    const starts = Map.groupBy(of, ({ start_ms }) => start_ms);
    const blocks = [...starts].map(([startMs, cells]): EvidenceBlock => ({
      startMs,
      strata: groupMetrics(cells).flatMap(({ strata }) => strata),
    }));
    return [{ metric: first.metric, slice: first.slice, blockSeconds, blocks }];
  });
}
