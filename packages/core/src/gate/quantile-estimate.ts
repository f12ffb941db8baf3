import type { Bounds } from "../statistics/confidence-interval.ts";
import type {
  CountedBin,
  QuantileInterval,
  QuantileTuning,
} from "../statistics/quantile-interval.ts";
import { quantileInterval } from "../statistics/quantile-interval.ts";
import { unitQuantileInterval } from "../statistics/unit-quantile-interval.ts";
import { LOG_BIN_WIDTH, ZERO_BIN } from "./bins.ts";
import type { BinCount } from "./cells.ts";
import { binOfQuantile, quantileOfBins } from "./cells.ts";
import { LEAST_BUCKETS } from "./cluster-test.ts";
import type { Comparison } from "./criterion.ts";
import { lazy } from "./lazy.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ObservedRow, ObservedStratum } from "./observed-row.ts";
import type { RowEstimate } from "./row-estimate.ts";
import { binCounts, candidateBins, NO_ESTIMATE } from "./row-estimate.ts";
import { sumPairUnits } from "./pair-units.ts";
import type { UnitBins } from "./unit-bins.ts";
import { sumUnits } from "./unit-bins.ts";

/**
 * Quantiles of both arms as observed, and the harm that they come to with its anytime interval: the
 * candidate's own quantile where the criterion is a limit, else its move against the baseline's. Stages
 * are thrown together. No decision rests on it.
 *
 * Null bounds until both ends are known: the largest of a few values bounds no p95 from above. Where units
 * come more than once, ranks of requests say nothing about them: there the answers that people got count,
 * and the interval is taken between groups of units, from 30 in an arm on.
 */
export function estimateQuantile(
  row: ObservedRow,
  { metric, comparison }: { readonly metric: MetricDefinition; readonly comparison: Comparison },
  alpha: number,
): RowEstimate {
  const quantile = metric.quantile ?? 0.5;
  const { candidate, baseline } = seenOf(row);
  const candidateMean = quantileOfBins(metric, candidate.bins, quantile);
  if (candidateMean === null) return NO_ESTIMATE;
  const baselineMean = quantileOfBins(metric, baseline.bins, quantile);
  // Looked at by few readers of a row, and dearer than the rest of it.
  const bounds = lazy((): Bounds | null => {
    const of = (seen: SeenArm, level: number): Bounds | null => boundsOf(seen, quantile, level);
    if (isOfCandidateAlone(comparison)) return of(candidate, alpha);
    return moveOf(of(candidate, alpha / 2), of(baseline, alpha / 2), comparison);
  });
  return {
    harm: harmOf(comparison, candidateMean, baselineMean),
    get bounds() {
      return bounds();
    },
    baselineMean,
    candidateMean,
    unitVariance: null,
    basis: "candidate",
  };
}

/** What an arm has shown, ascending; with the groups of its units where these come more than once. */
type SeenArm = {
  readonly bins: readonly BinCount[];
  readonly units: UnitBins | null;
};

function seenOf({ strata, isClustered }: ObservedRow): Record<"candidate" | "baseline", SeenArm> {
  const candidateUnits = sumUnits(strata.map((stratum) => stratum.candidateUnits));
  // What people got is not thrown together with copies: a request that has both would count twice.
  if (isClustered && !candidateUnits.isEmpty) {
    const baselineUnits = sumUnits(strata.map((stratum) => stratum.baselineUnits));
    return {
      candidate: { bins: binsOf(candidateUnits), units: candidateUnits },
      baseline: { bins: binsOf(baselineUnits), units: baselineUnits },
    };
  }
  if (isClustered) {
    const { candidate, baseline } = sumPairUnits(strata.map(({ pairUnits }) => pairUnits));
    return {
      candidate: { bins: binsOf(candidate), units: candidate },
      baseline: { bins: binsOf(baseline), units: baseline },
    };
  }
  return {
    candidate: { bins: sorted(strata.flatMap(candidateBins)), units: null },
    baseline: { bins: sorted(strata.flatMap(baselineBins)), units: null },
  };
}

type Move = Exclude<Comparison, { kind: "zero_tolerance" | "limit" }>;

function isOfCandidateAlone(comparison: Comparison): comparison is Exclude<Comparison, Move> {
  return comparison.kind === "limit" || comparison.kind === "zero_tolerance";
}

function harmOf(comparison: Comparison, candidate: number, baseline: number | null): number | null {
  if (isOfCandidateAlone(comparison)) return candidate;
  return baseline !== null && baseline > 0 ? movedBy(comparison, candidate, baseline) : null;
}

function movedBy({ kind }: Move, candidate: number, baseline: number): number {
  if (kind === "difference") return candidate - baseline;
  const ratio = candidate / baseline;
  return kind === "ratio" ? ratio : ratio - 1;
}

/** From intervals at half the level each: both cover together, however the arms depend (Bonferroni). */
function moveOf(
  candidate: Bounds | null,
  baseline: Bounds | null,
  comparison: Move,
): Bounds | null {
  if (candidate === null || baseline === null || !(baseline.low > 0)) return null;
  return {
    low: movedBy(comparison, candidate.low, baseline.high),
    high: movedBy(comparison, candidate.high, baseline.low),
  };
}

/** The interval should be tightest once so many observations beyond the quantile have been seen. */
const TUNED_EXCEEDANCES = 100;

function boundsOf(seen: SeenArm, quantile: number, alpha: number): Bounds | null {
  const tOpt = TUNED_EXCEEDANCES / Math.min(quantile, 1 - quantile);
  const { low, high } = intervalOf(seen, { quantile, alpha, tOpt });
  return low === null || high === null ? null : { low, high };
}

function intervalOf({ bins, units }: SeenArm, tuning: QuantileTuning): QuantileInterval {
  const counted = bins.map(countedBin);
  if (units === null) return quantileInterval(counted, tuning);
  const at = binOfQuantile(bins, tuning.quantile);
  if (at === null || units.filledGroups < LEAST_BUCKETS) return { low: null, high: null };
  const atMostQuantile = units.sumsOf((bin) => (bin <= at ? 1 : 0));
  return unitQuantileInterval({ bins: counted, atMostQuantile }, tuning);
}

/** A bin reaches half its width to either side of its value, and the lowest one down to zero. */
function countedBin({ bin, count }: BinCount): CountedBin {
  const edge = (at: number): number => (at <= ZERO_BIN ? 0 : Math.exp(at * LOG_BIN_WIDTH));
  return { from: edge(bin - 0.5), to: edge(bin + 0.5), count };
}

function baselineBins({ baseline, pairs }: ObservedStratum): readonly BinCount[] {
  if (baseline.total > 0) return binCounts(baseline);
  return pairs.map(({ baselineBin, count }) => ({ bin: baselineBin, count }));
}

function binsOf(units: UnitBins): readonly BinCount[] {
  const bins: BinCount[] = [];
  units.forEach((_, bin, count) => bins.push({ bin, count }));
  return sorted(bins);
}

function sorted(bins: readonly BinCount[]): readonly BinCount[] {
  return bins.toSorted((left, right) => left.bin - right.bin);
}
