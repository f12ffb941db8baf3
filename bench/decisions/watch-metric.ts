import type { RuleRun, Watched } from "./cell.ts";
import {
  hasSettled,
  look,
  NEVER,
  openFiring,
  RunCollector,
  SPILLWAY,
  SPILLWAY_HARM,
} from "./cell.ts";
import type { Comparator, Policy, Rule } from "./comparators.ts";
import type { History } from "./history.ts";
import { ArmHistory } from "./history.ts";
import type { Random } from "./random.ts";
import { seededRandom } from "./random.ts";
import type { GateRow } from "./running-gate.ts";
import { gateQuestions, GateTests, RunningGate } from "./running-gate.ts";
import type { OutcomeOf, Phase, PhaseTraffic } from "./traffic.ts";
import { compilePhase } from "./traffic.ts";

/** One metric, watched every minute while its traffic runs through fixed phases. */
export type MetricCell = {
  readonly id: string;
  readonly row: GateRow;
  readonly policy: Policy;
  readonly outcomeOf: OutcomeOf;
  /** Either the same for all histories, or drawn for each. */
  readonly phases: readonly Phase[] | ((random: Random) => readonly Phase[]);
  readonly comparators: readonly Comparator[];
  /** Watches the test of any harm by itself, too. */
  readonly hasHarmAlone?: boolean;
  /** Length of the blocks of time from whose beginning on harm is looked for, too. */
  readonly restartMinutes?: number;
  /** False where only other rules are watched. */
  readonly hasGate?: boolean;
};

/** Plays all histories of a cell; history k is the same for every rule and every machine. */
export function watchMetric(cell: MetricCell, replications: number): readonly RuleRun[] {
  const tests = new GateTests(gateQuestions(cell.row));
  const gate = new RunningGate(tests);
  const collector = new RunCollector();
  const { phases, outcomeOf } = cell;
  const compile = (list: readonly Phase[]): readonly PhaseTraffic[] =>
    list.map((phase) => compilePhase(phase, tests, outcomeOf));
  const fixed = typeof phases === "function" ? null : compile(phases);
  for (let replication = 0; replication < replications; replication += 1) {
    const random = seededRandom(`${cell.id} ${replication}`);
    const traffic = fixed ?? compile((phases as (random: Random) => readonly Phase[])(random));
    gate.reset();
    const watched = [...watchGate(gate, cell), ...watchComparators(cell, replication)];
    play(cell, { random, traffic, gate, watched });
    for (const each of watched) collector.add(each);
  }
  return collector.runs();
}

/** The product: rollback on both proofs of harm; pass on proof of safety unless it is on hold. */
function watchGate(gate: RunningGate, cell: MetricCell): readonly Watched[] {
  if (cell.hasGate === false) return [];
  const rule: Rule = {
    rollback: () => gate.provesHarm(),
    promote: (history) => gate.provesSafety(0) && !(gate.isAmber() && looksWorse(history)),
  };
  const whole = { name: SPILLWAY, firing: openFiring(), rule };
  if (cell.hasHarmAlone !== true) return [whole];
  const harm: Rule = { rollback: () => gate.provesAnyHarm() };
  return [whole, { name: SPILLWAY_HARM, firing: openFiring(), rule: harm }];
}

export function looksWorse({ candidate, baseline, minute }: History): boolean {
  const mean = ({ sum, count }: ArmHistory): number =>
    (sum[minute] as number) / (count[minute] as number);
  return mean(candidate) > mean(baseline);
}

function watchComparators(cell: MetricCell, replication: number): readonly Watched[] {
  return cell.comparators
    .filter(({ mostReplications }) => replication < (mostReplications ?? NEVER))
    .map(({ name, create }) => ({ name, firing: openFiring(), rule: create(cell.policy) }));
}

type Play = {
  readonly random: Random;
  readonly traffic: readonly PhaseTraffic[];
  readonly gate: RunningGate;
  readonly watched: readonly Watched[];
};

function play(
  { policy, restartMinutes }: MetricCell,
  { random, traffic, gate, watched }: Play,
): void {
  const history: History = {
    baseline: new ArmHistory(policy.minutes),
    candidate: new ArmHistory(policy.minutes),
    minute: 0,
  };
  const { baseline, candidate } = history;
  let open = watched;
  let phase = 0;
  for (let minute = 1; minute <= policy.minutes && open.length > 0; minute += 1) {
    while ((traffic[phase + 1]?.fromMinute ?? NEVER) < minute) phase += 1;
    const current = traffic[phase] as PhaseTraffic;
    history.minute = minute;
    if (restartMinutes !== undefined && (minute - 1) % restartMinutes === 0) gate.startBlock();
    baseline.open(minute);
    candidate.open(minute);
    current.candidate.play(random, { minute, arm: candidate, gate });
    current.baseline.play(random, { minute, arm: baseline, gate });
    let isSettled = false;
    for (const each of open) isSettled = look(each, history) || isSettled;
    if (isSettled) open = open.filter((each) => !hasSettled(each));
  }
}
