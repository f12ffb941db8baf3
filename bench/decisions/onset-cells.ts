import type { Cell } from "./cell.ts";
import { COMPARATORS } from "./comparators.ts";
import { eventRate } from "./distribution.ts";
import { eventRatioCell, metricCell, steadyCell } from "./metric-cells.ts";
import type { Phase } from "./traffic.ts";

const RATE = 0.01;
const CANARY_BPS = 1000;
const LATE_MINUTE = 720;
const OUTAGE_MINUTES = [600, 630] as const;
const OUTAGE_RISE = 0.2;
const TRANSIENT_MINUTES = 60;

type Change = {
  readonly fromMinute: number;
  readonly baseline?: number;
  readonly candidate?: number;
};

/** K: errors that begin at once or late or for an hour, and an outage that both arms share. */
export function onsetCells(): readonly Cell[] {
  const [from, to] = OUTAGE_MINUTES;
  const during = RATE + OUTAGE_RISE;
  const outage = { fromMinute: from, baseline: during, candidate: during };
  return [
    onsetCell("null p=.01", []),
    onsetCell("null p=.01 + shared outage 30min +20pp", [outage, { fromMinute: to }]),
    ...[0.03, 0.05, 0.1, 0.3].map((candidate) =>
      onsetCell(`harm from minute 1 p=.01->${candidate}`, [{ fromMinute: 0, candidate }]),
    ),
    ...[0.03, 0.05, 0.1, 0.3].map((candidate) =>
      onsetCell(`harm from minute 721 p=.01->${candidate}`, [
        { fromMinute: LATE_MINUTE, candidate },
      ]),
    ),
    onsetCell("transient harm minutes 1-60 only p=.01->.10", [
      { fromMinute: 0, candidate: 0.1 },
      { fromMinute: TRANSIENT_MINUTES },
    ]),
  ];
}

function onsetCell(name: string, changes: readonly Change[]): Cell {
  const id = `K_onset ${name}`;
  const phases: Phase[] = [{ fromMinute: -1 }, ...changes].map((change: Change) => ({
    fromMinute: change.fromMinute,
    propensityBps: CANARY_BPS,
    baseline: eventRate(change.baseline ?? RATE),
    candidate: eventRate(change.candidate ?? RATE),
  }));
  return metricCell({
    ...eventRatioCell({ id, name: "error_rate", rate: RATE, ratio: 1 }),
    phases,
    restartMinutes: 60,
    comparators: COMPARATORS.filter(({ name: rule }) =>
      ["a_cum100", "b_z0", "d_obf0"].includes(rule),
    ),
    effort: 1,
  });
}

/** N: no change, from very few events to very many. Y: promotion at the margin. */
export function smallSampleCells(): readonly Cell[] {
  const steady = (id: string, rate: number, ratio: number): Cell =>
    steadyCell({
      ...eventRatioCell({ id, name: "error_rate", rate, ratio }),
      comparators: [],
      hasHarmAlone: ratio === 1,
      effort: 1,
    });
  return [
    ...[0.002, 0.02, 0.15, 0.5].map((rate) =>
      steady(`N_smallsample null p=${rate} 5000 canary`, rate, 1),
    ),
    steady("Y_nmburn false promote at boundary: bin08", 0.08, 1.5),
    steady("Y_nmburn false promote at boundary: bin002", 0.002, 1.5),
  ];
}
