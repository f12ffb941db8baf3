import type { CriterionTestPart, RateRatioDesign } from "@spillway/core";
import { rateRatioStageLogs } from "@spillway/core";
import type { Cell, RuleRun } from "./cell.ts";
import { hasSettled, look, openFiring, RunCollector, SPILLWAY } from "./cell.ts";
import type { Rule } from "./comparators.ts";
import { COMPARATORS } from "./comparators.ts";
import type { History } from "./history.ts";
import { ArmHistory } from "./history.ts";
import { metricOf, ratioPolicy } from "./policies.ts";
import type { Random } from "./random.ts";
import { drawNormal, PoissonSampler, seededRandom } from "./random.ts";
import { gateQuestions, GateTests, RunningGate } from "./running-gate.ts";
import { REQUESTS_PER_MINUTE } from "./traffic.ts";

const DAY_MINUTES = 1440;
const RATE = 0.08;
const STAGES_BPS = [500, 1000, 2500, 5000];
const STAGE_MINUTES = 240;
/** A label comes after a lognormal time: half of them within an hour and a half. */
const LAG = { medianMinutes: 90, sigma: 1 };

/** H: events that are known late, on a ramp by the clock. */
export function delayedCells(): readonly Cell[] {
  return [1, 1.5, 2, 3].map((ratio) => {
    const id = `H_delay ramp p=.08 policy 1.5x true=${ratio}x`;
    return { id, group: "H", effort: 0.5, run: (n) => watchDelayed(id, ratio, n) };
  });
}

/**
 * The event-conditional test alone: an event counts in the stage of its request whenever it becomes
 * known, and what is not yet an event counts as nothing.
 */
function delayedTests(): GateTests {
  const comparison = { kind: "ratio", hold: 1.25, rollback: 1.5 } as const;
  const row = { metric: metricOf("correction_rate", { value: RATE }), comparison, safety: [] };
  return new GateTests({
    ...gateQuestions(row),
    armWeight: 1,
    harm: [eventPart({ nullRatio: 1, designRatio: 1.5, direction: 1 })],
    block: [eventPart({ nullRatio: 1.25, designRatio: 1.5, direction: 1 })],
    safety: [[eventPart({ nullRatio: 1.5, designRatio: 1, direction: -1 })]],
  });
}

function eventPart(design: RateRatioDesign): CriterionTestPart {
  return {
    weight: 1,
    armLogs: ({ arm, propensityBps }) =>
      rateRatioStageLogs(
        {
          propensity: propensityBps / 10_000,
          candidateEvents: arm === "candidate" ? 1 : 0,
          baselineEvents: arm === "baseline" ? 1 : 0,
        },
        design,
      ),
    pairLogs: () => [],
  };
}

function watchDelayed(id: string, ratio: number, replications: number): readonly RuleRun[] {
  const gate = new RunningGate(delayedTests());
  const collector = new RunCollector();
  const policy = ratioPolicy({ rollback: 1.5, mean: RATE, isBinary: true });
  const others = COMPARATORS.filter(({ name }) => name === "a_cum100" || name === "b_z0");
  const rule: Rule = { rollback: () => gate.provesHarm(), promote: () => gate.provesSafety(0) };
  for (let replication = 0; replication < replications; replication += 1) {
    gate.reset();
    const watched = [
      { name: SPILLWAY, firing: openFiring(), rule },
      ...others.map(({ name, create }) => ({ name, firing: openFiring(), rule: create(policy) })),
    ];
    const traffic = new DelayedTraffic(ratio, seededRandom(`${id} ${replication}`));
    const history: History = {
      baseline: new ArmHistory(DAY_MINUTES),
      candidate: new ArmHistory(DAY_MINUTES),
      minute: 0,
    };
    let open = watched;
    for (let minute = 1; minute <= DAY_MINUTES && open.length > 0; minute += 1) {
      history.minute = minute;
      traffic.play(history, gate);
      for (const each of open) look(each, history);
      open = open.filter((each) => !hasSettled(each));
    }
    for (const each of watched) collector.add(each);
  }
  return collector.runs();
}

type LateEvent = { readonly arm: "baseline" | "candidate"; readonly propensityBps: number };

const REQUESTS = STAGES_BPS.map((bps) => ({
  baseline: new PoissonSampler(REQUESTS_PER_MINUTE * (1 - bps / 10_000)),
  candidate: new PoissonSampler((REQUESTS_PER_MINUTE * bps) / 10_000),
}));

/** Requests as they come, and their events as they become known. */
class DelayedTraffic {
  readonly #pending: LateEvent[][] = Array.from({ length: DAY_MINUTES + 1 }, () => []);
  readonly #rates: Readonly<Record<LateEvent["arm"], number>>;
  readonly #random: Random;

  constructor(ratio: number, random: Random) {
    this.#rates = { baseline: RATE, candidate: RATE * ratio };
    this.#random = random;
  }

  play(history: History, gate: RunningGate): void {
    const { minute } = history;
    const stage = Math.min(STAGES_BPS.length - 1, Math.floor((minute - 1) / STAGE_MINUTES));
    for (const arm of ["candidate", "baseline"] as const) {
      const requests = (REQUESTS[stage] as (typeof REQUESTS)[number])[arm].draw(this.#random);
      history[arm].open(minute);
      history[arm].add(minute, { count: requests, sum: 0, squares: 0, naive: 0 });
      this.#expect({ arm, propensityBps: STAGES_BPS[stage] as number }, requests, minute);
    }
    for (const { arm, propensityBps } of this.#pending[minute] as LateEvent[]) {
      gate.add(gate.tests.armRow(propensityBps, arm, 100), 1);
      history[arm].add(minute, { count: 0, sum: 1, squares: 1, naive: 1 });
    }
  }

  #expect(event: LateEvent, requests: number, minute: number): void {
    for (let request = 0; request < requests; request += 1) {
      if (this.#random() >= this.#rates[event.arm]) continue;
      const lag = LAG.medianMinutes * Math.exp(LAG.sigma * drawNormal(this.#random));
      this.#pending[minute + Math.ceil(lag)]?.push(event);
    }
  }
}
