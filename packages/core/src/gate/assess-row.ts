import { cleanObservationsNeeded, cleanRateLogE } from "../statistics/one-sample.ts";
import type { IntervalTuning } from "../statistics/confidence-interval.ts";
import { observationsToSettle } from "../statistics/planner.ts";
import { totalCount } from "./cells.ts";
import type { BurnIn } from "./cluster-test.ts";
import {
  clusterLogE,
  HARM_BURN_IN,
  HEAVY_TAIL_BURN_IN,
  leastBuckets,
  SAFETY_BURN_IN,
} from "./cluster-test.ts";
import type { CompiledCriterion } from "./compiled-criterion.ts";
import { compileCriterion } from "./compiled-criterion.ts";
import type { Comparison, Criterion, GateConfidence } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ObservedRow } from "./observed-row.ts";
import { countCandidateEvents, isRandomised } from "./observed-row.ts";
import { estimateQuantile } from "./quantile-estimate.ts";
import type { QuantileTest } from "./quantile-move.ts";
import type { RowEstimate } from "./row-estimate.ts";
import { estimateRow, NO_ESTIMATE } from "./row-estimate.ts";
import type { ScaledRow } from "./scaled-row.ts";
import { baselineAsCandidate, scaleRow } from "./scaled-row.ts";
import { restartedLogE, testLogE, unitsLogE } from "./test-log-e.ts";
import type { Split } from "./unit-split.ts";
import { isSplitBroken, splitOfUnits } from "./unit-split.ts";
import type { Verdict } from "./verdict.ts";
import { MOST_BLOCKS } from "./windows.ts";

export type RowInput = {
  readonly criterion: Criterion;
  /** Absent when the criterion names a metric that nobody defined. */
  readonly metric: MetricDefinition | undefined;
  readonly slice: string;
  readonly row: ObservedRow;
  readonly confidence: GateConfidence;
  /** Observations of the candidate (or pairs) per hour on this row; null when unknown. */
  readonly perHour: number | null;
  readonly compiled: CompiledCriterion;
};

/** One criterion on one slice, tested but not yet judged: judging needs all rows together. */
export type AssessedRow = {
  readonly criterion: Criterion;
  readonly metric: MetricDefinition | undefined;
  readonly slice: string;
  readonly perHour: number | null;
  readonly newestAtMs: number | null;
  readonly details: RowDetails;
  readonly observations: Verdict["observations"];
  readonly logHarm: number;
  readonly logSafety: number;
  readonly levels: Verdict["levels"];
  /** The row's own observations are not split as planned, e.g. labels come for one arm only. */
  readonly isSplitBroken: boolean;
  /** The baseline does not keep the limit either, so it cannot judge the candidate. */
  readonly isBaselineBeyond: boolean;
  /** Groups of units in the smaller arm, where units come more than once; else null. */
  readonly unitBuckets: number | null;
  /** How such a row is split; else null. */
  readonly unitSplit: Split | null;
  readonly outcome:
    /** The tests above say what is known. */
    | { readonly kind: "tested"; readonly method: string }
    /** Events of a zero-tolerance criterion; one is enough to roll back. */
    | { readonly kind: "zero_tolerance"; readonly confirmedEvents: number }
    /** The criterion cannot be judged; `reason` says what is missing. It never passes. */
    | { readonly kind: "unsupported"; readonly method: string; readonly reason: string };
};

/** What most looks do not need: they end in "wait". Computed when it is asked for. */
export type RowDetails = {
  /** Decides nothing before harm is proven, except at an absolute limit. */
  readonly logBlock: () => number;
  readonly estimate: () => RowEstimate;
  readonly moreObservations: () => number | null;
};

/** An improvement seen so far shortens the plan to a quarter at most; it may be luck. */
const LARGEST_HEADROOM = 2;

/**
 * What is shown as the evidence of one confirmed event of a zero-tolerance criterion: ln(1e9). It is an
 * observed fact and no test; a finite number keeps stored reports plain JSON.
 */
const CONFIRMED_EVENT_LOG = Math.log(1e9);

/** By the identity of what they are made of: a rollout that is kept between looks asks for the same. */
const lastCompiled = new WeakMap<
  Comparison,
  {
    readonly metric: MetricDefinition;
    readonly nextShareBps: number;
    readonly compiled: CompiledCriterion;
  }
>();

/** What a criterion comes to, or why it cannot be judged. The same for all of its slices. */
export function compiledOf(
  { metric: name, comparison }: Criterion,
  metric: MetricDefinition | undefined,
  nextShareBps: number,
): CompiledCriterion {
  if (metric !== undefined) {
    const last = lastCompiled.get(comparison);
    if (last?.metric === metric && last.nextShareBps === nextShareBps) return last.compiled;
    const compiled = compileCriterion({ comparison, metric, nextShareBps });
    lastCompiled.set(comparison, { metric, nextShareBps, compiled });
    return compiled;
  }
  const reason = `a definition of the metric "${name}"`;
  return { kind: "unsupported", method: "undefined-metric", reason };
}

/** Tests one criterion on one slice. Total: bad or missing input gives a row that cannot pass. */
export function assessRow(input: RowInput): AssessedRow {
  const { compiled } = input;
  switch (compiled.kind) {
    case "unsupported":
      return unsupportedRow(input, compiled);
    case "zero_tolerance":
      return zeroToleranceRow(input, compiled);
    case "tested":
      return testedRow(input, compiled);
    default: {
      const unreachable: never = compiled;
      return unreachable;
    }
  }
}

type Tested = Extract<CompiledCriterion, { kind: "tested" }>;

function testedRow(input: RowInput, compiled: Tested): AssessedRow {
  const { levels } = compiled;
  const scaled = scaleRow(input.row, compiled.harm.scale);
  const { row } = input;
  const unitSplit = unitSplitOf(row);
  const isBaselineBeyond = isBaselineBeyondLimit(input, compiled, scaled);
  const logHarm = harmLogE(compiled.harm, row, scaled);
  const logSafety = row.isClustered
    ? clusteredLogE(compiled.safety, row, safetyBurnIn(compiled.metric))
    : logEOf(compiled.safety, row, scaled);
  return {
    criterion: input.criterion,
    metric: input.metric,
    slice: input.slice,
    perHour: input.perHour,
    newestAtMs: row.newestAtMs,
    details: new TestedDetails({ input, compiled, scaled, logSafety }),
    observations: observationsOf(input.row),
    // A limit that the baseline does not keep cannot judge the candidate. Never more evidence than found:
    // then the average over all rows stays an e-value.
    logHarm: isBaselineBeyond ? Math.min(0, logHarm) : logHarm,
    logSafety,
    levels,
    isSplitBroken: isBroken(row, unitSplit),
    unitSplit,
    isBaselineBeyond,
    unitBuckets: row.isClustered ? leastBuckets(row) : null,
    outcome: outcomeOf(row, compiled),
  };
}

/**
 * Whether the baseline itself is proven to be beyond the limit. Evidence of one arm; where units come
 * more than once there is no exact test of it, and none is made.
 */
function isBaselineBeyondLimit(
  { row, confidence }: RowInput,
  { baseline }: Tested,
  scaled: ScaledRow,
): boolean {
  if (baseline === null || row.isClustered) return false;
  const turned = baselineAsCandidate(scaled);
  return testLogE(turned, baseline.parts) >= Math.log(1 / confidence.alpha);
}

function outcomeOf({ isClustered, blocks }: ObservedRow, { outcome }: Tested): Tested["outcome"] {
  if (isClustered) return { kind: "tested", method: `${outcome.method}-units` };
  if (blocks === null) return outcome;
  return { kind: "tested", method: `${outcome.method}-restarts` };
}

/** A test for harm: with restarts where the criterion says over how long it looks. */
function harmLogE(test: QuantileTest, row: ObservedRow, scaled: ScaledRow): number {
  // A restarted normal mixture would need its burn-in in every block, so units are looked at as a whole.
  if (row.isClustered) return clusteredLogE(test, row, HARM_BURN_IN);
  if (row.blocks === null) return logEOf(test, row, scaled);
  return restartedLogE(row.blocks, test, row.plannedBlocks ?? MOST_BLOCKS);
}

function clusteredLogE(test: QuantileTest, row: ObservedRow, burnIn: BurnIn): number {
  const { scale, parts } = test;
  const part = parts.at(-1);
  if (part === undefined) return 0;
  const armsLogE = clusterLogE(row, part.question, { scale, burnIn });
  return unitsLogE(scaleRow(row, scale), part, armsLogE);
}

function safetyBurnIn({ kind }: MetricDefinition): BurnIn {
  return kind === "heavy_tailed" ? HEAVY_TAIL_BURN_IN : SAFETY_BURN_IN;
}

/** `scaled` is the row on the scale of the harm test, which most tests share. */
function logEOf(test: QuantileTest, row: ObservedRow, scaled: ScaledRow): number {
  return testLogE(test.scale === scaled.scale ? scaled : scaleRow(row, test.scale), test.parts);
}

type TestedParts = {
  readonly input: RowInput;
  readonly compiled: Tested;
  readonly scaled: ScaledRow;
  readonly logSafety: number;
};

/** A class, since two hundred thousand rows a second are worth no closures. */
class TestedDetails implements RowDetails {
  readonly #of: TestedParts;
  #logBlock: number | null = null;
  #estimate: RowEstimate | null = null;

  constructor(of: TestedParts) {
    this.#of = of;
  }

  logBlock(): number {
    const { compiled, input, scaled } = this.#of;
    this.#logBlock ??= harmLogE(compiled.block, input.row, scaled);
    return this.#logBlock;
  }

  estimate(): RowEstimate {
    this.#estimate ??= estimateOf(this.#of.input, this.#of.compiled);
    return this.#estimate;
  }

  moreObservations(): number | null {
    const { input, compiled, logSafety } = this.#of;
    return moreToPass(input, compiled, { logSafety, estimate: this.estimate() });
  }
}

function estimateOf(
  { row, confidence: { alpha } }: RowInput,
  { metric, comparison, planning }: Tested,
): RowEstimate {
  const designDistance =
    planning === null ? 1 : Math.max(1e-9, planning.safetyEffect * planning.scale.span);
  return estimate(row, { metric, comparison }, { alpha, designDistance });
}

function estimate(
  row: ObservedRow,
  of: { readonly metric: MetricDefinition; readonly comparison: Comparison },
  tuning: IntervalTuning,
): RowEstimate {
  if (of.metric.kind === "quantile") return estimateQuantile(row, of, tuning.alpha);
  return estimateRow(row, of, tuning);
}

function zeroToleranceRow(
  input: RowInput,
  { margin, metric }: Extract<CompiledCriterion, { kind: "zero_tolerance" }>,
): AssessedRow {
  const { row, confidence } = input;
  const { comparison } = input.criterion;
  const confirmedEvents = countCandidateEvents(row, metric, (value) => value > 0);
  const observations = distinctCandidateAnswers(row);
  const log = confirmedEvents > 0 ? CONFIRMED_EVENT_LOG : 0;
  const logSafety =
    confirmedEvents > 0 ? -CONFIRMED_EVENT_LOG : cleanRateLogE({ events: 0, observations }, margin);
  return {
    ...rowHead(input),
    details: {
      logBlock: () => log,
      estimate: () =>
        estimate(row, { metric, comparison }, { alpha: confidence.alpha, designDistance: margin }),
      moreObservations: () => {
        if (confirmedEvents > 0) return null;
        const needed = cleanObservationsNeeded(margin, confidence.alphaPromote);
        return Math.max(0, needed - observations);
      },
    },
    logHarm: log,
    logSafety,
    levels: { hold: null, rollback: 0, margin },
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
    answers += Math.max(stratum.candidate.total, totalCount(stratum.pairs));
  }
  return answers;
}

function unsupportedRow(
  input: RowInput,
  why: { readonly method: string; readonly reason: string },
): AssessedRow {
  const { comparison } = input.criterion;
  const isZero = comparison.kind === "zero_tolerance";
  const hold = isZero ? null : comparison.hold;
  const rollback = finiteOr0(isZero ? comparison.maximumRate : comparison.rollback);
  return {
    ...rowHead(input),
    details: { logBlock: () => 0, estimate: () => NO_ESTIMATE, moreObservations: () => null },
    logHarm: 0,
    logSafety: 0,
    levels: { hold: hold === null ? null : finiteOr0(hold), rollback, margin: rollback },
    outcome: { kind: "unsupported", method: why.method, reason: why.reason },
  };
}

function rowHead({ criterion, metric, slice, row, perHour }: RowInput) {
  const unitSplit = unitSplitOf(row);
  return {
    perHour,
    newestAtMs: row.newestAtMs,
    criterion,
    metric,
    slice,
    observations: observationsOf(row),
    isSplitBroken: isBroken(row, unitSplit),
    unitSplit,
    isBaselineBeyond: false,
    unitBuckets: null,
  };
}

function observationsOf(row: ObservedRow): Verdict["observations"] {
  return { baseline: row.baselineCount, candidate: row.candidateCount, pairs: row.pairCount };
}

/**
 * Each row has the level 1/1000 to itself, uncorrected for their number: an alarm can only lower what the
 * row is worth to either side, so no promise depends on it, and as each row must pass by itself, each must
 * be split as planned by itself. What it costs is that of 20 sound rows one is held for a person in at most
 * 2% of rollouts per stage.
 */
function isBroken({ observedSplit }: ObservedRow, unitSplit: Split | null): boolean {
  return unitSplit === null ? observedSplit !== null : isSplitBroken(unitSplit);
}

function unitSplitOf(row: ObservedRow): Split | null {
  return row.isClustered ? splitOfUnits(row) : null;
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
  { planning, levels, comparison }: Tested,
  seen: { readonly logSafety: number; readonly estimate: RowEstimate },
): number | null {
  if (planning === null) return null;
  const { scale } = planning;
  const w = input.row.strata.at(-1)?.propensity ?? 0;
  // Arms: a candidate observation comes with (1 - w)/w baseline ones. Pairs: correlation one half.
  const baselineShare = isRandomised(w) && comparison.kind !== "limit" ? w / (1 - w) : 0;
  const guessed = scale.variance * (1 + baselineShare);
  const { harm, unitVariance } = seen.estimate;
  const isSeen = harm !== null && unitVariance !== null && comparison.kind !== "limit";
  const neutral = comparison.kind === "ratio" ? 1 : 0;
  const left = isSeen ? (levels.margin - harm) / (levels.margin - neutral) : 1;
  return observationsToSettle({
    logE: seen.logSafety,
    threshold: Math.log(1 / input.confidence.alphaPromote),
    effect: planning.safetyEffect * Math.min(left, LARGEST_HEADROOM),
    variance: unitVariance === null ? guessed : unitVariance / (scale.span * scale.span),
  });
}
