import type { MetricDefinition } from "@spillway/core";
import type { Cell, RuleRun } from "./cell.ts";
import { hasSettled, look, openFiring, RunCollector, SPILLWAY } from "./cell.ts";
import type { Policy, Rule } from "./comparators.ts";
import { COMPARATORS } from "./comparators.ts";
import type { History } from "./history.ts";
import { ArmHistory } from "./history.ts";
import { LabelWait } from "./label-wait.ts";
import { differencePolicy, lateMetricOf, ratioPolicy } from "./policies.ts";
import type { RampTally } from "./ramp-cells.ts";
import { looksWorseIn } from "./ramp-cells.ts";
import type { Random } from "./random.ts";
import { drawNormal, PoissonSampler, seededRandom } from "./random.ts";
import type { TestedComparison } from "./running-gate.ts";
import { gateQuestions, GateTests, RunningGate } from "./running-gate.ts";
import { REQUESTS_PER_MINUTE } from "./traffic.ts";

const DAY_MINUTES = 1440;
/** The shares of a ramp by the clock, and of a canary that has its share from the start. */
const RAMP_BPS = [500, 1000, 2500, 5000];
const HALF_BPS = [5000];
const STAGE_MINUTES = 240;
/** An event is known after a lognormal time: half of them within an hour and a half. */
const LAG = { medianMinutes: 90, sigma: 1 };

/** A rate of which what did not happen is known at once, and what did is known late. */
type DelayedCell = {
  readonly id: string;
  readonly stagesBps: readonly number[];
  readonly metric: MetricDefinition;
  readonly comparison: TestedComparison;
  readonly policy: Policy;
  readonly baseline: number;
  readonly candidate: number;
};

/**
 * H: events that are known late. In points with half of the traffic, where much is known of the first
 * labels before the last ones come.
 */
export function delayedCells(): readonly Cell[] {
  const corrections = [1, 1.5, 2, 3].map((ratio): DelayedCell => ({
    id: `H_delay ramp p=.08 policy 1.5x true=${ratio}x`,
    stagesBps: RAMP_BPS,
    metric: lateMetricOf("correction_rate", { ...LAG, expected: 0.08 }),
    comparison: { kind: "ratio", hold: 1.25, rollback: 1.5 },
    policy: ratioPolicy({ rollback: 1.5, mean: 0.08, isBinary: true }),
    baseline: 0.08,
    candidate: 0.08 * ratio,
  }));
  const edits = [0, 0.02, 0.04].map((rise): DelayedCell => ({
    id: `H_delay w=.5 p=.15 policy +2pp true=+${rise}`,
    stagesBps: HALF_BPS,
    metric: lateMetricOf("edit_rate", { ...LAG, expected: 0.15 }),
    comparison: { kind: "difference", hold: 0.01, rollback: 0.02 },
    policy: differencePolicy({ rollback: 0.02 }),
    baseline: 0.15,
    candidate: 0.15 + rise,
  }));
  return [...corrections, ...edits].map((cell) => ({
    id: cell.id,
    group: "H",
    effort: 0.5,
    run: (replications) => watchDelayed(cell, replications),
  }));
}

function watchDelayed(cell: DelayedCell, replications: number): readonly RuleRun[] {
  const { id, metric, comparison, policy } = cell;
  const safety = [{ comparison, nextShareBps: 10_000 }];
  const gate = new RunningGate(new GateTests(gateQuestions({ metric, comparison, safety })));
  const collector = new RunCollector();
  const others = COMPARATORS.filter(({ name }) => name === "a_cum100" || name === "b_z0");
  for (let replication = 0; replication < replications; replication += 1) {
    gate.reset();
    const traffic = new DelayedTraffic(cell, gate, seededRandom(`${id} ${replication}`));
    const watched = [
      { name: SPILLWAY, firing: openFiring(), rule: gateRule(gate, traffic) },
      ...others.map(({ name, create }) => ({ name, firing: openFiring(), rule: create(policy) })),
    ];
    const history: History = {
      baseline: new ArmHistory(DAY_MINUTES),
      candidate: new ArmHistory(DAY_MINUTES),
      minute: 0,
    };
    let open = watched;
    for (let minute = 1; minute <= DAY_MINUTES && open.length > 0; minute += 1) {
      history.minute = minute;
      traffic.play(history);
      for (const each of open) look(each, history);
      open = open.filter((each) => !hasSettled(each));
    }
    for (const each of watched) collector.add(each);
  }
  return collector.runs();
}

/** The product: an event counts in the stage of its request, and promotion waits for the labels' age. */
function gateRule(gate: RunningGate, traffic: DelayedTraffic): Rule {
  return {
    rollback: () => gate.provesHarm(),
    promote: ({ minute }) =>
      gate.provesSafety(0) &&
      !(gate.isAmber() && looksWorseIn(traffic.labelled)) &&
      traffic.wait.isOver(minute),
  };
}

type Arm = "baseline" | "candidate";
type LateEvent = { readonly arm: Arm; readonly stage: Stage };

type Stage = {
  readonly propensityBps: number;
  readonly requests: Readonly<Record<Arm, PoissonSampler>>;
  /** Labels so far of requests that were made in it. */
  readonly labelled: RampTally;
};

function stageOf(propensityBps: number): Stage {
  const share = propensityBps / 10_000;
  return {
    propensityBps,
    requests: {
      baseline: new PoissonSampler(REQUESTS_PER_MINUTE * (1 - share)),
      candidate: new PoissonSampler(REQUESTS_PER_MINUTE * share),
    },
    labelled: { baseline: new ArmHistory(1), candidate: new ArmHistory(1) },
  };
}

/** Requests as they come, and their labels as they become known. */
class DelayedTraffic {
  readonly wait: LabelWait;
  readonly #stages: readonly Stage[];
  readonly #pending: LateEvent[][] = Array.from({ length: DAY_MINUTES + 1 }, () => []);
  readonly #cell: DelayedCell;
  readonly #gate: RunningGate;
  readonly #random: Random;

  constructor(cell: DelayedCell, gate: RunningGate, random: Random) {
    this.wait = new LabelWait(cell.metric, cell.comparison);
    this.#cell = cell;
    this.#gate = gate;
    this.#random = random;
    this.#stages = cell.stagesBps.map(stageOf);
  }

  get labelled(): readonly RampTally[] {
    return this.#stages.map(({ labelled }) => labelled);
  }

  play(history: History): void {
    const { minute } = history;
    const index = Math.min(this.#stages.length - 1, Math.floor((minute - 1) / STAGE_MINUTES));
    const stage = this.#stages[index] as Stage;
    for (const arm of ["candidate", "baseline"] as const) {
      const requests = stage.requests[arm].draw(this.#random);
      history[arm].open(minute);
      history[arm].add(minute, { count: requests, sum: 0, squares: 0, naive: 0 });
      if (arm === "candidate") this.wait.add(minute, requests);
      const events = this.#expect({ arm, stage }, requests, minute);
      this.#label({ arm, stage }, 0, requests - events);
    }
    for (const event of this.#pending[minute] as LateEvent[]) {
      this.#label(event, 1, 1);
      history[event.arm].add(minute, { count: 0, sum: 1, squares: 1, naive: 1 });
    }
  }

  /** Draws the events among new requests, and when each will be known. */
  #expect(event: LateEvent, requests: number, minute: number): number {
    let events = 0;
    for (let request = 0; request < requests; request += 1) {
      if (this.#random() >= this.#cell[event.arm]) continue;
      events += 1;
      const lag = LAG.medianMinutes * Math.exp(LAG.sigma * drawNormal(this.#random));
      this.#pending[minute + Math.ceil(lag)]?.push(event);
    }
    return events;
  }

  #label({ arm, stage }: LateEvent, value: 0 | 1, count: number): void {
    this.#gate.add(this.#gate.tests.armRow(stage.propensityBps, arm, 100 * value), count);
    const sum = value * count;
    stage.labelled[arm].add(1, { count, sum, squares: sum, naive: sum });
  }
}
