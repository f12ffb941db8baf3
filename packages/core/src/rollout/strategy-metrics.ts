import { withOpenMetrics } from "../gate/feature-metrics.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { Strategy } from "./strategy.ts";

/** All that a strategy may judge: the catalogue, and what was frozen with it. */
export function metricsOfStrategy(
  { metrics = [] }: Pick<Strategy, "metrics">,
  catalogue: readonly MetricDefinition[],
): readonly MetricDefinition[] {
  return [...catalogue, ...metrics];
}

/**
 * The strategy with the definitions of what its criteria judge beyond the catalogue, so that nothing which
 * is said of the feature later changes what was judged.
 *
 * @param known What the feature's answers are judged by (`metricsOfFeature`).
 */
export function withFrozenMetrics(
  strategy: Strategy,
  known: readonly MetricDefinition[],
  catalogue: readonly MetricDefinition[],
): Strategy {
  const fixed = new Set(catalogue.map(({ name }) => name));
  const judged = new Set(strategy.criteria.map(({ metric }) => metric));
  const own = withOpenMetrics(known, judged).filter(
    ({ name }) => judged.has(name) && !fixed.has(name),
  );
  return own.length === 0 ? strategy : { ...strategy, metrics: own };
}
