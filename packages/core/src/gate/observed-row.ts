import { SAMPLE_RATIO_ALARM_ODDS, sampleRatioLogE } from "../statistics/sample-ratio.ts";
import { valueOfBin } from "./bins.ts";
import type { BinCount, PairBinCount } from "./cells.ts";
import { cellBins, pairCellBins, totalCount } from "./cells.ts";
import type { StratumEvidence } from "./evidence.ts";
import { mergeStrata } from "./merge-evidence.ts";
import type { MetricDefinition } from "./metric.ts";

/** One stratum with its bins decoded and sorted. */
export type ObservedStratum = {
  readonly stageIndex: number;
  /** Probability of the candidate, 0..1. */
  readonly propensity: number;
  readonly baseline: readonly BinCount[];
  readonly candidate: readonly BinCount[];
  readonly pairs: readonly PairBinCount[];
};

/** The evidence of one criterion on one slice, decoded once for all its tests. */
export type ObservedRow = {
  readonly strata: readonly ObservedStratum[];
  readonly baselineCount: number;
  readonly candidateCount: number;
  readonly pairCount: number;
  /**
   * The strata with the observed split in place of the planned one, when the observations are not
   * split as planned; else null. See {@link withObservedSplit}.
   */
  readonly observedSplit: readonly ObservedStratum[] | null;
};

/** Decodes, merges and sorts the strata of one metric on one slice. */
export function observeRow(strata: readonly StratumEvidence[]): ObservedRow {
  const observed = mergeStrata(strata).map((stratum) => ({
    stageIndex: stratum.stageIndex,
    propensity: Math.min(1, Math.max(0, stratum.propensityBps / 10_000)),
    baseline: cellBins(stratum.baseline),
    candidate: cellBins(stratum.candidate),
    pairs: pairCellBins(stratum.pairs),
  }));
  return {
    strata: observed,
    observedSplit: withObservedSplit(observed),
    baselineCount: sumOf(observed, (stratum) => totalCount(stratum.baseline)),
    candidateCount: sumOf(observed, (stratum) => totalCount(stratum.candidate)),
    pairCount: sumOf(observed, (stratum) => totalCount(stratum.pairs)),
  };
}

/**
 * Whether the arms of a stratum were split at random, so that a comparison of them is a comparison of
 * the releases. With a propensity of 0 or 1 one arm is history, not a control.
 */
export function isRandomised(propensity: number): boolean {
  return propensity > 0 && propensity < 1;
}

/**
 * The tests on arms weigh by the planned propensity. When one arm's observations are lost (labels that
 * come for one release only, a broken split), that weighing shifts both means towards the centre by
 * different amounts and can look like harm, or like safety. Such rows are tested with the observed
 * split as well, and only what holds under both counts. Taking the smaller e-value keeps every
 * guarantee of the first; the second is a safeguard without a guarantee of its own.
 */
function withObservedSplit(strata: readonly ObservedStratum[]): readonly ObservedStratum[] | null {
  let hasMismatch = false;
  const adjusted = strata.map((stratum) => {
    const { propensity } = stratum;
    if (!isRandomised(propensity)) return stratum;
    const candidate = totalCount(stratum.candidate);
    const baseline = totalCount(stratum.baseline);
    const logE = sampleRatioLogE({ candidate, baseline, propensity });
    if (logE < Math.log(SAMPLE_RATIO_ALARM_ODDS)) return stratum;
    hasMismatch = true;
    // With half a unit more in each arm, since a share of 0 or 1 is no split.
    return { ...stratum, propensity: (candidate + 0.5) / (candidate + baseline + 1) };
  });
  return hasMismatch ? adjusted : null;
}

/** Candidate's bins over all strata: its randomised arm and its side of the pairs. */
export function countCandidateEvents(
  row: ObservedRow,
  metric: MetricDefinition,
  isEvent: (value: number) => boolean,
): number {
  let events = 0;
  for (const stratum of row.strata) {
    for (const { bin, count } of stratum.candidate) {
      if (isEvent(valueOfBin(metric, bin))) events += count;
    }
    for (const { candidateBin, count } of stratum.pairs) {
      if (isEvent(valueOfBin(metric, candidateBin))) events += count;
    }
  }
  return events;
}

function sumOf<T>(items: readonly T[], measure: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += measure(item);
  return sum;
}
