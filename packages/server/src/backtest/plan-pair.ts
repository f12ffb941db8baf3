import type { Criterion, GateConfidence, Strategy } from "@spillway/core";
import { ALL_TRAFFIC, observationsToSettle } from "@spillway/core";
import type { PublishedVerdict } from "./recordings.ts";
import type { TrafficItem } from "./traffic.ts";

/** Whether the recording holds enough to settle what is to be settled about the pair. */
export type PairPlan = {
  /** `harm`: it is worse than the rollback level, which is to be proven. `safety`: that it is not. */
  readonly question: "harm" | "safety";
  /** Where the question is hardest to settle for safety, easiest for harm; "*" is all traffic. */
  readonly slice: string;
  /** Fall of quality in the criterion's own terms, over all pairs; negative for a rise. */
  readonly size: number;
  /** The level at which the strategy takes a candidate back, in the same terms. */
  readonly rollback: number;
  readonly observations: number;
  /** About how many pairs it takes; null when no number of them would do. */
  readonly needed: number | null;
  readonly suffices: boolean;
};

type Compared = Extract<Criterion["comparison"], { kind: "relative" | "difference" }>;

type Row = {
  readonly slice: string;
  readonly size: number;
  readonly observations: number;
  readonly harm: number | null;
  readonly safety: number | null;
};

const METRIC = "quality";
/** Weight of pairs beside live answers in a gate's reading: all that pairs count for from the canary on. */
const PAIRS_BESIDE_ANSWERS = 0.05;

/**
 * Plans the strategy's criterion on quality, on all traffic and per slice, as if every item were a pair.
 * Harm is mostly proven in shadow, where pairs are all there is. Safety at the last margin is proven in live
 * stages, where pairs count for less. Null without such a criterion.
 *
 * The question is harm where what was published as regressed lies at or beyond the rollback level, and one
 * such row is enough; else safety, which every row must reach.
 */
export function planPair(
  items: readonly TrafficItem[],
  strategy: Strategy,
  published: PublishedVerdict | null,
): PairPlan | null {
  const criterion = strategy.criteria.find(({ metric }) => metric === METRIC);
  if (criterion === undefined) return null;
  const { comparison } = criterion;
  if (comparison.kind !== "relative" && comparison.kind !== "difference") return null;
  const rows = rowsOf(items, { strategy, criterion, comparison });
  const isRegressed = ({ slice }: Row): boolean =>
    slice === ALL_TRAFFIC
      ? published?.verdict === "regressed"
      : (published?.sliceRegressions.includes(slice) ?? false);
  const harmed = rows.filter((row) => isRegressed(row) && row.size >= comparison.rollback);
  const question = harmed.length > 0 ? "harm" : "safety";
  const share = (row: Row): number => (row[question] ?? Number.MAX_VALUE) / row.observations;
  const direction = question === "harm" ? 1 : -1;
  const [row] = (question === "harm" ? harmed : rows).toSorted(
    (left, right) => direction * (share(left) - share(right)),
  );
  if (row === undefined) return null;
  const { slice, size, observations } = row;
  const needed = row[question];
  const suffices = needed !== null && observations >= needed;
  const { rollback } = comparison;
  return { question, slice, size, rollback, observations, needed, suffices };
}

function rowsOf(
  items: readonly TrafficItem[],
  of: {
    readonly strategy: Strategy;
    readonly criterion: Criterion;
    readonly comparison: Compared;
  },
): Row[] {
  const slices = Map.groupBy(items, ({ category }) => category);
  slices.delete("");
  const weights = weightsOf(of.strategy, slices.size);
  const { confidence } = of.strategy;
  const all = rowOf(ALL_TRAFFIC, items, { ...of, confidence, weight: weights.whole });
  if (!of.criterion.perSlice) return [all];
  const sliced = [...slices].map(([slice, own]) =>
    rowOf(slice, own, { ...of, confidence, weight: weights.sliced }),
  );
  return [all, ...sliced];
}

/** The part of one row in the average over all rows, as the gate weighs them. */
function weightsOf(strategy: Strategy, slices: number): { whole: number; sliced: number } {
  const tested = strategy.criteria.filter(({ comparison }) => comparison.kind !== "zero_tolerance");
  const sliced = tested.filter(({ perSlice }) => perSlice).length * slices;
  const wholeShare = sliced === 0 ? 1 : 0.5;
  return { whole: wholeShare / tested.length, sliced: 0.5 / Math.max(1, sliced) };
}

function rowOf(
  slice: string,
  items: readonly TrafficItem[],
  of: {
    readonly comparison: Compared;
    readonly confidence: GateConfidence;
    readonly weight: number;
  },
): Row {
  const scores = items.flatMap(({ baseline, candidate }) =>
    baseline.score === null || candidate.score === null
      ? []
      : [{ before: baseline.score, after: candidate.score }],
  );
  const { comparison, confidence, weight } = of;
  const isRelative = comparison.kind === "relative";
  // Per pair, how far quality fell beyond a level: its mean is above 0 if the harm is beyond that level.
  const beyond = (level: number): Moments =>
    momentsOf(
      scores.map(({ before, after }) =>
        isRelative ? (1 - level) * before - after : before - after - level,
      ),
    );
  const fall = beyond(0).mean;
  const mean = momentsOf(scores.map(({ before }) => before)).mean;
  const harm = [
    settle(beyond(0), confidence.alpha * weight),
    settle(beyond(comparison.hold), confidence.alphaBlock * weight),
  ];
  const margin = beyond(comparison.rollback);
  return {
    slice,
    size: isRelative ? (mean > 0 ? fall / mean : 0) : fall,
    observations: scores.length,
    harm: harm.includes(null) ? null : Math.max(...harm.map(Number)),
    safety: settle(
      { ...margin, mean: -margin.mean },
      confidence.alphaPromote * PAIRS_BESIDE_ANSWERS,
    ),
  };
}

type Moments = { readonly mean: number; readonly variance: number };

function momentsOf(values: readonly number[]): Moments {
  const mean = values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return { mean, variance: squares / Math.max(1, values.length) };
}

/** Pairs until the odds reach 1 / level. */
function settle({ mean, variance }: Moments, level: number): number | null {
  return observationsToSettle({ logE: 0, threshold: Math.log(1 / level), effect: mean, variance });
}
