import type { MetricDefinition } from "../gate/metric.ts";
import type { Stage } from "../rollout/strategy.ts";
import type { ObservationsNeeded } from "../statistics/power.ts";
import type { RowNeeds } from "./plan-row.ts";

/** What turns observations into hours of a stage. */
export type RowPace = {
  /** Observations per hour on the row, > 0. */
  readonly perHour: number;
  /** From a request to its number, where people give it later. */
  readonly delayHours: number;
  /** For so long requests of the stage count for the criterion; null: throughout. */
  readonly windowHours: number | null;
  /** The age that half of the candidate's requests must have before the stage may be left. */
  readonly leastAgeHours: number;
};

/**
 * Hours from the stage's beginning until something is known. What needs more requests than the window of
 * `within` lets count is never known, however long the stage lasts.
 */
export function hoursOf(needs: RowNeeds, pace: RowPace): RowNeeds {
  const { perHour, delayHours, windowHours, leastAgeHours } = pace;
  const at = (count: number | null): number | null => {
    const hours = count === null ? null : count / perHour;
    if (hours === null || (windowHours !== null && hours > windowHours)) return null;
    return hours + delayHours;
  };
  const each = ({ p50, p80, p95 }: ObservationsNeeded): ObservationsNeeded => ({
    p50: at(p50),
    p80: at(p80),
    p95: at(p95),
  });
  // Requests come evenly, so the median one is half as old as the stage.
  const waited = (hours: number | null): number | null =>
    hours === null ? null : Math.max(hours, 2 * leastAgeHours);
  const { p50, p80, p95 } = each(needs.clear);
  return {
    detectOnce: each(needs.detectOnce),
    detectTwice: each(needs.detectTwice),
    clear: { p50: waited(p50), p80: waited(p80), p95: waited(p95) },
  };
}

/**
 * How long requests of a stage count under `within`, which begins with the first live request: what the
 * least durations of the live stages before have left of it. Copies before that all count.
 */
export function windowHoursLeft(
  stages: readonly Stage[],
  index: number,
  withinSeconds: number | null,
): number | null {
  if (withinSeconds === null || (stages[index]?.shareBps ?? 0) === 0) return null;
  const before = liveStages(stages.slice(0, index));
  const passed = before.reduce((sum, { least }) => sum + least.durationSeconds, 0);
  return Math.max(0, withinSeconds - passed) / 3_600;
}

/** Labels are waited for over all live requests, so it is the first live stage that has to be old enough. */
export function waitedAgeHours(
  stages: readonly Stage[],
  index: number,
  { expectedDelaySeconds = 0 }: MetricDefinition,
): number {
  const isFirstLive = liveStages(stages.slice(0, index)).length === 0;
  const isLive = (stages[index]?.shareBps ?? 0) > 0;
  return isLive && isFirstLive ? expectedDelaySeconds / 3_600 : 0;
}

function liveStages(stages: readonly Stage[]): readonly Stage[] {
  return stages.filter(({ shareBps }) => shareBps > 0);
}
