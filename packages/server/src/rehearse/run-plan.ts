import type { StrategyPlan } from "@spillway/core";
import { planStrategy } from "@spillway/core";
import type { PlannedStrategyOptions } from "./planned-strategy.ts";
import { plannedStrategy } from "./planned-strategy.ts";

/** How long every criterion takes in every stage of a strategy file. No server is needed. */
export function runPlan(options: PlannedStrategyOptions): StrategyPlan {
  return planStrategy(plannedStrategy(options));
}
