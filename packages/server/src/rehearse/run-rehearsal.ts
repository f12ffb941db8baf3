import type { AssignedUnits, RehearsalReport, ScenarioResult } from "@spillway/core";
import { assignedUnits, rehearse, reportRehearsal, scenariosOf } from "@spillway/core";
import type { PlannedStrategyOptions } from "./planned-strategy.ts";
import { plannedStrategy } from "./planned-strategy.ts";

export type RehearsalOptions = PlannedStrategyOptions & {
  readonly repetitions: number;
  readonly seed: number;
};

/**
 * Each scenario as it ends, with how many there are; after the last one what they come to, and how units were
 * taken to return.
 */
export type RehearsalStep =
  | { readonly kind: "scenario"; readonly result: ScenarioResult; readonly of: number }
  | {
      readonly kind: "report";
      readonly report: RehearsalReport;
      readonly units: AssignedUnits | null;
    };

/** Plays a strategy file against invented candidates in this process. No server is needed. */
export async function* runRehearsal(options: RehearsalOptions): AsyncGenerator<RehearsalStep> {
  const planned = plannedStrategy(options);
  const { strategy, slices } = planned;
  const { repetitions, seed } = options;
  const of = scenariosOf(strategy, slices).length;
  const results: ScenarioResult[] = [];
  for (const result of rehearse({ ...planned, repetitions, seed })) {
    results.push(result);
    yield { kind: "scenario", result, of };
    // Lets progress be written and an interrupt be heard between two scenarios.
    await new Promise((resolve) => setImmediate(resolve));
  }
  yield {
    kind: "report",
    report: reportRehearsal(strategy, results),
    units: assignedUnits(planned),
  };
}
