import type { MetricDefinition } from "../gate/metric.ts";
import type { Harm } from "../population/population.ts";
import { NO_HARM, populationsOf } from "../population/population.ts";
import type { Strategy } from "../rollout/strategy.ts";
import type { DrawPlan } from "./draw-plan.ts";
import { binsOf, drawPlan } from "./draw-plan.ts";
import type { Scenario } from "./scenario.ts";

/** What both releases answer, per metric: while all is well, under the scenario's harm, in an outage. */
export type InventedReleases = {
  readonly metrics: readonly {
    readonly name: string;
    readonly isFromPeople: boolean;
    /** Slices that some criterion judges this metric on. */
    readonly isSliced: boolean;
    /** Median time from a request to its number, exponential; 0: with the answer. */
    readonly delaySeconds: number;
    /** What its answers fall into, ascending. */
    readonly bins: readonly number[];
    readonly well: DrawPlan;
    readonly harmed: DrawPlan;
    readonly outage: DrawPlan;
  }[];
};

/** Metrics that nothing is known of are left out: the gate then says that it has no data. */
export function inventReleases(
  strategy: Strategy,
  metrics: readonly MetricDefinition[],
  scenario: Scenario,
): InventedReleases {
  const names = [...new Set(strategy.criteria.map(({ metric }) => metric))];
  return {
    metrics: names.flatMap((name) => {
      const metric = metrics.find((definition) => definition.name === name);
      const criteria = strategy.criteria.filter((criterion) => criterion.metric === name);
      const criterion = criteria.find(({ id }) => id === scenario.criterionId) ?? criteria[0];
      if (metric === undefined || criterion === undefined) return [];
      const isHarmed = criterion.id === scenario.criterionId;
      const harm: Harm = isHarmed ? { kind: "multiple", times: scenario.times } : NO_HARM;
      const well = populationsOf(metric, criterion, NO_HARM);
      const harmed = populationsOf(metric, criterion, harm);
      const bad = populationsOf(metric, criterion, { kind: "multiple", times: scenario.times });
      if (well === null || harmed === null || bad === null) return [];
      const outage = { baseline: bad.candidate, candidate: bad.candidate };
      const bins = binsOf([well, harmed, outage]);
      return [
        {
          name,
          bins,
          isFromPeople: metric.isFeedback === true,
          delaySeconds: Math.max(scenario.labelDelaySeconds, metric.expectedDelaySeconds ?? 0),
          isSliced: criteria.some(({ perSlice }) => perSlice),
          well: drawPlan(well, bins),
          harmed: drawPlan(harmed, bins),
          outage: drawPlan(outage, bins),
        },
      ];
    }),
  };
}
