import type { IntervalTuning } from "../statistics/confidence-interval.ts";
import { observationsToSettle } from "../statistics/planner.ts";
import type { AssessedRow, RowInput, RowOutcome } from "./assessed-row.ts";
import { isBroken, isByLimitAlone, observationsOf, unitSplitOf } from "./assessed-row.ts";
import type { BurnIn } from "./cluster-test.ts";
import { clusterLogE, HARM_BURN_IN, HEAVY_TAIL_BURN_IN, SAFETY_BURN_IN } from "./cluster-test.ts";
import type { CompiledCriterion } from "./compiled-criterion.ts";
import type { Comparison, Criterion } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ObservedRow } from "./observed-row.ts";
import { baselineAsCandidate, isRandomised } from "./observed-row.ts";
import {
  decidingGroups,
  groupedPairs,
  pairClusterLogE,
  ungroupedPairs,
} from "./pair-cluster-test.ts";
import { estimateQuantile } from "./quantile-estimate.ts";
import type { QuantileTest } from "./quantile-move.ts";
import type { RowEstimate } from "./row-estimate.ts";
import { estimateRow } from "./row-estimate.ts";
import { withLiveRestart } from "./live-restart.ts";
import { restartedLogE, testLogE, unitsLogE } from "./test-log-e.ts";
import type { Split } from "./unit-split.ts";
import type { Verdict } from "./verdict.ts";
import { MOST_BLOCKS } from "./windows.ts";

export type Tested = Extract<CompiledCriterion, { kind: "tested" }>;

/** An improvement seen so far shortens the plan to a quarter at most; it may be luck. */
const LARGEST_HEADROOM = 2;

/** A row of a criterion that is tested. A class, since a tick makes hundreds of thousands. */
export class TestedRow implements AssessedRow {
  readonly logHarm: number;
  readonly isBaselineBeyond: boolean;
  readonly unitSplit: Split | null;
  readonly #input: RowInput;
  readonly #compiled: Tested;
  #logBlock: number | null = null;
  #logSafety: number | null = null;
  #estimate: RowEstimate | null = null;

  constructor(input: RowInput, compiled: Tested) {
    const { row } = input;
    this.#input = input;
    this.#compiled = compiled;
    this.unitSplit = unitSplitOf(row);
    this.isBaselineBeyond = isBaselineBeyondLimit(input, compiled);
    const logHarm = isByLimitAlone(input) ? this.logBlock() : harmLogE(compiled.harm, input);
    // A limit that the baseline does not keep cannot judge the candidate. Never more evidence than found:
    // then the average over all rows stays an e-value.
    this.logHarm = this.isBaselineBeyond ? Math.min(0, logHarm) : logHarm;
  }

  get criterion(): Criterion {
    return this.#input.criterion;
  }

  get metric(): MetricDefinition | undefined {
    return this.#input.metric;
  }

  get slice(): string {
    return this.#input.slice;
  }

  get isReview(): boolean {
    return this.#input.isReview;
  }

  get perHour(): number | null {
    return this.#input.perHour;
  }

  get newestAtMs(): number | null {
    return this.#input.row.newestAtMs;
  }

  get observations(): Verdict["observations"] {
    return observationsOf(this.#input.row);
  }

  get levels(): Verdict["levels"] {
    return this.#compiled.levels;
  }

  get isSplitBroken(): boolean {
    return isBroken(this.#input.row, this.unitSplit);
  }

  get unitBuckets(): number | null {
    return decidingGroups(this.#input.row);
  }

  get ungroupedPairs(): number {
    return ungroupedPairs(this.#input.row);
  }

  get outcome(): RowOutcome {
    return outcomeOf(this.#input.row, this.#compiled);
  }

  logBlock(): number {
    this.#logBlock ??= harmLogE(this.#compiled.block, this.#input);
    return this.#logBlock;
  }

  logSafety(): number {
    this.#logSafety ??= safetyLogE(this.#compiled, this.#input.row);
    return this.#logSafety;
  }

  estimate(): RowEstimate {
    this.#estimate ??= estimateOf(this.#input, this.#compiled);
    return this.#estimate;
  }

  moreObservations(): number | null {
    const seen = { logSafety: this.logSafety(), estimate: this.estimate() };
    return moreToPass(this.#input, this.#compiled, seen);
  }
}

/**
 * Whether the baseline itself is proven to be beyond the limit. Evidence of one arm; where units come
 * more than once there is no exact test of it, and none is made.
 */
function isBaselineBeyondLimit({ row, confidence }: RowInput, { baseline }: Tested): boolean {
  if (baseline === null || row.isClustered) return false;
  const turned = { strata: baselineAsCandidate(row), observedSplit: null };
  return testLogE(turned, baseline.parts) >= Math.log(1 / confidence.alpha);
}

function outcomeOf({ isClustered, blocks }: ObservedRow, { outcome }: Tested): Tested["outcome"] {
  if (isClustered) return { kind: "tested", method: `${outcome.method}-units` };
  if (blocks === null) return outcome;
  return { kind: "tested", method: `${outcome.method}-restarts` };
}

/** A test for harm: with restarts where the criterion says over how long it looks. */
function harmLogE(test: QuantileTest, { row, liveFrom }: RowInput): number {
  // A restarted normal mixture would need its burn-in in every block, so units are looked at as a whole.
  if (row.isClustered) {
    return withLiveRestart(row, liveFrom, (of) => clusteredLogE(test, of, HARM_BURN_IN));
  }
  const { blocks, closed } = row;
  if (blocks === null && liveFrom === null) return testLogE(row, test.parts);
  if (blocks === null) return withLiveRestart(row, liveFrom, (of) => testLogE(of, test.parts));
  return restartedLogE({ blocks, closed }, test, row.plannedBlocks ?? MOST_BLOCKS);
}

function safetyLogE({ safety, metric }: Tested, row: ObservedRow): number {
  return row.isClustered
    ? clusteredLogE(safety, row, safetyBurnIn(metric))
    : testLogE(row, safety.parts);
}

function clusteredLogE(test: QuantileTest, row: ObservedRow, burnIn: BurnIn): number {
  const { scale, parts } = test;
  const part = parts.at(-1);
  if (part === undefined) return 0;
  const of = { scale, burnIn };
  const { question } = part;
  const shadowOnly = groupedPairs(row, (propensity) => !part.usesArms(propensity));
  return unitsLogE(row, part, {
    arms: clusterLogE(row, question, of),
    shadowOnly: pairClusterLogE(shadowOnly, question, of),
    paired: pairClusterLogE(groupedPairs(row), question, of),
  });
}

function safetyBurnIn({ kind }: MetricDefinition): BurnIn {
  return kind === "heavy_tailed" ? HEAVY_TAIL_BURN_IN : SAFETY_BURN_IN;
}

function estimateOf(
  { row, confidence: { alpha } }: RowInput,
  { metric, comparison, planning }: Tested,
): RowEstimate {
  const designDistance =
    planning === null ? 1 : Math.max(1e-9, planning.safetyEffect * planning.scale.span);
  return estimate(row, { metric, comparison }, { alpha, designDistance });
}

/** What was seen, by the kind of metric. */
export function estimate(
  row: ObservedRow,
  of: { readonly metric: MetricDefinition; readonly comparison: Comparison },
  tuning: IntervalTuning,
): RowEstimate {
  if (of.metric.kind === "quantile") return estimateQuantile(row, of, tuning.alpha);
  return estimateRow(row, of, tuning);
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
