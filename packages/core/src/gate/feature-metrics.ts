import type { DeclaredMetric } from "../feature/declared-metric.ts";
import type { Feature } from "../feature/feature.ts";
import type { MetricDefinition } from "./metric.ts";
import { openMetric } from "./metric-catalogue.ts";

type Declaring = Pick<Feature, "metrics"> & Partial<Pick<Feature, "scorers">>;

/**
 * What the answers of a feature are judged by: the catalogue, the feature's own metrics, and those with an
 * open form of name that its scorers have numbers for.
 */
export function metricsOfFeature(
  { metrics = [], scorers = [] }: Declaring,
  catalogue: readonly MetricDefinition[],
): readonly MetricDefinition[] {
  const scored = new Set(scorers.map(({ metric }) => metric));
  const own = [...catalogue, ...metrics.map((metric) => definitionOf(metric, scored))];
  return withOpenMetrics(own, scored);
}

/** With the metrics of these names that an open form of name defines. */
export function withOpenMetrics(
  metrics: readonly MetricDefinition[],
  names: Iterable<string>,
): readonly MetricDefinition[] {
  const known = new Set(metrics.map(({ name }) => name));
  const missing = [...new Set(names)].filter((name) => !known.has(name));
  return [...metrics, ...missing.flatMap((name) => openMetric(name) ?? [])];
}

function definitionOf(
  { name, kind, direction, expected, ...declared }: DeclaredMetric,
  scored: ReadonlySet<string>,
): MetricDefinition {
  const { unit, range, expectedDelaySeconds, source, description = "" } = declared;
  return {
    name,
    kind,
    direction,
    unit: unit ?? UNITS[kind],
    ...(range === undefined ? {} : { range }),
    ...(source === undefined ? {} : { source }),
    expected,
    ...(expectedDelaySeconds === undefined ? {} : { expectedDelaySeconds }),
    ...(scored.has(source ?? name) ? {} : { isFeedback: true }),
    description,
  };
}

const UNITS: Readonly<Record<DeclaredMetric["kind"], string>> = {
  binary: "share",
  bounded: "score",
  heavy_tailed: "",
};
