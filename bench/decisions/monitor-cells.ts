import type { DriftBlock } from "@spillway/core";
import { assessDrift, driftDeviation } from "@spillway/core";
import type { Cell, RuleRun } from "./cell.ts";
import { NEVER, openFiring, RunCollector, SPILLWAY } from "./cell.ts";
import type { Rule } from "./comparators.ts";
import { drawNormal, seededRandom } from "./random.ts";
import { REQUESTS_PER_MINUTE } from "./traffic.ts";

const WEEK_HOURS = 168;
const REFERENCE_WEEKS = 4;
/** Two quiet weeks, then three days with the drop. */
const QUIET_HOURS = 2 * WEEK_HOURS;
const DROP_HOURS = 72;
const MEAN = 0.8;
/** The hours of a week differ by as much, and the same hour of two weeks by so much. */
const SEASON = 0.06;
const DEVIATION = 0.024;
const WINDOW_HOURS = 4;
const HOURS_IN_A_MONTH = 730;

/** R: production without a control arm, an hourly mean with a weekly season that falls after two weeks. */
export function monitorCells(): readonly Cell[] {
  return [0, 0.03, 0.05, 0.08, 0.15].map((drop) => {
    const id = `R_driftmon drop=${drop}`;
    return { id, group: "R", effort: 0.5, run: (n) => watchProduction(id, drop, n) };
  });
}

type Watcher = {
  readonly name: string;
  /** The hours at whose end it says that the mean has fallen. */
  readonly alarms: (blocks: readonly DriftBlock[]) => readonly number[];
};

const WATCHERS: readonly Watcher[] = [
  { name: SPILLWAY, alarms: detectorAlarms },
  { name: "a_win4h_global", alarms: (blocks) => windowAlarms(blocks, () => MEAN) },
  { name: "a_win4h_week", alarms: (blocks) => windowAlarms(blocks, ({ reference }) => reference) },
  { name: "cusum_week", alarms: cusumAlarms },
];

const ONLY_ALARM: Rule = { rollback: () => false };

function watchProduction(id: string, drop: number, replications: number): readonly RuleRun[] {
  const collector = new RunCollector();
  for (let replication = 0; replication < replications; replication += 1) {
    const blocks = production(`${id} ${replication}`, drop);
    for (const { name, alarms } of WATCHERS) {
      collector.add({ name, rule: ONLY_ALARM, firing: firingOf(alarms(blocks)) });
    }
  }
  return collector.runs();
}

/** "Rolled back" is an alarm in the quiet weeks; "exposed" counts requests from the drop to the next one. */
function firingOf(alarms: readonly number[]) {
  const isFalse = alarms.some((hour) => hour < QUIET_HOURS);
  const found = alarms.find((hour) => hour >= QUIET_HOURS);
  const hours = found === undefined ? NEVER : found + 1 - QUIET_HOURS;
  return {
    ...openFiring(),
    rollbackMinute: isFalse ? 1 : NEVER,
    rollbackExposed: hours * 60 * REQUESTS_PER_MINUTE,
  };
}

/** Hourly means after four weeks from which the reference of each hour of the week is taken. */
function production(seed: string, drop: number): readonly DriftBlock[] {
  const random = seededRandom(seed);
  const weeks = REFERENCE_WEEKS * WEEK_HOURS;
  const means = Array.from({ length: weeks + QUIET_HOURS + DROP_HOURS }, (_, hour) => {
    const season = SEASON * Math.sin((2 * Math.PI * hour) / 24);
    const fallen = hour >= weeks + QUIET_HOURS ? drop : 0;
    return MEAN + season - fallen + DEVIATION * drawNormal(random);
  });
  return means.slice(weeks).map((mean, index) => {
    const earlier = Array.from(
      { length: REFERENCE_WEEKS },
      (_, week) => means[weeks + index - (week + 1) * WEEK_HOURS] as number,
    );
    return { mean, reference: earlier.reduce((sum, each) => sum + each, 0) / REFERENCE_WEEKS };
  });
}

/** The product's detector, begun again when it was answered: after the quiet weeks. */
function detectorAlarms(blocks: readonly DriftBlock[]): readonly number[] {
  const design = {
    tolerance: 0.02,
    drop: 0.05,
    deviation: driftDeviation(DEVIATION),
    direction: -1,
    averageRunLength: 6 * HOURS_IN_A_MONTH,
  } as const;
  const first = assessDrift(blocks, design).alarmAt;
  if (first === null || first >= QUIET_HOURS) return first === null ? [] : [first];
  const again = assessDrift(blocks.slice(QUIET_HOURS), design).alarmAt;
  return again === null ? [first] : [first, QUIET_HOURS + again];
}

/** The mean of four hours 0.05 below what is taken for normal. */
function windowAlarms(
  blocks: readonly DriftBlock[],
  normal: (block: DriftBlock) => number,
): readonly number[] {
  const residuals = blocks.map((block) => block.mean - normal(block));
  return [...residuals.keys()].filter((hour) => {
    if (hour + 1 < WINDOW_HOURS) return false;
    const window = residuals.slice(hour + 1 - WINDOW_HOURS, hour + 1);
    return window.reduce((sum, each) => sum + each, 0) / WINDOW_HOURS <= -0.05;
  });
}

/** Page's CUSUM with the textbook's k = 0.5 and h = 5, in standard deviations; begins anew at an alarm. */
function cusumAlarms(blocks: readonly DriftBlock[]): readonly number[] {
  let sum = 0;
  return [...blocks.entries()].flatMap(([hour, { mean, reference }]) => {
    sum = Math.max(0, sum + (reference - mean) / (DEVIATION * Math.sqrt(1.25)) - 0.5);
    if (sum < 5) return [];
    sum = 0;
    return [hour];
  });
}
