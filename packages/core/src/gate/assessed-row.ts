import type { CompiledCriterion } from "./compiled-criterion.ts";
import type { Criterion, GateConfidence } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ObservedRow } from "./observed-row.ts";
import type { RowEstimate } from "./row-estimate.ts";
import type { Split } from "./unit-split.ts";
import { isSplitBroken, splitOfUnits } from "./unit-split.ts";
import type { Verdict } from "./verdict.ts";

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
  readonly isReview: boolean;
  /** See `GateInput.liveFromStage`. */
  readonly liveFrom: number | null;
};

/**
 * One criterion on one slice, tested but not yet judged: judging needs all rows together. What is a
 * method is computed when it is asked for, since most looks end in "wait" and never ask.
 */
export type AssessedRow = {
  readonly criterion: Criterion;
  readonly metric: MetricDefinition | undefined;
  readonly slice: string;
  /** Whether its criterion asks for a person, and never takes a rollout back. */
  readonly isReview: boolean;
  readonly perHour: number | null;
  readonly newestAtMs: number | null;
  readonly observations: Verdict["observations"];
  readonly logHarm: number;
  readonly levels: Verdict["levels"];
  /** The row's own observations are not split as planned, e.g. labels come for one arm only. */
  readonly isSplitBroken: boolean;
  /** The baseline does not keep the limit either, so it cannot judge the candidate. */
  readonly isBaselineBeyond: boolean;
  /** Groups of units in the smaller arm or in the pairs, where units come more than once; else null. */
  readonly unitBuckets: number | null;
  /** Pairs that prove nothing, for units come more than once and theirs were not recorded. */
  readonly ungroupedPairs: number;
  /** How such a row is split; else null. */
  readonly unitSplit: Split | null;
  readonly outcome: RowOutcome;
  /** Decides nothing before harm is proven, except at an absolute limit. */
  readonly logBlock: () => number;
  /** Decides nothing where a row holds or fails, or where another one is not safe yet. */
  readonly logSafety: () => number;
  readonly estimate: () => RowEstimate;
  readonly moreObservations: () => number | null;
};

export type RowOutcome =
  /** The tests say what is known. */
  | { readonly kind: "tested"; readonly method: string }
  /** Events of a zero-tolerance criterion; one is enough to roll back. */
  | { readonly kind: "zero_tolerance"; readonly confirmedEvents: number }
  /** The criterion cannot be judged; `reason` says what is missing. It never passes. */
  | { readonly kind: "unsupported"; readonly method: string; readonly reason: string };

export function observationsOf(row: ObservedRow): Verdict["observations"] {
  return { baseline: row.baselineCount, candidate: row.candidateCount, pairs: row.pairCount };
}

/**
 * Whether the row is under review by a limit. To take back by one, the candidate must be worse than the
 * baseline as well, since an outage is nobody's fault. To ask a person the limit is enough, and it is all
 * that can be said of how two answers differ: the baseline never differs from itself.
 */
export function isByLimitAlone(row: Pick<AssessedRow, "isReview" | "criterion">): boolean {
  return row.isReview && row.criterion.comparison.kind === "limit";
}

export function unitSplitOf(row: ObservedRow): Split | null {
  return row.isClustered ? splitOfUnits(row) : null;
}

/**
 * Each row has the level 1/1000 to itself, uncorrected for their number: an alarm can only lower what the
 * row is worth to either side, so no promise depends on it, and as each row must pass by itself, each must
 * be split as planned by itself. What it costs is that of 20 sound rows one is held for a person in at most
 * 2% of rollouts per stage.
 */
export function isBroken({ observedSplit }: ObservedRow, unitSplit: Split | null): boolean {
  return unitSplit === null ? observedSplit !== null : isSplitBroken(unitSplit);
}
