import type { GridLogs } from "./bet-table.ts";
import type { DecodedCell } from "./decoded-cell.ts";
import type { ArmScale } from "./outcome-scale.ts";

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

  /** Adds what all observations of both arms come to. Unrolled: it is the inner loop of most rows. */
  addTo(
    logs: GridLogs,
    { candidate, baseline }: { readonly candidate: DecodedCell; readonly baseline: DecodedCell },
  ): void {
    const rows = this.#rows;
    const d = candidate.countFrom(this.#candidate.firstEventBin);
    const c = candidate.total - d;
    const f = baseline.countFrom(this.#baseline.firstEventBin);
    const e = baseline.total - f;
    logs[0] =
      (logs[0] as number) +
      c * (rows[0] as number) +
      d * (rows[9] as number) +
      e * (rows[18] as number) +
      f * (rows[27] as number);
    logs[1] =
      (logs[1] as number) +
      c * (rows[1] as number) +
      d * (rows[10] as number) +
      e * (rows[19] as number) +
      f * (rows[28] as number);
    logs[2] =
      (logs[2] as number) +
      c * (rows[2] as number) +
      d * (rows[11] as number) +
      e * (rows[20] as number) +
      f * (rows[29] as number);
    logs[3] =
      (logs[3] as number) +
      c * (rows[3] as number) +
      d * (rows[12] as number) +
      e * (rows[21] as number) +
      f * (rows[30] as number);
    logs[4] =
      (logs[4] as number) +
      c * (rows[4] as number) +
      d * (rows[13] as number) +
      e * (rows[22] as number) +
      f * (rows[31] as number);
    logs[5] =
      (logs[5] as number) +
      c * (rows[5] as number) +
      d * (rows[14] as number) +
      e * (rows[23] as number) +
      f * (rows[32] as number);
    logs[6] =
      (logs[6] as number) +
      c * (rows[6] as number) +
      d * (rows[15] as number) +
      e * (rows[24] as number) +
      f * (rows[33] as number);
    logs[7] =
      (logs[7] as number) +
      c * (rows[7] as number) +
      d * (rows[16] as number) +
      e * (rows[25] as number) +
      f * (rows[34] as number);
    logs[8] =
      (logs[8] as number) +
      c * (rows[8] as number) +
      d * (rows[17] as number) +
      e * (rows[26] as number) +
      f * (rows[35] as number);
  }
}
