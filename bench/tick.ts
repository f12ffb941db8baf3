/**
 * What one tick costs: 1,000 active rollouts, each with 20 criteria judged on all traffic and on 10
 * slices, from their evidence to the outcome of `judge`. `npm run bench:tick`, or with `-- --json` for
 * one JSON line per size.
 *
 * `observations` is per rollout and metric. Evidence is drawn from seeded distributions; only the time
 * is measured. A thousand rollouts follow three strategies and stand in one of two stages. Their
 * evidence is 20 distinct sets, 50 rollouts each, because as JSON objects a thousand of them would need
 * ten gigabytes and say nothing else. `tickMs` is the median of three ticks with the cells already
 * decoded, as they are for evidence that is kept between ticks, in processor time, after a tick whose
 * decisions were carried out; `firstLookMs` is the mean cost of one rollout whose cells are seen for the
 * first time.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  assessGate,
  gateInputOf,
  judge,
  METRIC_CATALOGUE,
  parseCriteria,
  releaseId,
  rolloutId,
  stageObservationsOf,
  withTransition,
} from "../packages/core/src/index.ts";
import type {
  Criterion,
  DecisionInputs,
  MetricDefinition,
  Rollout,
  RolloutEvidence,
  Stage,
} from "../packages/core/src/index.ts";
import { createEvidenceSource } from "./tick-evidence.ts";

const ROLLOUTS = 1_000;
const SLICES = 10;
const SLICE_NAMES = Array.from({ length: SLICES }, (_, index) => `kind=${index}`);
const EVIDENCE_SETS = 20;
const SIZES = [1e4, 1e6, 1e8];
const TICKS = 3;

type Line = {
  readonly rollouts: number;
  readonly criteria: number;
  readonly slices: number;
  readonly observations: number;
  /** Criteria on places that each rollout was judged on, the same for all. */
  readonly rows: number;
  /** Rollouts whose gate holds, passes, or has not decided yet. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly tickMs: number;
  readonly firstLookMs: number;
};

/** Levels differ between the strategies, so that they share no compiled test. */
function criteriaOf(strictness: number): readonly Criterion[] {
  const percent = (level: number): string => (level * strictness).toFixed(2);
  const parsed = parseCriteria(
    Object.fromEntries(
      Object.entries({
        quality: { hold: `-${percent(5)}%`, rollback: `-${percent(10)}%` },
        confidence: { rollback: -0.05 * strictness },
        fact_coverage: { rollback: `-${percent(8)}%` },
        edit_rate: { rollback: `+${percent(2)}pp` },
        correction_rate: { rollback: `${1 + 0.5 * strictness}x` },
        refusal_rate: { rollback: `+${percent(2)}pp` },
        fallback_rate: { rollback: `${1 + strictness}x` },
        format_valid: { rollback: `-${percent(3)}pp` },
        length_in_bounds: { rollback: `-${percent(5)}%` },
        disagreement: { rollback: `+${percent(5)}pp` },
        guardrail_trips: { rollback: `${1 + strictness}x` },
        forbidden_strings: { rollback: `${1 + strictness}x` },
        error_rate: { limit: `${percent(5)}%` },
        harmful_content: { tolerance: "zero" },
        leak: { tolerance: "zero", maximum_rate: `${percent(0.1)}%` },
        latency_p50: { rollback: `+${percent(20)}%` },
        latency_p95: { limit: `${(4_000 * strictness).toFixed(0)}ms` },
        time_to_first_token_p95: { rollback: `${1 + 0.3 * strictness}x` },
        cost_per_call: { rollback: `${1 + 0.2 * strictness}x` },
        tokens_per_call: { rollback: `+${percent(15)}%` },
      }).map(([name, levels]) => [name, { ...levels, slices: true }]),
    ),
    METRICS,
  );
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  return parsed.criteria;
}

/** The catalogue with what a feature's history would have put in. */
const EXPECTED: Readonly<Record<string, MetricDefinition["expected"]>> = {
  latency_p50: { value: 1_000 },
  latency_p95: { value: 2_500 },
  time_to_first_token_p95: { value: 900 },
  cost_per_call: { value: 0.01, spread: 0.02 },
  tokens_per_call: { value: 2_000, spread: 2_500 },
};

const METRICS: readonly MetricDefinition[] = METRIC_CATALOGUE.map((metric) => {
  const expected = EXPECTED[metric.name];
  return expected === undefined ? metric : { ...metric, expected };
});

const CRITERIA = [0.8, 1, 1.2].map(criteriaOf);
const SHARES = [500, 2_500, 10_000];

const STAGES: readonly Stage[] = SHARES.map((shareBps) => ({
  kind: "ramp",
  name: `ramp ${shareBps / 100}%`,
  shareBps,
  shadowBps: 0,
  least: { durationSeconds: 86_400, observations: 0, need: "both" },
  mostSeconds: null,
  approval: null,
  onInconclusive: "hold",
  onNoData: "hold",
  onError: "hold",
}));

function rolloutAt(index: number): Rollout {
  return {
    id: rolloutId(`roll_${index}`),
    feature: `feature-${index}`,
    tier: 2,
    baseline: releaseId(`feature-${index}`, 1),
    candidate: releaseId(`feature-${index}`, 2),
    strategy: {
      name: "bench",
      description: "",
      stages: STAGES,
      criteria: CRITERIA[index % CRITERIA.length] as readonly Criterion[],
      confidence: { alpha: 0.05, alphaBlock: 0.2, alphaPromote: 0.05, amberOdds: 3 },
      slices: SLICE_NAMES,
      personGraceSeconds: 86_400,
    },
    algorithm: "flagd-fractional-v2",
    author: "ada",
    createdAtMs: 0,
    state: { kind: "progressing", stageIndex: index % 2, enteredAtMs: 0 },
    approvals: [],
    version: 1,
  };
}

/** From evidence to outcome, the pure part of what the reconcile loop does for one rollout. */
function tick(rollout: Rollout, evidence: RolloutEvidence, nowMs: number): Rollout {
  const inputs: DecisionInputs = {
    rollout,
    event: { kind: "tick" },
    gate: gateInputOf(rollout, evidence, METRICS),
    stageObservations: stageObservationsOf(rollout, evidence),
    nowMs,
  };
  const { outcome } = judge(inputs);
  return outcome.kind === "decided" ? withTransition(rollout, outcome) : rollout;
}

function measure(observations: number): Line {
  const source = createEvidenceSource({
    metrics: METRICS.filter(({ name }) => JUDGED.has(name)),
    slices: SLICES,
    sharesBps: SHARES,
    observations,
  });
  const sets = Array.from({ length: EVIDENCE_SETS }, (_, seed) => source(seed));
  const setOf = (index: number): RolloutEvidence =>
    sets[(index >> 1) % EVIDENCE_SETS] as RolloutEvidence;
  let rollouts = Array.from({ length: ROLLOUTS }, (_, index) => rolloutAt(index));
  const first = timed(() => {
    for (let index = 0; index < EVIDENCE_SETS * 2; index += 2) {
      tick(rollouts[index] as Rollout, setOf(index), 3_600_000);
    }
  });
  // What the first tick decides is carried out, as it would be; from then on a rollout that is held is held.
  rollouts = rollouts.map((rollout, index) => tick(rollout, setOf(index), 3_630_000));
  // What drawing the evidence left behind is no tick's to clear away; what ticks leave is theirs.
  collectGarbage();
  const ticks = Array.from({ length: TICKS }, (_, round) =>
    timed(() => {
      for (const [index, rollout] of rollouts.entries()) {
        tick(rollout, setOf(index), 3_660_000 + round * 60_000);
      }
    }),
  ).toSorted((left, right) => left - right);
  return {
    rollouts: ROLLOUTS,
    criteria: (CRITERIA[0] as readonly Criterion[]).length,
    slices: SLICES,
    observations,
    ...judgedNow(rollouts, setOf),
    tickMs: rounded(ticks[TICKS >> 1] as number),
    firstLookMs: rounded(first / EVIDENCE_SETS),
  };
}

/** What the ticks came to; an error where not all was judged that should have been. */
function judgedNow(
  rollouts: readonly Rollout[],
  setOf: (index: number) => RolloutEvidence,
): Pick<Line, "rows" | "verdicts"> {
  const rows = (SLICES + 1) * (CRITERIA[0] as readonly Criterion[]).length;
  const verdicts: Record<string, number> = {};
  for (const [index, rollout] of rollouts.entries()) {
    const gate = gateInputOf(rollout, setOf(index), METRICS);
    if (gate === null) throw new Error(`Rollout ${index} has ended.`);
    const report = assessGate(gate);
    verdicts[report.verdict] = (verdicts[report.verdict] ?? 0) + 1;
    // Sentences and intervals of all rows of all rollouts would take minutes.
    if (index < 3 && report.verdicts.length !== rows) {
      throw new Error(`Rollout ${index} has ${report.verdicts.length} rows, wanted ${rows}.`);
    }
  }
  return { rows, verdicts };
}

const JUDGED = new Set((CRITERIA[0] as readonly Criterion[]).map(({ metric }) => metric));

/** Processor time in milliseconds, of all threads: on one core it would take as long. */
function timed(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
}

const rounded = (milliseconds: number): number => Number(milliseconds.toFixed(1));

function main(args: readonly string[]): void {
  const isJson = args.includes("--json");
  if (!isJson) console.log("observations   tick of 1,000 rollouts     first look   gates");
  // The first pass is for the compiler; a server has been up for longer than this.
  measure(1e4);
  for (const observations of SIZES) {
    const line = measure(observations);
    if (isJson) console.log(JSON.stringify(line));
    else {
      const count = observations.toExponential(0).padStart(12);
      const verdicts = Object.entries(line.verdicts).map(([verdict, of]) => `${of} ${verdict}`);
      console.log(
        `${count}   ${`${line.tickMs} ms`.padStart(22)}   ${`${line.firstLookMs} ms`.padStart(12)}   ${verdicts.join(", ")}`,
      );
    }
  }
}

main(process.argv.slice(2));
