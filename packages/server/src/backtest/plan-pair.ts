import type { Criterion, MetricDefinition, Strategy } from "@spillway/core";
import { ALL_TRAFFIC, pairNeeds } from "@spillway/core";
import { recordedPairs, recordedValue } from "./recorded-metrics.ts";
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
  /** Pairs that settle it with the chance below, by the planner; null when no number of them would do. */
  readonly needed: number | null;
  readonly chance: number;
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
/** What plans of strategies call decidable, too. */
const CHANCE = { name: "p80", value: 0.8 } as const;

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
  of: {
    readonly strategy: Strategy;
    readonly metrics: readonly MetricDefinition[];
    readonly published: PublishedVerdict | null;
  },
): PairPlan | null {
  const { strategy, published } = of;
  const metric = of.metrics.find(({ name }) => name === METRIC);
  const criterion = strategy.criteria.find((one) => one.metric === METRIC);
  if (metric === undefined || criterion === undefined) return null;
  const { comparison } = criterion;
  if (comparison.kind !== "relative" && comparison.kind !== "difference") return null;
  const rows = rowsOf(items, { strategy, metric, criterion, comparison });
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
  const chance = CHANCE.value;
  return { question, slice, size, rollback, observations, needed, chance, suffices };
}

type RowsOf = {
  readonly strategy: Strategy;
  readonly metric: MetricDefinition;
  readonly criterion: Criterion;
  readonly comparison: Compared;
};

function rowsOf(items: readonly TrafficItem[], of: RowsOf): Row[] {
  const byCategory = Map.groupBy(items, ({ category }) => category);
  byCategory.delete("");
  const slices = byCategory.size;
  const all = rowOf(ALL_TRAFFIC, items, { ...of, slices });
  if (!of.criterion.perSlice) return [all];
  return [all, ...[...byCategory].map(([slice, own]) => rowOf(slice, own, { ...of, slices }))];
}

function rowOf(
  slice: string,
  items: readonly TrafficItem[],
  { comparison, ...of }: RowsOf & { readonly slices: number },
): Row {
  const scores = items.flatMap(({ baseline, candidate }) => {
    const [before, after] = [baseline, candidate].map((answer) => recordedValue(METRIC, answer));
    return typeof before === "number" && typeof after === "number" ? [{ before, after }] : [];
  });
  const mean = meanOf(scores.map(({ before }) => before));
  const fall = mean - meanOf(scores.map(({ after }) => after));
  const size = comparison.kind === "difference" ? fall : mean > 0 ? fall / mean : 0;
  const needs = pairNeeds({ ...of, slice, recorded: recordedPairs(items, of.metric) });
  const { name } = CHANCE;
  return {
    slice,
    size,
    observations: scores.length,
    harm: needs?.detect[name] ?? null,
    safety: needs?.clear[name] ?? null,
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
}
