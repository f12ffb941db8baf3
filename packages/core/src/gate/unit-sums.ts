import type { BucketSums } from "../statistics/bucket-sums.ts";
import { valueOfBin } from "./bins.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ArmScale } from "./outcome-scale.ts";
import { outcomeOfBin } from "./outcome-scale.ts";
import type { UnitBins } from "./unit-bins.ts";

/** Observations and their outcomes in [0, 1], by group of units. */
export function outcomeSums(units: UnitBins, arm: ArmScale): BucketSums {
  return units.sums(arm, (bin) => outcomeOfBin(arm, bin));
}

/** The same in the metric's unit. */
export function valueSums(units: UnitBins, metric: MetricDefinition): BucketSums {
  return units.sums(metric, (bin) => valueOfBin(metric, bin));
}
