import { cleanObservationsNeeded, cleanRateLogE } from "../statistics/one-sample.ts";
import { observationsToSettle } from "../statistics/planner.ts";
import { totalCount } from "./cells.ts";
import type { Comparison, Criterion, GateConfidence } from "./criterion.ts";
import type { TestLevels, TestPlan } from "./harm-tests.ts";
import { planTests } from "./harm-tests.ts";
import { criterionDefect, testLevels } from "./levels.ts";
import { stageMargin } from "./margin.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ObservedRow } from "./observed-row.ts";
import { countCandidateEvents, isRandomised } from "./observed-row.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import { outcomeScale } from "./outcome-scale.ts";
import type { QuantileMoveInput, QuantileTest } from "./quantile-move.ts";
import { planQuantileMove } from "./quantile-move.ts";
import type { RowEstimate } from "./row-estimate.ts";
import { estimateRow } from "./row-estimate.ts";
import { scaleRow, testLogE } from "./test-part.ts";
import type { Verdict } from "./verdict.ts";

export type RowInput = {
  readonly criterion: Criterion;
  /** Absent when the criterion names a metric that nobody defined. */
  readonly metric: MetricDefinition | undefined;
  readonly slice: string;
  readonly row: ObservedRow;
  readonly confidence: GateConfidence;
  readonly nextShareBps: number;
};

/** One criterion on one slice, tested but not yet judged: judging needs all rows together. */
export type AssessedRow = {
  readonly criterion: Criterion;
  readonly metric: MetricDefinition | undefined;
  readonly slice: string;
  readonly estimate: RowEstimate;
  readonly observations: Verdict["observations"];
  readonly logHarm: number;
  readonly logBlock: number;
  readonly logSafety: number;
  readonly levels: Verdict["levels"];
  readonly moreObservations: number | null;
  /** The row's own observations are not split as planned, e.g. labels come for one arm only. */
  readonly isSplitBroken: boolean;
  readonly outcome:
    /** The tests above say what is known. */
    | { readonly kind: "tested"; readonly method: string }
    /** Events of a zero-tolerance criterion; one is enough to roll back. */
    | { readonly kind: "zero_tolerance"; readonly confirmedEvents: number }
    /** The criterion cannot be judged; `reason` says what is missing. It never passes. */
    | { readonly kind: "unsupported"; readonly method: string; readonly reason: string };
};

/** An improvement seen so far shortens the plan to a quarter at most; it may be luck. */
const LARGEST_HEADROOM = 2;

const NO_ESTIMATE: RowEstimate = {
  harm: null,
  bounds: null,
  baselineMean: null,
  candidateMean: null,
  unitVariance: null,
  basis: "none",
};

/**
 * What is shown as the evidence of one confirmed event of a zero-tolerance criterion: ln(1e9). It is an
 * observed fact and no test; a finite number keeps stored reports plain JSON.
 */
const CONFIRMED_EVENT_LOG = Math.log(1e9);

/** Tests one criterion on one slice. Total: bad or missing input gives a row that cannot pass. */
export function assessRow(input: RowInput): AssessedRow {
  const { metric, row } = input;
  if (metric === undefined) {
    return unsupportedRow(input, row, {
      method: "undefined-metric",
      reason: `a definition of the metric "${input.criterion.metric}"`,
    });
  }
  const { comparison } = input.criterion;
  if (comparison.kind === "zero_tolerance") return zeroToleranceRow(input, metric, row);
  const defect = criterionDefect(comparison, metric);
  if (defect !== null) {
    return unsupportedRow(input, row, { method: "invalid-criterion", reason: defect });
  }
  const scaled = outcomeScale(metric, comparison);
  if (scaled.kind === "unsupported") return unsupportedRow(input, row, scaled);
  if (metric.kind === "quantile" && comparison.kind !== "limit") {
    return quantileMoveRow(input, metric, comparison);
  }
  return testedRow(input, { metric, comparison, scale: scaled.scale });
}

/** A quantile against the baseline's. Its expected value and quantile were checked with the scale. */
function quantileMoveRow(
  input: RowInput,
  metric: MetricDefinition,
  comparison: QuantileMoveInput["comparison"],
): AssessedRow {
  const { row } = input;
  const quantile = metric.quantile as number;
  const expected = (metric.expected as { readonly value: number }).value;
  const levels = testLevels(comparison, metric, input.nextShareBps);
  const plan = planQuantileMove({ comparison, levels, quantile, expected });
  const logE = ({ scale, parts }: QuantileTest): number => testLogE(scaleRow(row, scale), parts);
  const estimate = estimateRow(row, { metric, comparison }, { alpha: 1, designDistance: 1 });
  return {
    ...rowHead(input, row),
    estimate: { ...estimate, harm: quantileHarm(estimate, comparison) },
    logHarm: logE(plan.harm),
    logBlock: logE(plan.block),
    logSafety: logE(plan.safety),
    levels,
    moreObservations: null,
    outcome: { kind: "tested", method: `${metric.kind}-${comparison.kind}` },
  };
}

function quantileHarm(
  { baselineMean, candidateMean }: RowEstimate,
  comparison: QuantileMoveInput["comparison"],
): number | null {
  if (baselineMean === null || candidateMean === null || !(baselineMean > 0)) return null;
  if (comparison.kind === "difference") return candidateMean - baselineMean;
  const ratio = candidateMean / baselineMean;
  return comparison.kind === "ratio" ? ratio : ratio - 1;
}

function testedRow(
  input: RowInput,
  {
    metric,
    comparison,
    scale,
  }: {
    readonly metric: MetricDefinition;
    readonly comparison: Exclude<Comparison, { kind: "zero_tolerance" }>;
    readonly scale: OutcomeScale;
  },
): AssessedRow {
  const { row } = input;
  const levels = testLevels(comparison, metric, input.nextShareBps);
  const plan = planTests(comparison, { metric, scale, levels });
  const scaledRow = scaleRow(row, scale);
  const logSafety = testLogE(scaledRow, plan.safety);
  const estimate = estimateRow(
    row,
    { metric, comparison },
    {
      alpha: input.confidence.alpha,
      designDistance: Math.max(1e-9, plan.safetyEffect * scale.span),
    },
  );
  return {
    ...rowHead(input, row),
    estimate,
    logHarm: testLogE(scaledRow, plan.harm),
    logBlock: testLogE(scaledRow, plan.block),
    logSafety,
    levels,
    moreObservations: moreToPass(input, row, { plan, scale, levels, logSafety, estimate }),
    outcome: { kind: "tested", method: `${metric.kind}-${comparison.kind}` },
  };
}

function zeroToleranceRow(
  input: RowInput,
  metric: MetricDefinition,
  row: ObservedRow,
): AssessedRow {
  const { comparison } = input.criterion;
  const stated = stageMargin(comparison, input.nextShareBps);
  // A rate that is none rules out nothing: 1e-9 keeps the row from passing, and events still count.
  const margin = stated >= 1e-9 && stated < 1 ? stated : 1e-9;
  const confirmedEvents = countCandidateEvents(row, metric, (value) => value > 0);
  const observations = distinctCandidateAnswers(row);
  const log = confirmedEvents > 0 ? CONFIRMED_EVENT_LOG : 0;
  const logSafety =
    confirmedEvents > 0 ? -CONFIRMED_EVENT_LOG : cleanRateLogE({ events: 0, observations }, margin);
  const needed = cleanObservationsNeeded(margin, input.confidence.alphaPromote);
  return {
    ...rowHead(input, row),
    estimate: estimateRow(
      row,
      { metric, comparison },
      {
        alpha: input.confidence.alpha,
        designDistance: margin,
      },
    ),
    logHarm: log,
    logBlock: log,
    logSafety,
    levels: { hold: null, rollback: 0, margin },
    moreObservations: confirmedEvents > 0 ? null : Math.max(0, needed - observations),
    outcome: { kind: "zero_tolerance", confirmedEvents },
  };
}

/**
 * Candidate answers that are certainly different ones. A live answer of the candidate may also be one
 * side of a pair, so of each stratum only the larger of the two counts is used.
 */
function distinctCandidateAnswers(row: ObservedRow): number {
  let answers = 0;
  for (const stratum of row.strata) {
    answers += Math.max(totalCount(stratum.candidate), totalCount(stratum.pairs));
  }
  return answers;
}

function unsupportedRow(
  input: RowInput,
  row: ObservedRow,
  why: { readonly method: string; readonly reason: string },
): AssessedRow {
  const { comparison } = input.criterion;
  const isZero = comparison.kind === "zero_tolerance";
  const hold = isZero ? null : comparison.hold;
  const rollback = finiteOr0(isZero ? comparison.maximumRate : comparison.rollback);
  return {
    ...rowHead(input, row),
    estimate: NO_ESTIMATE,
    logHarm: 0,
    logBlock: 0,
    logSafety: 0,
    levels: { hold: hold === null ? null : finiteOr0(hold), rollback, margin: rollback },
    moreObservations: null,
    outcome: { kind: "unsupported", method: why.method, reason: why.reason },
  };
}

function rowHead(input: RowInput, row: ObservedRow) {
  return {
    criterion: input.criterion,
    metric: input.metric,
    slice: input.slice,
    observations: {
      baseline: row.baselineCount,
      candidate: row.candidateCount,
      pairs: row.pairCount,
    },
    isSplitBroken: row.observedSplit !== null,
  };
}

function finiteOr0(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/**
 * About how many more candidate observations (or pairs, in a shadow stage) the safety test needs: from
 * what was seen if that is enough to go by, else from the design ("if there is no harm").
 */
function moreToPass(
  input: RowInput,
  row: ObservedRow,
  test: {
    readonly plan: TestPlan;
    readonly scale: OutcomeScale;
    readonly levels: TestLevels;
    readonly logSafety: number;
    readonly estimate: RowEstimate;
  },
): number | null {
  const { plan, scale, levels, estimate } = test;
  const { comparison } = input.criterion;
  const w = row.strata.at(-1)?.propensity ?? 0;
  // Arms: a candidate observation comes with (1 - w)/w baseline ones. Pairs: correlation one half.
  const baselineShare = isRandomised(w) && comparison.kind !== "limit" ? w / (1 - w) : 0;
  const guessed = scale.variance * (1 + baselineShare);
  const { harm, unitVariance } = estimate;
  const isSeen = harm !== null && unitVariance !== null && comparison.kind !== "limit";
  const neutral = comparison.kind === "ratio" ? 1 : 0;
  const left = isSeen ? (levels.margin - harm) / (levels.margin - neutral) : 1;
  return observationsToSettle({
    logE: test.logSafety,
    threshold: Math.log(1 / input.confidence.alphaPromote),
    effect: plan.safetyEffect * Math.min(left, LARGEST_HEADROOM),
    variance: unitVariance === null ? guessed : unitVariance / (scale.span * scale.span),
  });
}
