import type { EvidenceCell, MetricDefinition, PairCell } from "../../../core/src/index.ts";
import { binOfValue } from "../../../core/src/index.ts";
import type { Chance } from "./chance.ts";

/** How one release answers, by metric: its rate, the mean of its score, or the median of its latency. */
export type Behaviour = Readonly<Record<string, number>>;

/** Values with their chances, ascending. */
type Spread = readonly (readonly [value: number, weight: number])[];

/** Two scores in three lie within this of the mean; as wide as the catalogue guesses. */
const SCORE_SPREAD = 0.15;
/** Lognormal: p95 is 1.9 times the median, p99 is 2.5 times. */
const LATENCY_SIGMA = 0.39;
const LATENCY_STEPS = 100;

/** Draws the counts of one metric. Both arms are drawn by the same rules from their own behaviour. */
export function drawCell(
  metric: MetricDefinition,
  level: number,
  { count, chance }: { readonly count: number; readonly chance: Chance },
): EvidenceCell {
  const values = spreadOf(metric, level);
  const counts = chance.spread(
    count,
    values.map(([, weight]) => weight),
  );
  return {
    bins: binned(
      metric,
      values.map(([value], index) => [[value], counts[index] ?? 0]),
    ),
  };
}

/** Pairs share their input: half of them agree as much as the two releases can, half by chance. */
export function drawPairs(
  metric: MetricDefinition,
  levels: { readonly baseline: number; readonly candidate: number },
  { count, chance }: { readonly count: number; readonly chance: Chance },
): PairCell {
  const baseline = spreadOf(metric, levels.baseline);
  const candidate = spreadOf(metric, levels.candidate);
  const joint =
    metric.kind === "quantile"
      ? coupled(baseline, candidate)
      : [
          ...coupled(baseline, candidate).map((of) => ({ ...of, weight: of.weight / 2 })),
          ...baseline.flatMap(([left, p]) =>
            candidate.map(([right, q]) => ({
              values: [left, right] as const,
              weight: (p * q) / 2,
            })),
          ),
        ];
  const counts = chance.spread(
    count,
    joint.map(({ weight }) => weight),
  );
  return {
    joint: binned(
      metric,
      joint.map(({ values }, index) => [values, counts[index] ?? 0]),
    ),
  };
}

function binned(
  metric: MetricDefinition,
  entries: readonly (readonly [values: readonly number[], count: number])[],
): Record<string, number> {
  const bins: Record<string, number> = {};
  for (const [values, count] of entries) {
    if (count === 0) continue;
    const key = values.map((value) => binOfValue(metric, value)).join(":");
    bins[key] = (bins[key] ?? 0) + count;
  }
  return bins;
}

function spreadOf(metric: MetricDefinition, level: number): Spread {
  switch (metric.kind) {
    case "binary":
      return [
        [0, 1 - level],
        [1, level],
      ];
    case "bounded":
      return [
        [Math.max(0, level - SCORE_SPREAD), 0.25],
        [level, 0.5],
        [Math.min(1, level + SCORE_SPREAD), 0.25],
      ];
    case "heavy_tailed":
    case "quantile":
      return Array.from({ length: LATENCY_STEPS }, (_, index) => {
        const place = normalQuantile((index + 0.5) / LATENCY_STEPS);
        return [level * Math.exp(LATENCY_SIGMA * place), 1 / LATENCY_STEPS] as const;
      });
    default: {
      const unreachable: never = metric.kind;
      return unreachable;
    }
  }
}

/** The joint distribution in which the k-th lowest answers of both meet (north-west corner rule). */
function coupled(left: Spread, right: Spread) {
  const joint: { values: readonly [number, number]; weight: number }[] = [];
  let [i, j] = [0, 0];
  let [p, q] = [left[0]?.[1] ?? 0, right[0]?.[1] ?? 0];
  while (i < left.length && j < right.length) {
    const weight = Math.min(p, q);
    joint.push({ values: [left[i]?.[0] ?? 0, right[j]?.[0] ?? 0], weight });
    p -= weight;
    q -= weight;
    if (p <= 1e-12) p = left[++i]?.[1] ?? 0;
    if (q <= 1e-12) q = right[++j]?.[1] ?? 0;
  }
  return joint;
}

/** Acklam-like by bisection on the logistic approximation: good to 1%, enough to shape a tail. */
function normalQuantile(share: number): number {
  return Math.log(share / (1 - share)) / 1.702;
}
