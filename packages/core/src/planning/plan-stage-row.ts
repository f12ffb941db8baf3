import type { Criterion } from "../gate/criterion.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import { unreachableLevel } from "../gate/unreachable-levels.ts";
import { liveFromStage } from "../rollout/live-from-stage.ts";
import type { Stage } from "../rollout/strategy.ts";
import { hoursOf, waitedAgeHours, windowHoursLeft } from "./plan-hours.ts";
import type { RowNeeds, RowNeedsResult } from "./plan-row.ts";
import { rowNeeds } from "./plan-row.ts";
import { rowSentences } from "./plan-sentence.ts";
import type { PlanInput, PlanRow, PlanStage, SliceShare } from "./strategy-plan.ts";
import type { StickyUnits } from "./sticky-units.ts";
import type { Design } from "./walks.ts";

/** One row of the gate in one stage. */
export type RowOf = {
  readonly criterion: Criterion;
  readonly slice: SliceShare;
  readonly weight: number;
  readonly isReview: boolean;
  /** Whether the stage may only be left when it is proven. */
  readonly isAsked: boolean;
};

type StageOf = {
  readonly stage: Stage;
  readonly index: number;
  readonly units: StickyUnits | null;
  /** Whether a stage before has evidence on the row. */
  readonly isKnown: boolean;
};

/** A canary beyond half of the traffic adds no more information. */
const LARGEST_USEFUL_SHARE_BPS = 5_000;

export function planStageRow(input: PlanInput, of: StageOf, row: RowOf): PlanRow {
  const { criterion, slice, isAsked, isReview } = row;
  const { stage, index } = of;
  const { id: criterionId, metric: name } = criterion;
  const head = { criterionId, metric: name, slice: slice.name, isReview };
  const windowHours = windowHoursLeft(input.strategy.stages, index, criterion.withinSeconds);
  const perHour = windowHours === 0 ? 0 : perHourAt(input, of, { row, ...measured(stage) });
  const blank = { ...head, observationsPerHour: perHour, observations: null, hours: null };
  const metric = input.metrics.find((definition) => definition.name === name);
  const unreachable = metric === undefined ? null : unreachableLevel(criterion.comparison, metric);
  if (unreachable !== null) {
    const sentence = rowSentences.unreachable(head, unreachable);
    return { ...blank, status: "unsupported", enough: null, sentence };
  }
  if (perHour === 0) return { ...blank, ...withoutEvidence(input, of, row), enough: null };
  if (metric === undefined) {
    const sentence = rowSentences.unsupported(stage, head, "a definition of the metric");
    return { ...blank, status: "unsupported", enough: null, sentence };
  }
  const timesAt = (shareBps: number) => times(input, of, { row, metric, shareBps, windowHours });
  const found = timesAt(measured(stage).shareBps);
  if (found.kind === "unsupported") {
    const sentence = rowSentences.unsupported(stage, head, found.reason);
    return { ...blank, status: "unsupported", enough: null, sentence };
  }
  const { needs, hours } = found;
  const shared = { ...head, observationsPerHour: perHour, observations: needs, hours };
  if (!isAsked) return { ...shared, status: "not_asked", enough: null, sentence: null };
  const available = hoursAvailable(stage);
  const wanted = decidingHours(hours, isReview);
  if (wanted !== null && (available === null || wanted <= available)) {
    return { ...shared, status: "decidable", enough: null, sentence: null };
  }
  const isEnough = (shareBps: number): boolean => {
    const result = timesAt(shareBps);
    const needed = result.kind === "needs" ? decidingHours(result.hours, isReview) : null;
    return needed !== null && needed <= (available ?? Number.POSITIVE_INFINITY);
  };
  const enough = { shareBps: enoughShareBps(stage, isEnough), hours: wanted };
  const limits = { available, hours, enough, windowHours, isReview };
  const sentence = rowSentences.tooLittle(stage, head, limits);
  return { ...shared, status: "too_little", enough, sentence };
}

function withoutEvidence(
  input: PlanInput,
  of: StageOf,
  row: RowOf,
): Pick<PlanRow, "status" | "sentence"> {
  const { stage, isKnown } = of;
  const { criterion, slice, isAsked } = row;
  const head = { criterionId: criterion.id, metric: criterion.metric, slice: slice.name };
  if (!isAsked) return { status: "not_asked", sentence: null };
  if (!isKnown) return { status: "never_seen", sentence: rowSentences.neverSeen(stage, head) };
  if (criterion.withinSeconds === null || hasEnoughBefore(input, of, row)) {
    return { status: "decided_before", sentence: null };
  }
  const windowHours = criterion.withinSeconds / 3_600;
  return { status: "too_little", sentence: rowSentences.windowOver(stage, head, windowHours) };
}

/**
 * Whether what a window has let count is enough for the margin of a later stage, which is narrower the more
 * people the next one reaches: each stage before gives the part that its answers are of those that it alone
 * would need for this margin, and the log-wealth of parts adds up.
 */
function hasEnoughBefore(input: PlanInput, of: StageOf, row: RowOf): boolean {
  const { stages } = input.strategy;
  const metric = input.metrics.find(({ name }) => name === row.criterion.metric);
  if (metric === undefined) return true;
  let part = 0;
  for (const [index, stage] of stages.slice(0, of.index).entries()) {
    const earlier = { ...of, stage };
    const at = { row, ...measured(stage) };
    const perHour = perHourAt(input, earlier, at);
    if (perHour === 0) continue;
    const windowHours = windowHoursLeft(stages, index, row.criterion.withinSeconds);
    const lasts = stage.least.durationSeconds / 3_600;
    const result = needsAt(input, earlier, { ...at, metric });
    const needed = result.kind === "needs" ? result.needs.clear.p80 : null;
    if (needed !== null) part += (perHour * Math.min(lasts, windowHours ?? lasts)) / needed;
  }
  return part >= 1;
}

type At = { readonly row: RowOf; readonly shareBps: number };

function times(
  input: PlanInput,
  of: StageOf,
  at: At & { readonly metric: MetricDefinition; readonly windowHours: number | null },
):
  | { readonly kind: "needs"; readonly needs: RowNeeds; readonly hours: RowNeeds }
  | Extract<RowNeedsResult, { kind: "unsupported" }> {
  const { metric, windowHours } = at;
  const result = needsAt(input, of, at);
  if (result.kind === "unsupported") return result;
  const hours = hoursOf(result.needs, {
    perHour: perHourAt(input, of, at),
    delayHours: (metric.expectedDelaySeconds ?? 0) / 3_600,
    windowHours,
    leastAgeHours: waitedAgeHours(input.strategy.stages, of.index, metric),
  });
  return { ...result, hours };
}

function needsAt(
  { strategy }: PlanInput,
  { stage, index, units }: StageOf,
  { row, metric, shareBps }: At & { readonly metric: MetricDefinition },
): RowNeedsResult {
  const { criterion, weight, isReview } = row;
  const design: Design =
    evidenceOf(stage) === "answers"
      ? { kind: "arms", propensity: shareBps / 10_000 }
      : { kind: "pairs" };
  const liveFrom = liveFromStage(strategy);
  return rowNeeds({
    criterion,
    metric,
    design,
    confidence: strategy.confidence,
    nextShareBps: strategy.stages[index + 1]?.shareBps ?? 10_000,
    weight,
    isReview,
    isBeforeLive: liveFrom !== null && index < liveFrom,
    units,
  });
}

/**
 * Whichever of both takes longer: to catch the rollback level, or to clear a good change. Of a criterion
 * under review only the second: what is not cleared in time goes to a person anyway.
 */
function decidingHours({ detectOnce, clear }: RowNeeds, isReview: boolean): number | null {
  if (isReview) return clear.p80;
  if (detectOnce.p80 === null || clear.p80 === null) return null;
  return Math.max(detectOnce.p80, clear.p80);
}

export function evidenceOf({ shareBps, shadowBps }: Stage): PlanStage["evidence"] {
  if (shareBps > 0 && shareBps < 10_000) return "answers";
  return shadowBps > 0 ? "pairs" : "none";
}

export function hoursAvailable({ mostSeconds, least }: Stage): number | null {
  const seconds = mostSeconds ?? (least.durationSeconds > 0 ? least.durationSeconds : null);
  return seconds === null ? null : seconds / 3_600;
}

/** The share that evidence comes from: the candidate's, or that of the copies. */
function measured(stage: Stage): { readonly shareBps: number } {
  return { shareBps: evidenceOf(stage) === "answers" ? stage.shareBps : stage.shadowBps };
}

function perHourAt(input: PlanInput, { stage }: StageOf, { row, shareBps }: At): number {
  const evidence = evidenceOf(stage);
  // A limit is about the candidate alone, so that full traffic counts; its attribution does not.
  if (evidence === "none") return 0;
  // Nobody edits a shadow copy.
  const metric = input.metrics.find(({ name }) => name === row.criterion.metric);
  if (evidence === "pairs" && metric?.isFeedback === true) return 0;
  return (input.requestsPerHour * row.slice.share * shareBps) / 10_000;
}

/** The smallest share, in whole percent, that is enough; null when none is. */
function enoughShareBps(stage: Stage, isEnough: (shareBps: number) => boolean): number | null {
  if (hoursAvailable(stage) === null) return null;
  const isArms = evidenceOf(stage) === "answers";
  let low = Math.ceil(measured(stage).shareBps / 100);
  let high = (isArms ? LARGEST_USEFUL_SHARE_BPS : 10_000) / 100;
  if (low >= high || !isEnough(high * 100)) return null;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle * 100)) high = middle;
    else low = middle;
  }
  return high * 100;
}
