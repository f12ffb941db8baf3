import { effectiveUnits } from "../statistics/effective-units.ts";
import { cleanObservationsNeeded, cleanRateLogE } from "../statistics/one-sample.ts";
import type { AssessedRow, RowInput } from "./assessed-row.ts";
import { isBroken, observationsOf, unitSplitOf } from "./assessed-row.ts";
import { totalCount } from "./cells.ts";
import type { CompiledCriterion } from "./compiled-criterion.ts";
import { compileCriterion } from "./compiled-criterion.ts";
import type { Comparison, Criterion } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ObservedRow } from "./observed-row.ts";
import { countCandidateEvents } from "./observed-row.ts";
import { decidingGroups, ungroupedPairs } from "./pair-cluster-test.ts";
import { NO_ESTIMATE } from "./row-estimate.ts";
import { sumUnits } from "./unit-bins.ts";
import { estimate, TestedRow } from "./tested-row.ts";

/**
 * What is shown as the evidence of one confirmed event of a zero-tolerance criterion: ln(1e9). It is an
 * observed fact and no test; a finite number keeps stored reports plain JSON.
 */
const CONFIRMED_EVENT_LOG = Math.log(1e9);

/**
 * What a criterion came to, by the share of the next stage and by the identity of the rest: strategies
 * that are kept between looks are asked about again and again, by rollouts in different stages.
 */
const kept = new WeakMap<Comparison, Map<number, KeptCriterion>>();

type KeptCriterion = { readonly metric: MetricDefinition; readonly compiled: CompiledCriterion };

/** What a criterion comes to, or why it cannot be judged. The same for all of its slices. */
export function compiledOf(
  { metric: name, comparison }: Criterion,
  metric: MetricDefinition | undefined,
  nextShareBps: number,
): CompiledCriterion {
  if (metric === undefined) {
    const reason = `a definition of the metric "${name}"`;
    return { kind: "unsupported", method: "undefined-metric", reason };
  }
  const byShare = kept.get(comparison) ?? new Map<number, KeptCriterion>();
  const known = byShare.get(nextShareBps);
  if (known?.metric === metric) return known.compiled;
  const compiled = compileCriterion({ comparison, metric, nextShareBps });
  kept.set(comparison, byShare.set(nextShareBps, { metric, compiled }));
  return compiled;
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
      return new TestedRow(input, compiled);
    default: {
      const unreachable: never = compiled;
      return unreachable;
    }
  }
}

function zeroToleranceRow(
  input: RowInput,
  { margin, metric }: Extract<CompiledCriterion, { kind: "zero_tolerance" }>,
): AssessedRow {
  const { row, confidence } = input;
  const { comparison } = input.criterion;
  const confirmedEvents = countCandidateEvents(row, metric, (value) => value > 0);
  const observations = row.isClustered ? unitsSeen(row) : answersOf(row);
  const log = confirmedEvents > 0 ? CONFIRMED_EVENT_LOG : 0;
  const logSafety =
    confirmedEvents > 0 ? -CONFIRMED_EVENT_LOG : cleanRateLogE({ events: 0, observations }, margin);
  return {
    ...rowHead(input),
    logBlock: () => log,
    logSafety: () => logSafety,
    estimate: () =>
      estimate(row, { metric, comparison }, { alpha: confidence.alpha, designDistance: margin }),
    moreObservations: () => {
      if (confirmedEvents > 0) return null;
      const needed = cleanObservationsNeeded(margin, confidence.alphaPromote);
      // More answers of units that return count for as much each as those so far.
      const perAnswer = observations / Math.max(1, answersOf(row));
      const worth = row.isClustered && perAnswer > 0 ? perAnswer : 1;
      return Math.max(0, Math.ceil((needed - observations) / worth));
    },
    logHarm: log,
    levels: { hold: null, rollback: 0, margin },
    outcome: { kind: "zero_tolerance", confirmedEvents },
  };
}

/**
 * Candidate answers that are certainly different ones. A live answer of the candidate may also be one
 * side of a pair, so of each stratum only the larger of the two counts is used.
 */
function answersOf(row: ObservedRow): number {
  let answers = 0;
  for (const stratum of row.strata) {
    answers += Math.max(stratum.candidate.total, totalCount(stratum.pairs));
  }
  return answers;
}

/**
 * Where units come more than once, twenty clean answers to one person are not twenty draws, whether that
 * person saw them or not: they count for as many units as there are at least. Copies of which the unit was not
 * recorded count for none.
 */
function unitsSeen({ strata }: ObservedRow): number {
  const larger = strata.map(({ candidate, candidateUnits, pairUnits }) =>
    pairUnits.total > candidate.total ? pairUnits.candidate : candidateUnits,
  );
  return effectiveUnits(sumUnits(larger).counts);
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
    logBlock: () => 0,
    logSafety: () => 0,
    estimate: () => NO_ESTIMATE,
    moreObservations: () => null,
    logHarm: 0,
    levels: { hold: hold === null ? null : finiteOr0(hold), rollback, margin: rollback },
    outcome: { kind: "unsupported", method: why.method, reason: why.reason },
  };
}

function rowHead({ criterion, metric, slice, row, perHour, isReview }: RowInput) {
  const unitSplit = unitSplitOf(row);
  return {
    perHour,
    newestAtMs: row.newestAtMs,
    criterion,
    metric,
    slice,
    isReview,
    observations: observationsOf(row),
    isSplitBroken: isBroken(row, unitSplit),
    unitSplit,
    isBaselineBeyond: false,
    unitBuckets: decidingGroups(row),
    ungroupedPairs: ungroupedPairs(row),
  };
}

function finiteOr0(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
