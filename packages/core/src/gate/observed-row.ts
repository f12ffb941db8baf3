import type { RestartState } from "../statistics/restarts.ts";
import type { ArmCounts } from "../statistics/sample-ratio.ts";
import { SAMPLE_RATIO_ALARM_ODDS, sampleRatioLogE } from "../statistics/sample-ratio.ts";
import { valueOfBin } from "./bins.ts";
import type { PairBinCount } from "./cells.ts";
import { totalCount } from "./cells.ts";
import type { DecodedCell } from "./decoded-cell.ts";
import type { StratumEvidence } from "./evidence.ts";
import { mergeStrata } from "./merge-evidence.ts";
import type { MetricDefinition } from "./metric.ts";
import { readCell, readPairs, readPairUnits, readUnits } from "./read-cell.ts";
import type { PairUnits } from "./pair-units.ts";
import type { UnitBins } from "./unit-bins.ts";

/** One stratum with its bins decoded and sorted. */
export type ObservedStratum = {
  readonly stageIndex: number;
  /** Probability of the candidate, 0..1. */
  readonly propensity: number;
  /** Planned propensities are few, so what a test knows about one is kept; observed ones are not. */
  readonly isPlanned: boolean;
  readonly baseline: DecodedCell;
  readonly candidate: DecodedCell;
  readonly pairs: readonly PairBinCount[];
  /** By unit where units may come again; empty where every observation is a unit of its own. */
  readonly baselineUnits: UnitBins;
  readonly candidateUnits: UnitBins;
  readonly pairUnits: PairUnits;
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
  /** When the newest request that counts was made; null when unknown. */
  readonly newestAtMs: number | null;
  /** Whether observations of one unit come more than once, so that they are no single draws. */
  readonly isClustered: boolean;
  /** The same evidence block by block, for a criterion that looks for a late beginning; else null. */
  readonly blocks: readonly ObservedRow[] | null;
  /** The first of them, where they have been looked at before; see observed-blocks.ts. */
  readonly closed: ClosedBlocks | null;
  /** Into how many blocks the criterion's restarts were planned before the start. */
  readonly plannedBlocks?: number;
  /** The same list of strata has been looked at before, and may be again. */
  readonly isKept: boolean;
};

/** Blocks of time that no longer change, with room for what each test part makes of them together. */
export type ClosedBlocks = {
  readonly count: number;
  /** By the identity of the part. */
  readonly wealths: Map<object, ClosedWealth>;
};

/** What the first so many blocks say to a part, in both of its readings (test-log-e.ts). */
export type ClosedWealth = {
  readonly count: number;
  readonly plan: readonly number[];
  readonly live: RestartState;
  readonly paired: RestartState;
  readonly hasArms: boolean;
  readonly hasPairs: boolean;
};

/**
 * Rows by the identity of their strata, so that evidence which is looked at again and again is decoded
 * once. A list is never changed in place; what has new evidence is another one. Reading it again gives
 * the same row.
 */
const observedRows = new WeakMap<readonly StratumEvidence[], ObservedRow>();

/** Decodes, merges and sorts the strata of one metric on one slice. */
export function observeRow(strata: readonly StratumEvidence[]): ObservedRow {
  const known = observedRows.get(strata);
  if (known !== undefined) {
    const again = known.isKept ? known : { ...known, isKept: true };
    if (again !== known) observedRows.set(strata, again);
    return again;
  }
  const observed = mergedStrata(strata).map((stratum) => ({
    stageIndex: stratum.stageIndex,
    propensity: Math.min(1, Math.max(0, stratum.propensityBps / 10_000)),
    isPlanned: true,
    baseline: readCell(stratum.baseline),
    candidate: readCell(stratum.candidate),
    pairs: readPairs(stratum.pairs),
    baselineUnits: readUnits(stratum.baseline),
    candidateUnits: readUnits(stratum.candidate),
    pairUnits: readPairUnits(stratum.pairs),
  }));
  const row = rowOf(observed, newestOf(strata));
  observedRows.set(strata, row);
  return row;
}

export function rowOf(strata: readonly ObservedStratum[], newestAtMs: number | null): ObservedRow {
  const isClustered = strata.some(
    ({ baselineUnits, candidateUnits, pairUnits }) =>
      !baselineUnits.isEmpty || !candidateUnits.isEmpty || !pairUnits.isEmpty,
  );
  return {
    blocks: null,
    closed: null,
    strata,
    newestAtMs,
    isClustered,
    // A split of requests is as uneven as their units are; it says nothing about the assignment.
    observedSplit: isClustered ? null : withObservedSplit(strata),
    baselineCount: sumOf(strata, (stratum) => stratum.baseline.total),
    candidateCount: sumOf(strata, (stratum) => stratum.candidate.total),
    pairCount: sumOf(strata, (stratum) => totalCount(stratum.pairs)),
    isKept: false,
  };
}

function newestOf(strata: readonly StratumEvidence[]): number | null {
  let newest = 0;
  for (const { baseline, candidate, pairs } of strata) {
    newest = Math.max(
      newest,
      baseline.newestAtMs ?? 0,
      candidate.newestAtMs ?? 0,
      pairs.newestAtMs ?? 0,
    );
  }
  return newest > 0 ? newest : null;
}

/** Evidence as it is stored has its strata in order, each once; then there is nothing to merge. */
function mergedStrata(strata: readonly StratumEvidence[]): readonly StratumEvidence[] {
  const isInOrder = strata.every((stratum, index) => {
    const before = strata[index - 1];
    if (before === undefined) return true;
    const stages = stratum.stageIndex - before.stageIndex;
    return stages > 0 || (stages === 0 && stratum.propensityBps > before.propensityBps);
  });
  return isInOrder ? strata : mergeStrata(strata);
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
    const candidate = stratum.candidate.total;
    const baseline = stratum.baseline.total;
    const counts = { candidate, baseline, propensity };
    if (largestLogE(counts) < SAMPLE_RATIO_ALARM) return stratum;
    if (sampleRatioLogE(counts) < SAMPLE_RATIO_ALARM) return stratum;
    hasMismatch = true;
    // With half a unit more in each arm, since a share of 0 or 1 is no split.
    return { ...stratum, propensity: (candidate + 0.5) / (candidate + baseline + 1) };
  });
  return hasMismatch ? adjusted.map((stratum) => ({ ...stratum, isPlanned: false })) : null;
}

const SAMPLE_RATIO_ALARM = Math.log(SAMPLE_RATIO_ALARM_ODDS);

/**
 * The test is an average of likelihood ratios over possible splits, so it is at most the ratio of the
 * likeliest split. Two logarithms in place of six log-gammas for the many rows that are split well.
 */
function largestLogE({ candidate, baseline, propensity }: ArmCounts): number {
  const share = candidate / Math.max(1, candidate + baseline);
  const term = (count: number, ratio: number): number => (count > 0 ? count * Math.log(ratio) : 0);
  return term(candidate, share / propensity) + term(baseline, (1 - share) / (1 - propensity));
}

/** The strata with the baseline in the candidate's place, for a question about the baseline alone. */
export function baselineAsCandidate(row: ObservedRow): readonly ObservedStratum[] {
  return row.strata.map((stratum) => ({
    ...stratum,
    candidate: stratum.baseline,
    pairs: stratum.pairs.map((pair) => ({ ...pair, candidateBin: pair.baselineBin })),
  }));
}

/** Candidate's bins over all strata: its randomised arm and its side of the pairs. */
export function countCandidateEvents(
  row: ObservedRow,
  metric: MetricDefinition,
  isEvent: (value: number) => boolean,
): number {
  let events = 0;
  for (const stratum of row.strata) {
    const { bins, counts } = stratum.candidate;
    for (let position = 0; position < bins.length; position += 1) {
      const isCounted = isEvent(valueOfBin(metric, bins[position] as number));
      if (isCounted) events += counts[position] as number;
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
