import type { Criterion, GateReport } from "@spillway/core";
import { ALL_TRAFFIC, assessGate, DEFAULT_CONFIDENCE } from "@spillway/core";
import type { Cell, RuleRun } from "./cell.ts";
import { hasSettled, look, openFiring, RunCollector, SPILLWAY } from "./cell.ts";
import type { Rule } from "./comparators.ts";
import { COMPARATORS } from "./comparators.ts";
import type { History } from "./history.ts";
import { ArmHistory } from "./history.ts";
import { differencePolicy, eventOutcome, metricOf } from "./policies.ts";
import type { Random } from "./random.ts";
import { drawGamma, PoissonSampler, seededRandom } from "./random.ts";
import type { TestedComparison } from "./running-gate.ts";
import { gateQuestions, GateTests, RunningGate } from "./running-gate.ts";
import { REQUESTS_PER_MINUTE } from "./traffic.ts";

const DAY_MINUTES = 1440;
const CANARY_BPS = 1000;
const RATE = 0.15;
const BUCKETS = 64;
// A report on 64 buckets is too dear for every minute; half an hour of a canary is 180 requests.
const LOOK_MINUTES = 30;
const TWO_POINTS: TestedComparison = { kind: "difference", hold: 0.01, rollback: 0.02 };
const METRIC = metricOf("edit_rate", { value: RATE });

type ClusterCell = {
  readonly id: string;
  readonly group: string;
  /** Correlation of two requests of one user. */
  readonly correlation: number;
  readonly rise: number;
  /** Who comes: visitors with so many requests in a row, or so many users all day. */
  readonly users:
    | { readonly kind: "visits"; readonly requests: number }
    | { readonly kind: "all_day"; readonly count: number };
};

/** L: visitors who make several requests. L2: the same users all day. Users keep their release. */
export function clusterCells(): readonly Cell[] {
  const visits = [
    { correlation: 0.1, requests: 10 },
    { correlation: 0.3, requests: 20 },
  ];
  const days = [
    { correlation: 0.1, count: 600 },
    { correlation: 0.1, count: 3000 },
    { correlation: 0.3, count: 3000 },
  ];
  const cells: ClusterCell[] = [
    ...visits.flatMap(({ correlation, requests }) =>
      [0, 0.02, 0.04].map((rise) => ({
        id: `L_cluster icc=${correlation} m=${requests} true=+${rise}`,
        group: "L",
        correlation,
        rise,
        users: { kind: "visits", requests } as const,
      })),
    ),
    ...days.flatMap(({ correlation, count }) =>
      [0, 0.04].map((rise) => ({
        id: `L2_persistent users N=${count} icc=${correlation} true=+${rise}`,
        group: "L2",
        correlation,
        rise,
        users: { kind: "all_day", count } as const,
      })),
    ),
  ];
  return cells.map((cell) => ({
    id: cell.id,
    group: cell.group,
    effort: 0.25,
    run: (replications) => watchCluster(cell, replications),
  }));
}

function watchCluster(cell: ClusterCell, replications: number): readonly RuleRun[] {
  const gate = new RunningGate(
    new GateTests(gateQuestions({ metric: METRIC, comparison: TWO_POINTS, safety: [] })),
  );
  const policy = { ...differencePolicy({ rollback: 0.02 }), margin: null };
  const others = COMPARATORS.filter(({ name }) => name === "b_z0");
  const collector = new RunCollector();
  for (let replication = 0; replication < replications; replication += 1) {
    gate.reset();
    const traffic = new ClusterTraffic(cell, seededRandom(`${cell.id} ${replication}`));
    const asRequests: Rule = { rollback: () => gate.provesAnyHarm() };
    const watched = [
      { name: SPILLWAY, firing: openFiring(), rule: unitRule(traffic) },
      { name: "spillway_requests", firing: openFiring(), rule: asRequests },
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
      traffic.play(history, gate);
      for (const each of open) look(each, history);
      open = open.filter((each) => !hasSettled(each));
    }
    for (const each of watched) collector.add(each);
  }
  return collector.runs();
}

/** The product, told which requests come from one group of users. */
function unitRule(traffic: ClusterTraffic): Rule {
  const report = { minute: -1, verdict: "inconclusive" as GateReport["verdict"] };
  const judge = (minute: number): GateReport["verdict"] => {
    if (minute % LOOK_MINUTES !== 0) return "inconclusive";
    if (report.minute === minute) return report.verdict;
    report.minute = minute;
    report.verdict = traffic.judge();
    return report.verdict;
  };
  return {
    rollback: ({ minute }) => judge(minute) === "fail",
    promote: ({ minute }) => judge(minute) === "pass",
  };
}

type User = {
  readonly arm: "baseline" | "candidate";
  readonly bucket: number;
  readonly rate: number;
};

const ARRIVALS = new PoissonSampler(REQUESTS_PER_MINUTE);

class ClusterTraffic {
  readonly #cell: ClusterCell;
  readonly #random: Random;
  readonly #users: User[] = [];
  readonly #visitors = new Map<User, number>();
  readonly #arrivals: PoissonSampler;
  readonly #counts = {
    baseline: new Float64Array(2 * BUCKETS),
    candidate: new Float64Array(2 * BUCKETS),
  };

  constructor(cell: ClusterCell, random: Random) {
    this.#cell = cell;
    this.#random = random;
    const { users } = cell;
    this.#arrivals =
      users.kind === "visits" ? new PoissonSampler(REQUESTS_PER_MINUTE / users.requests) : ARRIVALS;
    const count = users.kind === "all_day" ? users.count : 0;
    for (let user = 0; user < count; user += 1) this.#users.push(this.#drawUser());
  }

  /** One minute: visitors make one request each, or as many come as the day's users make. */
  play(history: History, gate: RunningGate): void {
    history.baseline.open(history.minute);
    history.candidate.open(history.minute);
    const { users } = this.#cell;
    const arriving = this.#arrivals.draw(this.#random);
    if (users.kind === "all_day") {
      for (let request = 0; request < arriving; request += 1) {
        const user = this.#users[Math.floor(this.#random() * this.#users.length)] as User;
        this.#ask(user, history, gate);
      }
      return;
    }
    for (let visitor = 0; visitor < arriving; visitor += 1) {
      this.#visitors.set(this.#drawUser(), users.requests);
    }
    for (const [visitor, left] of this.#visitors) {
      this.#ask(visitor, history, gate);
      if (left > 1) this.#visitors.set(visitor, left - 1);
      else this.#visitors.delete(visitor);
    }
  }

  judge(): GateReport["verdict"] {
    const strata = [
      {
        stageIndex: 0,
        propensityBps: CANARY_BPS,
        baseline: this.#cellOf("baseline"),
        candidate: this.#cellOf("candidate"),
        pairs: { joint: {} },
      },
    ];
    return assessGate({
      criteria: [CRITERION],
      metrics: [METRIC],
      slices: [],
      evidence: { metrics: [{ metric: METRIC.name, slice: ALL_TRAFFIC, strata }], exposures: [] },
      confidence: DEFAULT_CONFIDENCE,
      stage: {
        index: 0,
        kind: "ramp",
        shareBps: CANARY_BPS,
        nextShareBps: 10_000,
        observationsPerHour: null,
      },
    }).verdict;
  }

  #cellOf(arm: User["arm"]) {
    const bins: Record<string, number> = { "0": 0, "100": 0 };
    const units: Record<string, number> = {};
    for (const [index, count] of this.#counts[arm].entries()) {
      if (count === 0) continue;
      const bin = index % 2 === 1 ? "100" : "0";
      bins[bin] = (bins[bin] ?? 0) + count;
      units[`${Math.floor(index / 2)}:${bin}`] = count;
    }
    return { bins, units };
  }

  #ask({ arm, bucket, rate }: User, history: History, gate: RunningGate): void {
    const value = this.#random() < rate ? 1 : 0;
    const counts = this.#counts[arm];
    counts[2 * bucket + value] = (counts[2 * bucket + value] as number) + 1;
    gate.add(gate.tests.armRow(CANARY_BPS, arm, 100 * value), 1);
    const outcome = eventOutcome(100 * value, arm);
    history[arm].add(history.minute, {
      count: 1,
      sum: outcome.value,
      squares: outcome.value,
      naive: outcome.naive,
    });
  }

  /** A user's own rate is Beta distributed with the cell's correlation. */
  #drawUser(): User {
    const { correlation, rise } = this.#cell;
    const arm = this.#random() < CANARY_BPS / 10_000 ? "candidate" : "baseline";
    const mean = arm === "candidate" ? RATE + rise : RATE;
    const size = 1 / correlation - 1;
    const [events, rest] = [
      drawGamma(this.#random, mean * size),
      drawGamma(this.#random, (1 - mean) * size),
    ];
    return { arm, bucket: Math.floor(this.#random() * BUCKETS), rate: events / (events + rest) };
  }
}

const CRITERION: Criterion = {
  id: METRIC.name,
  metric: METRIC.name,
  comparison: TWO_POINTS,
  withinSeconds: null,
  perSlice: false,
  onInconclusive: "hold",
  onNoData: "hold",
  onError: "hold",
};
