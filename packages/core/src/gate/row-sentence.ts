import type { AssessedRow } from "./assessed-row.ts";
import { isByLimitAlone } from "./assessed-row.ts";
import { LEAST_BUCKETS } from "./cluster-test.ts";
import { ALL_TRAFFIC } from "./evidence.ts";
import type { MetricDefinition } from "./metric.ts";
import {
  textOfCount,
  textOfHours,
  textOfLevel,
  textOfOdds,
  textOfPercent,
  textOfValue,
} from "./number-text.ts";
import { originText } from "./number-origin.ts";
import type { VerdictKind } from "./verdict.ts";

/** One sentence about a judged row: what was measured on how many, against what, what follows. */
export function rowSentence(row: AssessedRow, verdict: VerdictKind): string {
  const where = row.slice === ALL_TRAFFIC ? "" : ` on ${row.slice}`;
  const subject = `${row.criterion.metric}${where}`;
  if (row.outcome.kind === "unsupported" || row.metric === undefined) {
    const reason = row.outcome.kind === "unsupported" ? row.outcome.reason : "a metric definition";
    return `${subject} is not judged: it needs ${reason}, so it cannot pass.`;
  }
  if (row.outcome.kind === "zero_tolerance") {
    return zeroToleranceSentence(row, subject, row.outcome.confirmedEvents);
  }
  if (row.isBaselineBeyond) return baselineBeyondSentence(row, row.metric, subject);
  if (!hasObservations(row)) {
    // A slice is silent when its requests are: that its metric has numbers is known of all traffic.
    const origin = row.slice === ALL_TRAFFIC ? originText(row.metric) : "";
    return `${subject} has no observations yet${moreText(row)}${origin}; silence is never a pass.`;
  }
  const isFewUnits = row.unitBuckets !== null && row.unitBuckets < LEAST_BUCKETS;
  if (isFewUnits && verdict === "inconclusive") {
    if (row.unitBuckets === 0 && row.ungroupedPairs > 0) {
      return `${subject} is not decidable, since units are counted more than once${ungroupedText(row)}.`;
    }
    const few = row.observations.candidate > 0 ? "the smaller arm has" : "its pairs are of";
    return (
      `${subject} is not decidable: ${few} about ${textOfCount(row.unitBuckets)} ` +
      `units, which are counted more than once, and at least ${textOfCount(LEAST_BUCKETS)} are needed${ungroupedText(row)}.`
    );
  }
  const split = row.isSplitBroken
    ? "; its observations are not split between the arms as planned, so it cannot pass"
    : "";
  const missing = verdict === "inconclusive" ? ungroupedText(row) : "";
  return `${subject} ${movement(row, row.metric)}; ${consequence(row, row.metric, verdict)}${missing}${split}.`;
}

/** Of pairs recorded before the units that asked were: on a row of returning units they prove nothing. */
function ungroupedText({ ungroupedPairs }: AssessedRow): string {
  if (ungroupedPairs === 0) return "";
  const pairs = ungroupedPairs === 1 ? "1 pair" : `${textOfCount(ungroupedPairs)} pairs`;
  return `; of ${pairs} it was not recorded whose requests they are, so they prove nothing`;
}

/** Whether there is anything on the candidate to judge. */
export function hasObservations(row: AssessedRow): boolean {
  return row.observations.candidate > 0 || row.observations.pairs > 0;
}

/** How long what is missing takes at the row's present traffic; null when either is unknown. */
export function hoursNeeded(row: AssessedRow): number | null {
  const more = row.moreObservations();
  if (more === null || row.perHour === null || !(row.perHour > 0)) return null;
  return more / row.perHour;
}

function baselineBeyondSentence(
  row: AssessedRow,
  metric: MetricDefinition,
  subject: string,
): string {
  const { baselineMean } = row.estimate();
  const at = baselineMean === null ? "" : ` at ${textOfValue(metric, baselineMean)}`;
  const count = textOfCount(Math.max(row.observations.baseline, row.observations.pairs));
  const limit = textOfValue(metric, row.levels.rollback);
  return (
    `${subject} cannot be judged: the baseline itself is${at} on ${count} observations, beyond the ` +
    `limit of ${limit} that the candidate is held to.`
  );
}

function zeroToleranceSentence(row: AssessedRow, subject: string, events: number): string {
  const observed = textOfCount(Math.max(row.observations.candidate, row.observations.pairs));
  if (events > 0) {
    const noun = events === 1 ? "confirmed event" : "confirmed events";
    return `${subject}: ${textOfCount(events)} ${noun} in the candidate's answers, and none is tolerated.`;
  }
  const bound = textOfPercent(row.levels.margin);
  const more = row.moreObservations() ?? 0;
  const rest =
    more === 0
      ? `a rate of ${bound} is ruled out`
      : `${textOfCount(more)} more clean observations would rule out a rate of ${bound}`;
  const returning = row.unitBuckets === null ? "" : ", which count by the units that return";
  return `${subject}: no event in ${observed} answers of the candidate${returning}; ${rest}${more === 0 ? "" : ungroupedText(row)}.`;
}

function movement(row: AssessedRow, metric: MetricDefinition): string {
  const { criterion } = row;
  const { baselineMean, candidateMean, harm } = row.estimate();
  if (candidateMean === null) return "is not measured on both releases yet";
  const to = textOfValue(metric, candidateMean);
  if (criterion.comparison.kind === "limit") {
    const beside =
      baselineMean === null ? "" : `, the baseline at ${textOfValue(metric, baselineMean)}`;
    return `is at ${to}${beside} (${observationsText(row)})`;
  }
  if (baselineMean === null || harm === null) return `is at ${to} (${observationsText(row)})`;
  const from = textOfValue(metric, baselineMean);
  const change = candidateMean - baselineMean;
  if (from === to) return `is unchanged at ${to} (${observationsText(row)})`;
  const size = changeText(row, metric, { relative: change / baselineMean, absolute: change });
  return `${change > 0 ? "rose" : "fell"} by ${size} (${from} to ${to}; ${observationsText(row)})`;
}

function changeText(
  row: AssessedRow,
  metric: MetricDefinition,
  change: { readonly relative: number; readonly absolute: number },
): string {
  const isRelative =
    row.criterion.comparison.kind !== "difference" && Number.isFinite(change.relative);
  if (isRelative) return textOfPercent(Math.abs(change.relative));
  return textOfLevel(
    metric,
    { kind: "difference", hold: 0, rollback: 0 },
    Math.abs(change.absolute),
  );
}

function consequence(row: AssessedRow, metric: MetricDefinition, verdict: VerdictKind): string {
  const { comparison } = row.criterion;
  const rollback = textOfLevel(metric, comparison, row.levels.rollback);
  const level = textOfLevel(metric, comparison, row.levels.margin);
  // Nobody has written this number, so it is named as what docs/statistics.md explains.
  const margin = level === rollback ? level : `${level}, the margin of this stage`;
  switch (verdict) {
    case "fail":
    case "hold":
      if (isByLimitAlone(row)) {
        const hold = textOfLevel(metric, comparison, row.levels.hold ?? row.levels.rollback);
        return `the limit is ${rollback}; odds ${textOfOdds(row.logHarm)} that it is beyond ${hold}`;
      }
      return `the rollback level is ${rollback}; odds ${textOfOdds(row.logHarm)} that this is harm`;
    case "pass":
      return `odds ${textOfOdds(row.logSafety())} that the harm stays below ${margin}`;
    case "inconclusive":
      return `not yet proven to stay below ${margin} (odds ${textOfOdds(row.logSafety())})${moreText(row)}`;
    default: {
      const unreachable: never = verdict;
      return unreachable;
    }
  }
}

function moreText(row: AssessedRow): string {
  const more = row.moreObservations();
  if (more === null || more === 0) return "";
  const noun =
    row.observations.pairs > row.observations.candidate ? "pairs" : "candidate observations";
  const hours = hoursNeeded(row);
  const time = hours === null ? "" : ` (about ${textOfHours(hours)} at this traffic)`;
  return `, about ${textOfCount(more)} more ${noun} needed${time}`;
}

function observationsText(row: AssessedRow): string {
  const { baseline, candidate, pairs } = row.observations;
  const { basis } = row.estimate();
  switch (basis) {
    case "pairs":
      return `${textOfCount(pairs)} pairs`;
    case "arms":
      return `${textOfCount(candidate)} candidate and ${textOfCount(baseline)} baseline observations`;
    case "candidate":
    case "none":
      return `${textOfCount(Math.max(candidate, pairs))} observations`;
    default: {
      const unreachable: never = basis;
      return unreachable;
    }
  }
}
