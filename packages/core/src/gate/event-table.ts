import { GRID_EXPONENTS } from "../statistics/bet-grid.ts";
import type { GridLogs } from "./bet-table.ts";
import type { DecodedCell } from "./decoded-cell.ts";
import type { ArmScale } from "./outcome-scale.ts";

const GRID_SIZE = GRID_EXPONENTS.length;

type EventArm = Extract<ArmScale, { readonly kind: "events" }>;

/** What one observation of each kind adds to the nine log-wealths. */
export type EventRows = Readonly<
  Record<"candidateOther" | "candidateEvent" | "baselineOther" | "baselineEvent", readonly number[]>
>;

/**
 * {@link BetTable} of both arms where outcomes are events: four rows, and one pass over the grid. Most rows
 * of a tick are counts of events.
 */
export class EventTable {
  readonly #candidate: EventArm;
  readonly #baseline: EventArm;
  readonly #rows: Float64Array;

  constructor(arms: { readonly candidate: EventArm; readonly baseline: EventArm }, of: EventRows) {
    this.#candidate = arms.candidate;
    this.#baseline = arms.baseline;
    this.#rows = Float64Array.from(
      [of.candidateOther, of.candidateEvent, of.baselineOther, of.baselineEvent].flat(),
    );
  }

  /** Adds what all observations of both arms come to. */
  addTo(
    logs: GridLogs,
    { candidate, baseline }: { readonly candidate: DecodedCell; readonly baseline: DecodedCell },
  ): void {
    const rows = this.#rows;
    const candidateEvents = candidate.countFrom(this.#candidate.firstEventBin);
    const candidateOthers = candidate.total - candidateEvents;
    const baselineEvents = baseline.countFrom(this.#baseline.firstEventBin);
    const baselineOthers = baseline.total - baselineEvents;
    for (let point = 0; point < GRID_SIZE; point += 1) {
      logs[point] =
        (logs[point] as number) +
        candidateOthers * (rows[point] as number) +
        candidateEvents * (rows[GRID_SIZE + point] as number) +
        baselineOthers * (rows[2 * GRID_SIZE + point] as number) +
        baselineEvents * (rows[3 * GRID_SIZE + point] as number);
    }
  }
}
