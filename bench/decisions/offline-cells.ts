import type { Criterion, GateReport, MetricEvidence } from "@spillway/core";
import { ALL_TRAFFIC, assessGate, DEFAULT_CONFIDENCE } from "@spillway/core";
import type { Cell, RuleRun } from "./cell.ts";
import { NEVER, openFiring, RunCollector, SPILLWAY } from "./cell.ts";
import type { Rule } from "./comparators.ts";
import { metricOf } from "./policies.ts";
import type { Random } from "./random.ts";
import { drawNormal, seededRandom } from "./random.ts";

const CATEGORIES = 8;
const MEAN = 0.6;
// Of the difference of a pair: each half has sqrt(1/2) of it, independent.
const PAIR_DEVIATION = 0.3;
const METRIC = metricOf("quality", { value: MEAN, spread: PAIR_DEVIATION * Math.SQRT1_2 });
const MARGIN = 0.02;

/** X: eight categories of an evaluation, paired, looked at once. One of them may have become worse. */
export function offlineCells(): readonly Cell[] {
  return [100, 1000, 4000].flatMap((size) =>
    [0, 0.05].map((drop) => {
      const id = `X_offline cats=8 n=${size}/cat paired sd=.3 drop=${drop}`;
      const effort = size > 1000 ? 0.1 : 0.3;
      return { id, group: "X", effort, run: (n) => watchOffline(id, { size, drop }, n) };
    }),
  );
}

const LOOKED_ONCE: Rule = { rollback: () => false, promote: () => false };
const POINT_RULE: Rule = { rollback: () => false };

type Evaluation = { readonly size: number; readonly drop: number };

function watchOffline(id: string, of: Evaluation, replications: number): readonly RuleRun[] {
  const collector = new RunCollector();
  for (let replication = 0; replication < replications; replication += 1) {
    const random = seededRandom(`${id} ${replication}`);
    const categories = Array.from({ length: CATEGORIES }, (_, category) =>
      drawCategory(random, of.size, category === 0 ? of.drop : 0),
    );
    const pairs = CATEGORIES * of.size;
    const verdict = judge(categories.map(({ joint }) => joint));
    const isWorse = categories.some(({ fall }) => fall > MARGIN);
    collector.add({ name: SPILLWAY, rule: LOOKED_ONCE, firing: firingOf(verdict, pairs) });
    const naive = firingOf(isWorse ? "fail" : "inconclusive", pairs);
    collector.add({ name: "a_any2pct", rule: POINT_RULE, firing: naive });
  }
  return collector.runs();
}

function firingOf(verdict: GateReport["verdict"], pairs: number) {
  const isRolledBack = verdict === "fail";
  const isPromoted = verdict === "pass";
  return {
    ...openFiring(),
    rollbackMinute: isRolledBack ? 1 : NEVER,
    rollbackExposed: isRolledBack ? pairs : NEVER,
    promoteMinute: isPromoted ? 1 : NEVER,
    promoteExposed: isPromoted ? pairs : NEVER,
  };
}

type Category = {
  readonly joint: Readonly<Record<string, number>>;
  /** Fall of the mean of the pairs. */
  readonly fall: number;
};

function drawCategory(random: Random, size: number, drop: number): Category {
  const joint: Record<string, number> = {};
  let fall = 0;
  const draw = (mean: number): number => {
    const score = mean + PAIR_DEVIATION * Math.SQRT1_2 * drawNormal(random);
    return Math.round(100 * Math.min(1, Math.max(0, score)));
  };
  for (let pair = 0; pair < size; pair += 1) {
    const [baseline, candidate] = [draw(MEAN), draw(MEAN - drop)];
    const key = `${baseline}:${candidate}`;
    joint[key] = (joint[key] ?? 0) + 1;
    fall += (baseline - candidate) / 100 / size;
  }
  return { joint, fall };
}

/** The gate on all pairs and on each category. */
function judge(categories: readonly Category["joint"][]): GateReport["verdict"] {
  const all: Record<string, number> = {};
  for (const joint of categories) {
    for (const [key, count] of Object.entries(joint)) all[key] = (all[key] ?? 0) + count;
  }
  const slices = categories.map((_, category) => `category=${category}`);
  const evidenceOf = (slice: string, joint: Category["joint"]): MetricEvidence => {
    const empty = { bins: {} };
    const stratum = { stageIndex: 0, propensityBps: 0, baseline: empty, candidate: empty };
    return { metric: METRIC.name, slice, strata: [{ ...stratum, pairs: { joint } }] };
  };
  return assessGate({
    criteria: [CRITERION],
    metrics: [METRIC],
    slices,
    evidence: {
      metrics: [
        evidenceOf(ALL_TRAFFIC, all),
        ...categories.map((joint, category) => evidenceOf(slices[category] as string, joint)),
      ],
      exposures: [],
    },
    confidence: DEFAULT_CONFIDENCE,
    stage: {
      index: 0,
      kind: "offline",
      shareBps: 0,
      nextShareBps: 10_000,
      observationsPerHour: null,
    },
  }).verdict;
}

const CRITERION: Criterion = {
  id: METRIC.name,
  metric: METRIC.name,
  comparison: { kind: "difference", hold: MARGIN / 2, rollback: MARGIN },
  withinSeconds: null,
  perSlice: true,
  onInconclusive: "hold",
  onNoData: "hold",
  onError: "hold",
};
