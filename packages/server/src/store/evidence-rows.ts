import type { MetricEvidence, StratumEvidence } from "@spillway/core";
import { emptyCell, emptyPairCell } from "@spillway/core";

/** One cell with its place, as it is read. */
export type CellOfRow = {
  readonly stage_index: number;
  readonly propensity_bps: number;
  readonly arm: "baseline" | "candidate" | "pair";
  readonly slice: string;
  readonly metric: string;
  readonly cell: unknown;
};

/** Cells by metric and slice, and in those by stratum, in the order of the rows. */
export function groupMetrics(rows: readonly CellOfRow[]): MetricEvidence[] {
  const metrics = new Map<
    string,
    { metric: string; slice: string; strata: Map<string, StratumEvidence> }
  >();
  for (const row of rows) {
    const key = JSON.stringify([row.metric, row.slice]);
    const entry = metrics.get(key) ?? { metric: row.metric, slice: row.slice, strata: new Map() };
    metrics.set(key, entry);
    const stratumKey = `${row.stage_index}/${row.propensity_bps}`;
    const stratum = entry.strata.get(stratumKey) ?? {
      stageIndex: row.stage_index,
      propensityBps: row.propensity_bps,
      baseline: emptyCell(),
      candidate: emptyCell(),
      pairs: emptyPairCell(),
    };
    const field = row.arm === "pair" ? "pairs" : row.arm;
    entry.strata.set(stratumKey, { ...stratum, [field]: row.cell });
  }
  return [...metrics.values()].map(({ metric, slice, strata }) => ({
    metric,
    slice,
    strata: [...strata.values()],
  }));
}
