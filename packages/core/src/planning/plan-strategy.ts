import { ALL_TRAFFIC } from "../gate/evidence.ts";
import { textOfCount } from "../gate/number-text.ts";
import { withExpected } from "../rollout/gate-input.ts";
import type { Stage } from "../rollout/strategy.ts";
import { reviewedCriteria } from "../rollout/strategy.ts";
import type { RowOf } from "./plan-stage-row.ts";
import { evidenceOf, hoursAvailable, planStageRow } from "./plan-stage-row.ts";
import type { StickyUnits } from "./sticky-units.ts";
import { assignedUnits } from "./sticky-units.ts";
import type { PlanInput, PlanStage, StrategyPlan } from "./strategy-plan.ts";
import { strategyWeights } from "./strategy-weights.ts";

/**
 * How many observations and hours every criterion needs in every stage: to take back a candidate at its
 * rollback level, and to clear a harmless one at the stage's margin. Each stage is planned from its own
 * evidence; evidence of stages before it only shortens what is said here.
 */
export function planStrategy(given: PlanInput): StrategyPlan {
  const { strategy, requestsPerHour } = given;
  const metrics = given.metrics.map((metric) => withExpected(metric, strategy));
  const input: PlanInput = { ...given, metrics };
  const units = assignedUnits(given);
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
    const more = others > 0 ? ` So it is of ${textOfCount(others)} more slices.` : "";
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

/** The gate's rows and weights. Criteria under review are in those stages only that name them. */
function rowsOf({ strategy, slices = [] }: PlanInput, stage: Stage): readonly RowOf[] {
  const reviewed = reviewedCriteria(strategy);
  const weights = strategyWeights(strategy, slices.length);
  return strategy.criteria.flatMap((criterion) => {
    const isReview = reviewed.has(criterion.id);
    if (isReview && !(stage.review ?? []).includes(criterion.id)) return [];
    const isAsked = stage.prove?.includes(criterion.id) ?? true;
    const shared = { criterion, isReview, isAsked };
    const all = { name: ALL_TRAFFIC, share: 1 };
    return [
      { ...shared, slice: all, weight: weights.whole },
      ...(criterion.perSlice ? slices : []).map((slice) => ({
        ...shared,
        slice,
        weight: weights.slice,
      })),
    ];
  });
}
