import type { Firing, OpenFiring, RuleRun } from "./cell.ts";
import { NEVER, openFiring, SPILLWAY } from "./cell.ts";
import type { Comparator, Policy, Rule } from "./comparators.ts";
import type { History } from "./history.ts";
import { ArmHistory } from "./history.ts";
import type { Random } from "./random.ts";
import { seededRandom } from "./random.ts";
import type { GateRow } from "./running-gate.ts";
import { GateTests, RunningGate } from "./running-gate.ts";
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
};

type Watched = {
  readonly name: string;
  readonly firing: OpenFiring;
  readonly rule: Rule;
};

/** Plays all histories of a cell; history k is the same for every rule and every machine. */
export function watchMetric(cell: MetricCell, replications: number): readonly RuleRun[] {
  const tests = new GateTests(cell.row);
  const gate = new RunningGate(tests);
  const runs = new Map<string, Firing[]>();
  const { phases, outcomeOf } = cell;
  const compile = (list: readonly Phase[]): readonly PhaseTraffic[] =>
    list.map((phase) => compilePhase(phase, tests, outcomeOf));
  const fixed = typeof phases === "function" ? null : compile(phases);
  for (let replication = 0; replication < replications; replication += 1) {
    const random = seededRandom(`${cell.id} ${replication}`);
    const traffic = fixed ?? compile((phases as (random: Random) => readonly Phase[])(random));
    gate.reset();
    const watched = [watchGate(gate), ...watchComparators(cell, replication)];
    play(cell, { random, traffic, gate, watched });
    for (const { name, firing } of watched) {
      const firings = runs.get(name) ?? [];
      firings.push(firing);
      runs.set(name, firings);
    }
  }
  return [...runs].map(([rule, firings]) => ({ rule, firings }));
}

/** The product: rollback on both proofs of harm; pass on proof of safety unless it is on hold. */
function watchGate(gate: RunningGate): Watched {
  return {
    name: SPILLWAY,
    firing: openFiring(),
    rule: {
      rollback: () => gate.provesHarm(),
      promote: (history) => gate.provesSafety(0) && !(gate.isAmber() && looksWorse(history)),
    },
  };
}

function looksWorse({ candidate, baseline, minute }: History): boolean {
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

function play({ policy }: MetricCell, { random, traffic, gate, watched }: Play): void {
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
    baseline.open(minute);
    candidate.open(minute);
    current.candidate.play(random, { minute, arm: candidate, gate });
    current.baseline.play(random, { minute, arm: baseline, gate });
    let isSettled = false;
    for (const each of open) isSettled = look(each, history) || isSettled;
    if (isSettled) open = open.filter((each) => !hasSettled(each));
  }
}

/** Lets a rule look once; true when it has just fired. */
function look({ rule, firing }: Watched, history: History): boolean {
  const exposed = history.candidate.count[history.minute] as number;
  let hasFired = false;
  if (firing.rollbackMinute === NEVER && rule.rollback?.(history) === true) {
    firing.rollbackMinute = history.minute;
    firing.rollbackExposed = exposed;
    hasFired = true;
  }
  if (firing.promoteMinute === NEVER && rule.promote?.(history) === true) {
    firing.promoteMinute = history.minute;
    firing.promoteExposed = exposed;
    hasFired = true;
  }
  return hasFired;
}

function hasSettled({ rule, firing }: Watched): boolean {
  const canRollback = rule.rollback !== undefined && firing.rollbackMinute === NEVER;
  const canPromote = rule.promote !== undefined && firing.promoteMinute === NEVER;
  return !canRollback && !canPromote;
}
