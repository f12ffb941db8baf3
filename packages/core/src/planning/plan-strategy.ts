import type { AssignmentUnit } from "../feature/feature.ts";
import { ALL_TRAFFIC } from "../gate/evidence.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import { withExpected } from "../rollout/gate-input.ts";
import type { Stage, Strategy } from "../rollout/strategy.ts";
import { reviewedCriteria } from "../rollout/strategy.ts";
import type { RowNeeds } from "./plan-row.ts";
import type { RowOf } from "./plan-stage-row.ts";
import { evidenceOf, hoursAvailable, planStageRow } from "./plan-stage-row.ts";
import type { StickyUnits } from "./sticky-units.ts";
import { USUAL_STICKY_UNITS } from "./sticky-units.ts";

export type PlanInput = {
  readonly strategy: Strategy;
  /** With what the baseline is expected to show of each, where the strategy does not say. */
  readonly metrics: readonly MetricDefinition[];
  /** Counted requests of the feature per hour, > 0. */
  readonly requestsPerHour: number;
  /** Slices that criteria with `perSlice` are judged on, with their shares of the traffic. */
  readonly slices?: readonly SliceShare[];
  /** The feature's own unit of assignment, where the strategy names none. Absent: the request. */
  readonly unit?: AssignmentUnit;
  /** How units return where they are not requests; {@link USUAL_STICKY_UNITS} when left out. */
  readonly stickyUnits?: StickyUnits;
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
  /** The stage may be left without its proof; harm is looked for all the same. */
  | "not_asked"
  /** The gate cannot judge it as it is written. */
  | "unsupported";

/**
 * One criterion on one slice in one stage. Hours are those after which the needed observations are known:
 * null where there is no end, or where the window of `within` ends before.
 */
export type PlanRow = {
  readonly criterionId: string;
  readonly metric: string;
  readonly slice: string;
  readonly status: PlanRowStatus;
  /** Whether it asks a person and takes nothing back. "Detected" means asked, then. */
  readonly isReview: boolean;
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
  /** What is assigned to an arm as one, and how it is taken to return; null for single requests. */
  readonly units: (StickyUnits & { readonly unit: AssignmentUnit }) | null;
  readonly stages: readonly PlanStage[];
  readonly isDecidable: boolean;
  /** One sentence for every criterion and stage that is not decidable; of its slices, the rarest. */
  readonly warnings: readonly string[];
};

/**
 * How many observations and hours every criterion needs in every stage: to take back a candidate at its
 * rollback level, and to clear a harmless one at the stage's margin. Each stage is planned from its own
 * evidence; evidence of stages before it only shortens what is said here.
 */
export function planStrategy(given: PlanInput): StrategyPlan {
  const { strategy, requestsPerHour } = given;
  const metrics = given.metrics.map((metric) => withExpected(metric, strategy));
  const input: PlanInput = { ...given, metrics };
  const unit = strategy.unit ?? given.unit ?? "request";
  const units = unit === "request" ? null : { unit, ...(given.stickyUnits ?? USUAL_STICKY_UNITS) };
  const seenBefore = new Set<string>();
  const stages = strategy.stages
    .map((stage, index) => ({ stage, index }))
    .filter(({ stage }) => stage.kind !== "evaluate" && stage.kind !== "staging")
    .map(({ stage, index }) => planStage(input, { stage, index, units, seenBefore }));
  const warnings = stages.flatMap(warningsOf);
  return {
    strategy: strategy.name,
    requestsPerHour,
    units,
    stages,
    isDecidable: warnings.length === 0,
    warnings: [...new Set(warnings)],
  };
}

/** A strategy of many slices would say the same of each: the rarest needs the most. */
function warningsOf({ rows }: PlanStage): string[] {
  const byCriterion = Map.groupBy(rows, ({ criterionId }) => criterionId);
  return [...byCriterion.values()].flatMap((of) => {
    const whole = of.filter(({ slice }) => slice === ALL_TRAFFIC);
    const sliced = of.filter(({ slice, sentence }) => slice !== ALL_TRAFFIC && sentence !== null);
    const [rarest] = sliced.toSorted(
      (left, right) => left.observationsPerHour - right.observationsPerHour,
    );
    const others = sliced.length - 1;
    const more = others > 0 ? ` So it is of ${others} more slices.` : "";
    return [
      ...whole.flatMap(({ sentence }) => sentence ?? []),
      ...(rarest === undefined ? [] : [`${rarest.sentence}${more}`]),
    ];
  });
}

type StageOf = {
  readonly stage: Stage;
  readonly index: number;
  readonly units: StickyUnits | null;
  /** Keys of rows that a stage before has evidence on; the stage adds its own. */
  readonly seenBefore: Set<string>;
};

function planStage(input: PlanInput, of: StageOf): PlanStage {
  const { stage } = of;
  const { kind, name, shareBps, shadowBps } = stage;
  const keyOf = (criterionId: string, slice: string): string => `${criterionId}\n${slice}`;
  const rows = rowsOf(input, stage).map((row) => {
    const isKnown = of.seenBefore.has(keyOf(row.criterion.id, row.slice.name));
    return planStageRow(input, { ...of, isKnown }, row);
  });
  for (const row of rows) {
    if (row.observations !== null) of.seenBefore.add(keyOf(row.criterionId, row.slice));
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

/**
 * The gate's rows and weights: half on all traffic and half on the slices, if any is judged so, spread
 * over all places that the strategy has frozen. Criteria under review are in no average, and in those
 * stages only that name them.
 */
function rowsOf({ strategy, slices = [] }: PlanInput, stage: Stage): readonly RowOf[] {
  const reviewed = reviewedCriteria(strategy);
  const tested = strategy.criteria.filter(
    ({ id, comparison }) => comparison.kind !== "zero_tolerance" && !reviewed.has(id),
  );
  const whole = Math.max(1, tested.length);
  const slots = Math.max(strategy.slices?.length ?? 0, slices.length);
  const places = tested.filter(({ perSlice }) => perSlice).length * slots;
  const wholeShare = places === 0 ? 1 : 0.5;
  return strategy.criteria.flatMap((criterion) => {
    const isReview = reviewed.has(criterion.id);
    if (isReview && !(stage.review ?? []).includes(criterion.id)) return [];
    const isAsked = stage.prove?.includes(criterion.id) ?? true;
    const shared = { criterion, isReview, isAsked };
    const all = { name: ALL_TRAFFIC, share: 1 };
    return [
      { ...shared, slice: all, weight: wholeShare / whole },
      ...(criterion.perSlice ? slices : []).map((slice) => ({
        ...shared,
        slice,
        weight: (1 - wholeShare) / Math.max(1, places),
      })),
    ];
  });
}
