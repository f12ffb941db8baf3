import { durationText } from "../duration.ts";
import type { Comparison, Criterion } from "../gate/criterion.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { JsonObject } from "../json.ts";

/**
 * A criterion by the keys of a strategy file and with levels as they are written there, for people: what is
 * stored has harms without sign or unit. Two criteria that mean different things never read alike.
 */
export function criterionFields(
  criterion: Criterion,
  metrics: readonly MetricDefinition[],
): JsonObject {
  const { metric: name, comparison, withinSeconds, overSeconds = null, perSlice } = criterion;
  const metric = metrics.find((known) => known.name === name);
  return {
    ...(name === criterion.id ? {} : { metric: name }),
    ...levelsOf(comparison, metric),
    ...(withinSeconds === null ? {} : { within: durationText(withinSeconds) }),
    ...(overSeconds === null ? {} : { over: durationText(overSeconds) }),
    slices: perSlice,
    on_inconclusive: criterion.onInconclusive,
    on_no_data: criterion.onNoData,
    on_error: criterion.onError,
  };
}

function levelsOf(comparison: Comparison, metric: MetricDefinition | undefined): JsonObject {
  switch (comparison.kind) {
    case "relative":
    case "difference":
    case "ratio": {
      const { hold, rollback, margin } = comparison;
      const level = (harm: number): string => changeText(comparison.kind, harm, metric);
      // Half way is what a file means that says nothing.
      const neutral = comparison.kind === "ratio" ? 1 : 0;
      const isGiven = margin !== undefined || hold !== (rollback + neutral) / 2;
      return {
        rollback: level(rollback),
        ...(isGiven ? { hold: level(hold) } : {}),
        ...(margin === undefined || margin === hold ? {} : { margin: level(margin) }),
      };
    }
    case "limit": {
      const level = (found: number): string => valueText(found, metric);
      const hold = comparison.hold === null ? {} : { hold: level(comparison.hold) };
      return { limit: level(comparison.rollback), ...hold };
    }
    case "zero_tolerance":
      return { tolerance: "zero", maximum_rate: `${exact(comparison.maximumRate * 100)}%` };
    default: {
      const unreachable: never = comparison;
      return unreachable;
    }
  }
}

function changeText(
  kind: "relative" | "difference" | "ratio",
  harm: number,
  metric: MetricDefinition | undefined,
): string {
  if (kind === "ratio") return `${exact(harm)}x`;
  const sign = metric?.direction === "higher_is_better" ? "-" : "+";
  if (kind === "relative") return `${sign}${exact(harm * 100)}%`;
  return metric?.unit === "share" ? `${sign}${exact(harm * 100)}pp` : `${sign}${exact(harm)}`;
}

function valueText(level: number, metric: MetricDefinition | undefined): string {
  const { unit } = metric ?? {};
  if (unit === "share") return `${exact(level * 100)}%`;
  if (unit === "ms") return `${exact(level)}ms`;
  return unit === "usd" ? `$${exact(level)}` : exact(level);
}

/** All digits that were written, and none that doubles add: 0.07 * 100 is 7. */
const exact = (found: number): string => String(Number(found.toPrecision(12)));
