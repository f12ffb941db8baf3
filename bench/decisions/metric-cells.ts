import type { MetricDefinition } from "@spillway/core";
import type { Cell } from "./cell.ts";
import { SPILLWAY_CUMULATIVE } from "./cell.ts";
import { COMPARATORS } from "./comparators.ts";
import type { Comparator, Policy } from "./comparators.ts";
import type { Distribution } from "./distribution.ts";
import { eventRate } from "./distribution.ts";
import { differencePolicy, eventOutcome, metricOf, ratioPolicy, WEEK_MINUTES } from "./policies.ts";
import { drawNormal } from "./random.ts";
import type { GateRow, SafetyQuestion, TestedComparison } from "./running-gate.ts";
import type { OutcomeOf, Phase } from "./traffic.ts";
import { watchMetric } from "./watch-metric.ts";

const FULL_SHARE = 10_000;
const CANARY_SHARE = 1000;

/** A cell whose traffic does not change. */
export type SteadyCell = {
  readonly id: string;
  readonly metric: MetricDefinition;
  readonly comparison: TestedComparison;
  /** The question before the advance, when it is another than the comparison's own at full share. */
  readonly safety?: SafetyQuestion;
  readonly policy: Policy;
  readonly outcomeOf: OutcomeOf;
  readonly baseline: Distribution;
  readonly candidate: Distribution;
  readonly propensityBps?: number;
  readonly comparators?: readonly Comparator[];
  readonly effort?: number;
  readonly hasHarmAlone?: boolean;
  readonly restartMinutes?: number;
};

export function steadyCell(cell: SteadyCell): Cell {
  const { baseline, candidate, propensityBps = CANARY_SHARE } = cell;
  return metricCell({ ...cell, phases: [{ fromMinute: 0, propensityBps, baseline, candidate }] });
}

type PhasedCell = Omit<SteadyCell, "baseline" | "candidate" | "propensityBps"> & {
  readonly phases: Parameters<typeof watchMetric>[0]["phases"];
};

export function metricCell(cell: PhasedCell): Cell {
  const { id, metric, comparison, policy, outcomeOf, phases } = cell;
  const { comparators = COMPARATORS, effort = 1, hasHarmAlone = false } = cell;
  const safety = cell.safety ?? { comparison, nextShareBps: FULL_SHARE };
  const row: GateRow = { metric, comparison, safety: [safety] };
  const group = id.slice(0, id.indexOf("_"));
  return {
    id,
    group,
    effort,
    run: (replications) => {
      const watched = { id, row, policy, outcomeOf, phases, comparators, hasHarmAlone };
      const { restartMinutes } = cell;
      if (restartMinutes === undefined) return watchMetric(watched, replications);
      const withoutRestarts = watchMetric({ ...watched, comparators: [] }, replications);
      return [
        ...watchMetric({ ...watched, restartMinutes }, replications),
        ...withoutRestarts.map((run) => ({ ...run, rule: SPILLWAY_CUMULATIVE })),
      ];
    },
  };
}

const TWO_POINTS: TestedComparison = { kind: "difference", hold: 0.01, rollback: 0.02 };
const HALF_AGAIN: TestedComparison = { kind: "ratio", hold: 1.25, rollback: 1.5 };

const EDITS = {
  metric: metricOf("edit_rate", { value: 0.15 }),
  comparison: TWO_POINTS,
  policy: differencePolicy({ rollback: 0.02 }),
  outcomeOf: eventOutcome,
  baseline: eventRate(0.15),
};

function edits(id: string, rise: number): SteadyCell {
  return { ...EDITS, id, candidate: eventRate(0.15 + rise) };
}

/** A: edit rate 15%, +2 points. A50: the same with a canary of half of the traffic. A7: for a week. */
export function editCells(): readonly Cell[] {
  return [
    ...[0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2].map((rise) =>
      steadyCell({ ...edits(`A_edit_rd p0=.15 T=+2pp true=+${rise}`, rise), effort: 2 }),
    ),
    ...[0, 0.02, 0.04].map((rise) =>
      steadyCell({
        ...edits(`A50_edit_rd w=.5 p0=.15 T=+2pp true=+${rise}`, rise),
        propensityBps: 5000,
        comparators: COMPARATORS.filter(({ name }) => name !== "c_kay"),
      }),
    ),
    steadyCell({
      ...edits("A7_edit_rd 7-day p0=.15 T=+2pp true=+0", 0),
      policy: differencePolicy({ rollback: 0.02, minutes: WEEK_MINUTES }),
      comparators: COMPARATORS.filter(({ name }) => name !== "c_kay"),
      effort: 0.5,
    }),
  ];
}

type EventRatio = {
  readonly id: string;
  readonly name: string;
  readonly rate: number;
  readonly ratio: number;
};

export function eventRatioCell({ id, name, rate, ratio }: EventRatio): SteadyCell {
  return {
    id,
    metric: metricOf(name, { value: rate }),
    comparison: HALF_AGAIN,
    policy: ratioPolicy({ rollback: 1.5, mean: rate, isBinary: true }),
    outcomeOf: eventOutcome,
    baseline: eventRate(rate),
    candidate: eventRate(rate * ratio),
    effort: 2,
  };
}

/** B: correction rate 8%, at most half as much again. C: the same of a rare event. */
export function eventRatioCells(): readonly Cell[] {
  return [
    ...[1, 1.25, 1.5, 2, 3, 5].map((ratio) =>
      steadyCell(
        eventRatioCell({
          id: `B_corr_rr p0=.08 T=1.5x true=${ratio}x`,
          name: "correction_rate",
          rate: 0.08,
          ratio,
        }),
      ),
    ),
    ...[1, 1.5, 2, 4, 10, 30].map((ratio) =>
      steadyCell(
        eventRatioCell({
          id: `C_guard_rr p0=.002 T=1.5x true=${ratio}x`,
          name: "guardrail_trips",
          rate: 0.002,
          ratio,
        }),
      ),
    ),
  ];
}

/** U: what a wrong guess of the baseline, or a policy far from the truth, costs. */
export function mistunedCells(): readonly Cell[] {
  const tunings = [
    { centre: 0.15, design: 1 },
    { centre: 0.05, design: 1 },
    { centre: 0.4, design: 1 },
    { centre: 0.15, design: 0.25 },
    { centre: 0.15, design: 4 },
  ];
  return tunings.flatMap(({ centre, design }) =>
    [0, 0.03].map((rise) =>
      steadyCell({
        ...edits(`U_robust centring m=${centre} design x${design} true=+${rise}`, rise),
        metric: metricOf("edit_rate", { value: centre }),
        comparison: { kind: "difference", hold: 0.01 * design, rollback: 0.02 * design },
        safety: { comparison: TWO_POINTS, nextShareBps: FULL_SHARE },
        comparators: [],
        hasHarmAlone: true,
      }),
    ),
  );
}

/** V: the baseline's level differs from day to day. Both arms share it, so nothing may follow. */
export function dayShiftCells(): readonly Cell[] {
  return [0, 0.01, 0.02].map((deviation) =>
    metricCell({
      ...EDITS,
      id: `V_baseline day shift sd=${deviation} true=0`,
      phases: (random) => {
        const rate = Math.min(0.9, Math.max(0.01, 0.15 + deviation * drawNormal(random)));
        const both = eventRate(rate);
        return [{ fromMinute: 0, propensityBps: CANARY_SHARE, baseline: both, candidate: both }];
      },
      comparators: [],
    }),
  );
}

const STAGE_MINUTES = 360;
const RAMP_BPS = [100, 500, 2500, 5000];

/** I: the baseline's rate moves by half within the day while the canary ramps up by the clock. */
export function driftCells(): readonly Cell[] {
  const comparators = COMPARATORS.filter(({ name }) => name === "a_cum100" || name === "b_z0");
  return ["rising", "falling"].flatMap((direction) =>
    [0, 0.02, 0.04].map((rise) =>
      metricCell({
        ...EDITS,
        id: `I_drift ${direction} base + ramp 1-5-25-50 true=+${rise}`,
        phases: driftPhases(direction === "rising" ? 0.1 : -0.1, rise),
        comparators,
      }),
    ),
  );
}

/** The baseline's rate moves by `drift` around 15%. */
function driftPhases(drift: number, rise: number): Phase[] {
  const phases: Phase[] = [];
  // The rate moves every ten minutes, by less than 0.1 point.
  for (let fromMinute = 0; fromMinute < RAMP_BPS.length * STAGE_MINUTES; fromMinute += 10) {
    const position = fromMinute / (RAMP_BPS.length * STAGE_MINUTES);
    const rate = 0.15 + drift * (position - 0.5);
    phases.push({
      fromMinute,
      propensityBps: RAMP_BPS[Math.floor(fromMinute / STAGE_MINUTES)] as number,
      baseline: eventRate(rate),
      candidate: eventRate(rate + rise),
    });
  }
  return phases;
}
