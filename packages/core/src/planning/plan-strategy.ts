import type { Criterion } from "../gate/criterion.ts";
import { ALL_TRAFFIC } from "../gate/evidence.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import { isFromPeople } from "../population/feedback-metrics.ts";
import type { Stage, Strategy } from "../rollout/strategy.ts";
import { rowSentences } from "./plan-sentence.ts";
import type { Needed, RowNeeds } from "./plan-row.ts";
import { rowNeeds } from "./plan-row.ts";
import type { Design } from "./walks.ts";

export type PlanInput = {
  readonly strategy: Strategy;
  /** With what the baseline is expected to show of each. */
  readonly metrics: readonly MetricDefinition[];
  /** Counted requests of the feature per hour, > 0. */
  readonly requestsPerHour: number;
  /** Slices that criteria with `perSlice` are judged on, with their shares of the traffic. */
  readonly slices?: readonly SliceShare[];
};

export type SliceShare = { readonly name: string; readonly share: number };

export type PlanRowStatus =
  /** Both are known in time with a chance of 80%: harm at the rollback level, and no harm. */
  | "decidable"
  /** There is evidence, and too little of it for the time that the stage has. */
  | "too_little"
  /** The stage adds no evidence about it, and is left on that of the stages before it. */
  | "decided_before"
  /** No evidence about it in this stage nor before, so the stage can never be left. */
  | "never_seen"
  /** The gate cannot judge it as it is written. */
  | "unsupported";

/** One criterion on one slice in one stage. Hours are {@link Needed} observations at the plan's traffic. */
export type PlanRow = {
  readonly criterionId: string;
  readonly metric: string;
  readonly slice: string;
  readonly status: PlanRowStatus;
  readonly observationsPerHour: number;
  readonly observations: RowNeeds | null;
  readonly hours: RowNeeds | null;
  /** What would make a stage with too little evidence decide: a share, or a time at its own share. */
  readonly enough: { readonly shareBps: number | null; readonly hours: number | null } | null;
  /** What is wrong, for people; null when it is decidable. */
  readonly sentence: string | null;
};

export type PlanStage = {
  readonly name: string;
  readonly kind: string;
  readonly shareBps: number;
  readonly shadowBps: number;
  readonly evidence: "answers" | "pairs" | "none";
  /** The stage's longest duration, else its least one; null when it has neither. */
  readonly hoursAvailable: number | null;
  readonly rows: readonly PlanRow[];
};

export type StrategyPlan = {
  readonly strategy: string;
  readonly requestsPerHour: number;
  readonly stages: readonly PlanStage[];
  readonly isDecidable: boolean;
  /** One sentence for every row that is not decidable. */
  readonly warnings: readonly string[];
};

/** A canary beyond half of the traffic adds no more information. */
const LARGEST_USEFUL_SHARE_BPS = 5_000;

/**
 * How many observations and hours every criterion needs in every stage: to take back a candidate at its
 * rollback level, and to clear a harmless one at the stage's margin. Each stage is planned from its own
 * evidence; evidence of stages before it only shortens what is said here.
 */
export function planStrategy(input: PlanInput): StrategyPlan {
  const { strategy, requestsPerHour } = input;
  const seenBefore = new Set<string>();
  const stages = strategy.stages
    .map((stage, index) => ({ stage, index }))
    .filter(({ stage }) => stage.kind !== "evaluate" && stage.kind !== "staging")
    .map(({ stage, index }) => planStage(input, { stage, index, seenBefore }));
  const warnings = stages.flatMap((stage) => stage.rows.flatMap((row) => row.sentence ?? []));
  return {
    strategy: strategy.name,
    requestsPerHour,
    stages,
    isDecidable: warnings.length === 0,
    warnings: [...new Set(warnings)],
  };
}

type StageOf = {
  readonly stage: Stage;
  readonly index: number;
  /** Keys of rows that a stage before has evidence on; the stage adds its own. */
  readonly seenBefore: Set<string>;
};

function planStage(input: PlanInput, of: StageOf): PlanStage {
  const { stage } = of;
  const { kind, name, shareBps, shadowBps } = stage;
  const rows = rowsOf(input).map((row) => planRow(input, of, row));
  for (const row of rows) {
    if (row.observations !== null) of.seenBefore.add(`${row.criterionId}\n${row.slice}`);
  }
  return {
    name,
    kind,
    shareBps,
    shadowBps,
    evidence: evidenceOf(stage),
    hoursAvailable: hoursAvailable(stage),
    rows,
  };
}

function evidenceOf({ shareBps, shadowBps }: Stage): PlanStage["evidence"] {
  if (shareBps > 0 && shareBps < 10_000) return "answers";
  return shadowBps > 0 ? "pairs" : "none";
}

function hoursAvailable({ mostSeconds, least }: Stage): number | null {
  const seconds = mostSeconds ?? (least.durationSeconds > 0 ? least.durationSeconds : null);
  return seconds === null ? null : seconds / 3_600;
}

type RowOf = { readonly criterion: Criterion; readonly slice: SliceShare; readonly weight: number };

/** The gate's rows and weights: half on all traffic and half on the slices, if any is judged so. */
function rowsOf({ strategy, slices = [] }: PlanInput): readonly RowOf[] {
  const tested = strategy.criteria.filter(({ comparison }) => comparison.kind !== "zero_tolerance");
  const whole = Math.max(1, tested.length);
  const sliced = tested.filter(({ perSlice }) => perSlice).length * slices.length;
  const wholeShare = sliced === 0 ? 1 : 0.5;
  return strategy.criteria.flatMap((criterion) => [
    { criterion, slice: { name: ALL_TRAFFIC, share: 1 }, weight: wholeShare / whole },
    ...(criterion.perSlice ? slices : []).map((slice) => ({
      criterion,
      slice,
      weight: (1 - wholeShare) / Math.max(1, sliced),
    })),
  ]);
}

function planRow(input: PlanInput, of: StageOf, row: RowOf): PlanRow {
  const { criterion, slice } = row;
  const { stage } = of;
  const head = { criterionId: criterion.id, metric: criterion.metric, slice: slice.name };
  const perHour = observationsPerHour(input, row, stage);
  const isKnown = of.seenBefore.has(`${criterion.id}\n${slice.name}`);
  const blank = { ...head, observationsPerHour: perHour, observations: null, hours: null };
  if (perHour === 0) {
    const status = isKnown ? "decided_before" : "never_seen";
    const sentence = isKnown ? null : rowSentences.neverSeen(stage, head);
    return { ...blank, status, enough: null, sentence };
  }
  const metric = input.metrics.find(({ name }) => name === criterion.metric);
  const result =
    metric === undefined
      ? ({ kind: "unsupported", reason: "a definition of the metric" } as const)
      : needsAt(input, of, { row, metric, shareBps: measuredShareBps(stage) });
  if (metric === undefined || result.kind === "unsupported") {
    const reason = result.kind === "unsupported" ? result.reason : "a definition of the metric";
    const sentence = rowSentences.unsupported(stage, head, reason);
    return { ...blank, status: "unsupported", enough: null, sentence };
  }
  const { needs } = result;
  const available = hoursAvailable(stage);
  const hours = mapNeeds(needs, (count) => count / perHour);
  const wanted = decidingCount(needs);
  const isInTime = wanted !== null && (available === null || wanted / perHour <= available);
  const shared = { ...head, observationsPerHour: perHour, observations: needs, hours };
  if (isInTime) return { ...shared, status: "decidable", enough: null, sentence: null };
  const enough = {
    shareBps: available === null ? null : enoughShareBps(input, of, { row, metric, available }),
    hours: wanted === null ? null : wanted / perHour,
  };
  const sentence = rowSentences.tooLittle(stage, head, { available, hours, enough });
  return { ...shared, status: "too_little", enough, sentence };
}

/** Whichever of both takes longer: to catch the rollback level, or to clear a good change. */
function decidingCount({ detectOnce, clear }: RowNeeds): number | null {
  if (detectOnce.p80 === null || clear.p80 === null) return null;
  return Math.max(detectOnce.p80, clear.p80);
}

/** The share that evidence comes from: the candidate's, or that of the copies. */
function measuredShareBps(stage: Stage): number {
  return evidenceOf(stage) === "answers" ? stage.shareBps : stage.shadowBps;
}

function observationsPerHour(input: PlanInput, { criterion, slice }: RowOf, stage: Stage): number {
  const evidence = evidenceOf(stage);
  // A limit is about the candidate alone, so that full traffic counts; its attribution does not.
  if (evidence === "none") return 0;
  if (evidence === "pairs" && isFromPeople(criterion.metric)) return 0;
  return (input.requestsPerHour * slice.share * measuredShareBps(stage)) / 10_000;
}

function needsAt(
  input: PlanInput,
  { stage, index }: StageOf,
  of: { readonly row: RowOf; readonly metric: MetricDefinition; readonly shareBps: number },
) {
  const { strategy } = input;
  const design: Design =
    evidenceOf(stage) === "answers"
      ? { kind: "arms", propensity: of.shareBps / 10_000 }
      : { kind: "pairs" };
  return rowNeeds({
    criterion: of.row.criterion,
    metric: of.metric,
    design,
    confidence: strategy.confidence,
    nextShareBps: strategy.stages[index + 1]?.shareBps ?? 10_000,
    weight: of.row.weight,
  });
}

/** The smallest share, in whole percent, at which the stage's time is enough; null when none is. */
function enoughShareBps(
  input: PlanInput,
  stageOf: StageOf,
  of: { readonly row: RowOf; readonly metric: MetricDefinition; readonly available: number },
): number | null {
  const isArms = evidenceOf(stageOf.stage) === "answers";
  const isEnough = (shareBps: number): boolean => {
    const result = needsAt(input, stageOf, { ...of, shareBps });
    const wanted = result.kind === "needs" ? decidingCount(result.needs) : null;
    const perHour = (input.requestsPerHour * of.row.slice.share * shareBps) / 10_000;
    return wanted !== null && wanted / perHour <= of.available;
  };
  let low = Math.ceil(measuredShareBps(stageOf.stage) / 100);
  let high = (isArms ? LARGEST_USEFUL_SHARE_BPS : 10_000) / 100;
  if (low >= high || !isEnough(high * 100)) return null;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle * 100)) high = middle;
    else low = middle;
  }
  return high * 100;
}

function mapNeeds(needs: RowNeeds, change: (count: number) => number): RowNeeds {
  const each = (needed: Needed): Needed => {
    const at = (count: number | null): number | null => (count === null ? null : change(count));
    return { p50: at(needed.p50), p80: at(needed.p80), p95: at(needed.p95) };
  };
  return {
    detectOnce: each(needs.detectOnce),
    detectTwice: each(needs.detectTwice),
    clear: each(needs.clear),
  };
}
