import type { Cell, Firing, RuleRun } from "./cell.ts";
import { openFiring, RunCollector, SPILLWAY } from "./cell.ts";
import type { Rule } from "./comparators.ts";
import { COMPARATORS } from "./comparators.ts";
import { eventRate } from "./distribution.ts";
import { ArmHistory } from "./history.ts";
import { differencePolicy, eventOutcome, metricOf, WEEK_MINUTES } from "./policies.ts";
import type { Random } from "./random.ts";
import { seededRandom } from "./random.ts";
import type { GateRow, TestedComparison } from "./running-gate.ts";
import { gateQuestions, GateTests, RunningGate } from "./running-gate.ts";
import type { Phase, PhaseTraffic } from "./traffic.ts";
import { compilePhase } from "./traffic.ts";
import { watchMetric } from "./watch-metric.ts";

const STAGES_BPS = [100, 500, 2500, 5000];
/** Share after each stage. */
const NEXT_BPS = [500, 2500, 5000, 10_000];
const BAKE_MINUTES = 30;
/** When a ramp by the clock enters each stage; it ends after a day. */
const CLOCK_MINUTES = [0, 120, 360, 720];

const TWO_POINTS: TestedComparison = { kind: "difference", hold: 0.01, rollback: 0.02 };
const METRIC = metricOf("edit_rate", { value: 0.15 });

/** T: a whole ramp. The product advances on proof, the others by the clock. */
export function rampCells(): readonly Cell[] {
  return [0, -0.01, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1].map((rise) => {
    const id = `T_full ramp p=.15 T=+2pp true=${rise}`;
    return {
      id,
      group: "T",
      effort: 1,
      run: (replications) => [
        ...watchRamp(id, rise, replications),
        ...watchClock(id, rise, replications),
      ],
    };
  });
}

/** What was seen in one stage, at index 1. */
export type RampTally = { readonly baseline: ArmHistory; readonly candidate: ArmHistory };

/** What the product can do on a ramp; when is decided in playRamp. */
const RAMP_RULE: Rule = { rollback: () => false, promote: () => false };

/** The product's ramp: every stage asks for its own margin, and all stages are strata of one test. */
function watchRamp(id: string, rise: number, replications: number): readonly RuleRun[] {
  const safety = NEXT_BPS.map((nextShareBps) => ({ comparison: TWO_POINTS, nextShareBps }));
  const tests = new GateTests(gateQuestions({ metric: METRIC, comparison: TWO_POINTS, safety }));
  const traffic = phasesOf(rise, CLOCK_MINUTES).map((phase) =>
    compilePhase(phase, tests, eventOutcome),
  );
  const gate = new RunningGate(tests);
  const collector = new RunCollector();
  for (let replication = 0; replication < replications; replication += 1) {
    gate.reset();
    const firing = playRamp(traffic, gate, seededRandom(`${id} ${replication}`));
    collector.add({ name: SPILLWAY, firing, rule: RAMP_RULE });
  }
  return collector.runs();
}

/** One ramp. Exposed counts whoever was at its end: rollback, full traffic, or a week. */
function playRamp(traffic: readonly PhaseTraffic[], gate: RunningGate, random: Random): Firing {
  const firing = openFiring();
  const tallies: RampTally[] = traffic.map(() => ({
    baseline: new ArmHistory(1),
    candidate: new ArmHistory(1),
  }));
  let [stage, enteredAt] = [0, 0];
  for (let minute = 1; minute <= WEEK_MINUTES; minute += 1) {
    const { baseline, candidate } = tallies[stage] as RampTally;
    const current = traffic[stage] as PhaseTraffic;
    current.candidate.play(random, { minute: 1, arm: candidate, gate });
    current.baseline.play(random, { minute: 1, arm: baseline, gate });
    if (gate.provesHarm()) {
      firing.rollbackMinute = minute;
      break;
    }
    if (minute - enteredAt < BAKE_MINUTES || !gate.provesSafety(stage)) continue;
    if (gate.isAmber() && looksWorseIn(tallies)) continue;
    [stage, enteredAt] = [stage + 1, minute];
    if (stage < traffic.length) continue;
    firing.promoteMinute = minute;
    break;
  }
  const exposed = tallies.reduce((sum, { candidate }) => sum + (candidate.count[1] as number), 0);
  return { ...firing, rollbackExposed: exposed };
}

/** Mantel-Haenszel, as the product estimates harm over stages. */
export function looksWorseIn(tallies: readonly RampTally[]): boolean {
  let sum = 0;
  for (const { baseline, candidate } of tallies) {
    const [n, m] = [candidate.count[1] as number, baseline.count[1] as number];
    if (n === 0 || m === 0) continue;
    const difference = (candidate.sum[1] as number) / n - (baseline.sum[1] as number) / m;
    sum += ((n * m) / (n + m)) * difference;
  }
  return sum > 0;
}

/** The others: stages by the clock, full traffic after a day unless they have rolled back. */
function watchClock(id: string, rise: number, replications: number): readonly RuleRun[] {
  const rules = COMPARATORS.filter(({ name }) => name === "a_cum100" || name === "b_z0");
  const policy = { ...differencePolicy({ rollback: 0.02 }), margin: null };
  const row: GateRow = { metric: METRIC, comparison: TWO_POINTS, safety: [] };
  const cell = { id, row, policy, outcomeOf: eventOutcome, phases: phasesOf(rise, CLOCK_MINUTES) };
  return watchMetric({ ...cell, comparators: rules, hasGate: false }, replications);
}

function phasesOf(rise: number, fromMinutes: readonly number[]): readonly Phase[] {
  return STAGES_BPS.map((propensityBps, index) => ({
    fromMinute: fromMinutes[index] as number,
    propensityBps,
    baseline: eventRate(0.15),
    candidate: eventRate(0.15 + rise),
  }));
}
