import type { Feature, MetricDefinition, Strategy } from "@spillway/core";
import { AppError, metricsOfStrategy, planStrategy, textOfCount } from "@spillway/core";
import type { Database } from "./database.ts";
import { countTraffic } from "./feature-traffic.ts";
import { loadSliceShares } from "./typical-slices.ts";

/**
 * What the feature's traffic of the last day cannot decide of a strategy, in sentences with the planner's
 * numbers. A strategy that says `undecidable: refuse` is refused instead. Without traffic nothing is known,
 * and nothing said. Slices are planned by their part of the last week's traffic.
 */
export async function decidabilityWarnings(
  database: Database,
  of: {
    readonly feature: Feature;
    readonly strategy: Strategy;
    readonly metrics: readonly MetricDefinition[];
    readonly nowMs: number;
  },
): Promise<readonly string[]> {
  const { feature, strategy, metrics } = of;
  const { requestsPerHour } = await countTraffic(database, feature.key, of.nowMs);
  if (requestsPerHour === 0) return [];
  const isSliced = strategy.criteria.some(({ perSlice }) => perSlice);
  const slices = isSliced
    ? await loadSliceShares(database, {
        feature,
        slices: strategy.slices ?? [],
        nowMs: of.nowMs,
      })
    : [];
  const { warnings } = planStrategy({
    strategy,
    metrics: metricsOfStrategy(strategy, metrics),
    requestsPerHour,
    slices,
    unit: feature.assignment.unit,
  });
  if (warnings.length === 0 || strategy.undecidable !== "refuse") return warnings;
  throw new AppError(
    "requirements_unmet",
    `${strategy.name} refuses what cannot be decided at ${textOfCount(Math.round(requestsPerHour))} requests an hour. ${warnings.join(" ")}`,
  );
}
