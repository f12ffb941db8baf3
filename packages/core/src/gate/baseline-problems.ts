import type { Criterion } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import { textOfValue } from "./number-text.ts";
import type { CriterionProblem } from "./parse-comparison.ts";
import { unreachableProblems } from "./unreachable-levels.ts";

/**
 * Levels that make no sense beside what the baseline is known to show, for which a rollout is refused: absolute
 * limits that it does not keep itself, under which every candidate would be held for what it did not cause,
 * and moves that no candidate can make. A metric's guess is no knowledge, and is passed over; what only
 * the evidence shows is reported by the gate.
 */
export function baselineProblems(
  criteria: readonly Criterion[],
  metrics: readonly MetricDefinition[],
  path = "gate",
): readonly CriterionProblem[] {
  return [
    ...limitProblems(criteria, metrics, path),
    ...unreachableProblems(criteria, metrics, path),
  ];
}

function limitProblems(
  criteria: readonly Criterion[],
  metrics: readonly MetricDefinition[],
  path: string,
): readonly CriterionProblem[] {
  const byName = new Map(metrics.map((metric) => [metric.name, metric]));
  return criteria.flatMap(({ id, metric: name, comparison }) => {
    const metric = byName.get(name);
    const expected = metric?.expected;
    if (comparison.kind !== "limit" || metric === undefined || expected === undefined) return [];
    if (expected.isGuess === true) return [];
    const limit = comparison.rollback;
    const isLower = metric.direction === "lower_is_better";
    if (isLower ? expected.value < limit : expected.value > limit) return [];
    const side = isLower ? "above" : "below";
    return [
      {
        path: `${path}.${id}.limit`,
        message:
          `The baseline is at ${textOfValue(metric, expected.value)} and does not keep the limit of ` +
          `${textOfValue(metric, limit)} itself. Wanted a limit ${side} what the baseline shows, or a ` +
          `change against it ("rollback").`,
      },
    ];
  });
}
