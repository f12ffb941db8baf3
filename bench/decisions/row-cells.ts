import type { Cell, RuleRun, Watched } from "./cell.ts";
import { hasSettled, look, openFiring, RunCollector, SPILLWAY, SPILLWAY_HARM } from "./cell.ts";
import type { Rule } from "./comparators.ts";
import { COMPARATORS } from "./comparators.ts";
import type { History } from "./history.ts";
import { ArmHistory } from "./history.ts";
import { differencePolicy, metricOf } from "./policies.ts";
import type { Random } from "./random.ts";
import { PoissonSampler, seededRandom } from "./random.ts";
import type { TestedComparison } from "./running-gate.ts";
import {
  gateQuestions,
  GateTests,
  LOG_AMBER,
  LOG_BLOCK,
  LOG_ROLLBACK,
  RunningGate,
} from "./running-gate.ts";
import { REQUESTS_PER_MINUTE } from "./traffic.ts";
import { looksWorse } from "./watch-metric.ts";

const DAY_MINUTES = 1440;
const CANARY_BPS = 1000;
const SLICED_RATE = 0.15;
/** Of the ten metrics; the specification does not state theirs, and this one fits its figures. */
const METRIC_RATE = 0.08;
const TWO_POINTS: TestedComparison = { kind: "difference", hold: 0.01, rollback: 0.02 };

/** Requests of one kind: how many, which rows judge them, and what the candidate does to them. */
type Source = {
  readonly share: number;
  readonly rows: readonly number[];
  readonly rise: number;
};

type RowsCell = {
  readonly id: string;
  readonly rate: number;
  /** Weight of each row in the product's average. */
  readonly weights: readonly number[];
  readonly sources: readonly Source[];
  /** Rows that the comparators watch, any of which may fire. */
  readonly watchedRows: number;
};

const SLICE_SHARES = [0.05, 0.2, 0.2, 0.15, 0.15, 0.1, 0.1, 0.05];

/** J: eight slices of unequal size, judged together with all traffic. */
export function sliceCells(): readonly Cell[] {
  const kinds = [
    { name: "null", riseOf: () => 0 },
    { name: "harm +25pp in 5%-share segment", riseOf: (slice: number) => (slice === 0 ? 0.25 : 0) },
    { name: "harm +10pp in 20%-share segment", riseOf: (slice: number) => (slice === 1 ? 0.1 : 0) },
    { name: "harm +2pp everywhere", riseOf: () => 0.02 },
  ];
  const slices = SLICE_SHARES.length;
  return kinds.map(({ name, riseOf }) =>
    rowsCell({
      id: `J_segments ${name}`,
      rate: SLICED_RATE,
      // As assessGate weighs them: half on all traffic, half spread over the slices.
      weights: [0.5, ...SLICE_SHARES.map(() => 0.5 / slices)],
      sources: SLICE_SHARES.map((share, slice) => ({
        share,
        rows: [0, slice + 1],
        rise: riseOf(slice),
      })),
      watchedRows: 1,
    }),
  );
}

/** M: ten metrics of the same requests, independent of each other; the first one may be harmed. */
export function manyMetricCells(): readonly Cell[] {
  const metrics = 10;
  return [0, 0.02, 0.04, 0.08].map((rise) =>
    rowsCell({
      id: `M_10metrics one harmed +${rise}`,
      rate: METRIC_RATE,
      weights: Array.from({ length: metrics }, () => 1 / metrics),
      sources: Array.from({ length: metrics }, (_, metric) => ({
        share: 1,
        rows: [metric],
        rise: metric === 0 ? rise : 0,
      })),
      watchedRows: metrics,
    }),
  );
}

function rowsCell(cell: RowsCell): Cell {
  const group = cell.id.slice(0, cell.id.indexOf("_"));
  return { id: cell.id, group, effort: 0.3, run: (n) => watchRows(cell, n) };
}

type WatchedRow = { readonly gate: RunningGate; readonly history: History };

function watchRows(cell: RowsCell, replications: number): readonly RuleRun[] {
  const tests = new GateTests(
    gateQuestions({
      metric: metricOf("edit_rate", { value: cell.rate }),
      comparison: TWO_POINTS,
      safety: [{ comparison: TWO_POINTS, nextShareBps: 10_000 }],
    }),
  );
  const gates = cell.weights.map(() => new RunningGate(tests));
  const streams = cell.sources.flatMap((source) => compileSource(source, cell.rate, tests));
  const collector = new RunCollector();
  for (let replication = 0; replication < replications; replication += 1) {
    const rows = gates.map((gate) => ({ gate, history: emptyHistory() }));
    for (const { gate } of rows) gate.reset();
    const watched = watchers(cell, rows);
    playRows(rows, { streams, watched, random: seededRandom(`${cell.id} ${replication}`) });
    for (const each of watched) collector.add(each);
  }
  return collector.runs();
}

function watchers(cell: RowsCell, rows: readonly WatchedRow[]): readonly Watched[] {
  const gate: Rule = {
    rollback: () =>
      averageReaches(cell, rows, { question: "harm", logThreshold: LOG_ROLLBACK }) &&
      averageReaches(cell, rows, { question: "block", logThreshold: LOG_BLOCK }),
    promote: () =>
      rows.every((row) => row.gate.provesSafety(0)) &&
      !(
        averageReaches(cell, rows, { question: "harm", logThreshold: LOG_AMBER }) &&
        rows.some((row) => row.gate.isAmber() && looksWorse(row.history))
      ),
  };
  const harm: Rule = {
    rollback: () => averageReaches(cell, rows, { question: "harm", logThreshold: LOG_ROLLBACK }),
  };
  const policy = { ...differencePolicy({ rollback: 0.02 }), margin: null };
  const others = COMPARATORS.filter(({ name }) => name === "a_cum100" || name === "b_z0");
  return [
    { name: SPILLWAY, firing: openFiring(), rule: gate },
    { name: SPILLWAY_HARM, firing: openFiring(), rule: harm },
    ...others.map(({ name, create }) => {
      const each = rows.slice(0, cell.watchedRows).map(({ history }) => ({
        history,
        rule: create(policy),
      }));
      const rollback = (): boolean =>
        each.some(({ rule, history }) => rule.rollback?.(history) === true);
      return { name, firing: openFiring(), rule: { rollback } };
    }),
  ];
}

/** Whether the weighted average of the rows' e-values reaches a threshold. */
function averageReaches(
  { weights }: RowsCell,
  rows: readonly WatchedRow[],
  { question, logThreshold }: { question: "harm" | "block"; logThreshold: number },
): boolean {
  // An average is at most its largest member.
  const isPossible = rows.some(({ gate }) => gate.reaches(gate.tests[question], logThreshold));
  if (!isPossible) return false;
  let sum = 0;
  for (const [index, { gate }] of rows.entries()) {
    sum += (weights[index] as number) * Math.exp(gate.logE(gate.tests[question]));
  }
  return Math.log(sum) >= logThreshold;
}

type Stream = {
  readonly arm: "baseline" | "candidate";
  readonly value: number;
  readonly counts: PoissonSampler;
  readonly row: Float64Array;
  readonly rows: readonly number[];
};

function compileSource(
  { share, rows, rise }: Source,
  baselineRate: number,
  tests: GateTests,
): readonly Stream[] {
  const perMinute = REQUESTS_PER_MINUTE * share;
  const w = CANARY_BPS / 10_000;
  return (["candidate", "baseline"] as const).flatMap((arm) => {
    const part = arm === "candidate" ? w : 1 - w;
    const rate = arm === "candidate" ? baselineRate + rise : baselineRate;
    return [0, 1].map((value) => ({
      arm,
      value,
      counts: new PoissonSampler(perMinute * part * (value === 1 ? rate : 1 - rate)),
      row: tests.armRow(CANARY_BPS, arm, 100 * value),
      rows,
    }));
  });
}

function playRows(
  rows: readonly WatchedRow[],
  play: {
    readonly streams: readonly Stream[];
    readonly watched: readonly Watched[];
    readonly random: Random;
  },
): void {
  const whole = (rows[0] as WatchedRow).history;
  let open = play.watched;
  for (let minute = 1; minute <= DAY_MINUTES && open.length > 0; minute += 1) {
    for (const { history } of rows) {
      history.minute = minute;
      history.baseline.open(minute);
      history.candidate.open(minute);
    }
    for (const stream of play.streams) {
      const count = stream.counts.draw(play.random);
      if (count > 0) takeInto(rows, stream, count);
    }
    for (const each of open) look(each, whole);
    open = open.filter((each) => !hasSettled(each));
  }
}

function takeInto(rows: readonly WatchedRow[], stream: Stream, count: number): void {
  const events = stream.value * count;
  for (const index of stream.rows) {
    const { gate, history } = rows[index] as WatchedRow;
    gate.add(stream.row, count);
    const arm: ArmHistory = history[stream.arm];
    arm.add(history.minute, { count, sum: events, squares: events, naive: events });
  }
}

function emptyHistory(): History {
  return {
    baseline: new ArmHistory(DAY_MINUTES),
    candidate: new ArmHistory(DAY_MINUTES),
    minute: 0,
  };
}
