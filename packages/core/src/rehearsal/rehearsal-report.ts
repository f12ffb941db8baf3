import { textOfCount, textOfPercent } from "../gate/number-text.ts";
import { inWords } from "../duration.ts";
import type { RehearsalBounds, Strategy } from "../rollout/strategy.ts";
import { reviewedCriteria } from "../rollout/strategy.ts";
import type { ScenarioResult } from "./rehearse.ts";
import { knownWithin } from "./rehearse.ts";

export type BrokenBound = {
  readonly bound: "known_within" | "most_exposed" | "false_rollback";
  readonly scenario: string;
  readonly sentence: string;
};

export type RehearsalReport = {
  /** How it will be known that the candidate is broken, in one sentence, from the slowest criterion. */
  readonly answer: string;
  /** Bounds of the strategy that the rehearsal does not keep; empty: all of them hold. */
  readonly broken: readonly BrokenBound[];
};

/** The multiple that the answer is about where the strategy does not say. */
const USUAL_TIMES = 2;

/** The answer to "how will we know in time that this is broken?", and the strategy's bounds held against it. */
export function reportRehearsal(
  strategy: Strategy,
  results: readonly ScenarioResult[],
): RehearsalReport {
  const bounds = strategy.rehearsal ?? null;
  // What only asks a person takes nothing back, and neither answers the question nor breaks a bound.
  const reviewed = reviewedCriteria(strategy);
  const decisive = results.filter(
    ({ scenario: { criterionId } }) => criterionId === null || !reviewed.has(criterionId),
  );
  return {
    answer: answerOf(strategy, decisive),
    broken: bounds === null ? [] : brokenBounds(bounds, decisive),
  };
}

function answerOf(strategy: Strategy, results: readonly ScenarioResult[]): string {
  const times = strategy.rehearsal?.at ?? USUAL_TIMES;
  const slowest = harmsAt(results, times).toSorted(
    (left, right) =>
      left.rolledBackInTime - right.rolledBackInTime || medianOf(right) - medianOf(left),
  )[0];
  if (slowest === undefined) {
    return strategy.criteria.length === 0
      ? "Nothing was rehearsed: the strategy has no criterion."
      : "No harm is taken back by itself: every criterion only asks a person.";
  }
  const { scenario, rolledBackInTime, hoursToRollback, exposed, rolledBack } = slowest;
  const within = inWords(knownWithin(strategy));
  const { median, p95 } = hoursToRollback;
  const usually = median === null ? "" : `, half of the time within ${hoursText(median)}`;
  const latest =
    p95 === null
      ? `; it is taken back in ${textOfPercent(rolledBack)} of all rollouts`
      : ` and 95% of the time within ${hoursText(p95)}`;
  return (
    `A harm of ${scenario.title} is known within ${within} with a chance of ${textOfPercent(rolledBackInTime)}` +
    `${usually}${latest}, after ${textOfCount(exposed.median)} answers to people (95%: at most ${textOfCount(exposed.p95)}).`
  );
}

function brokenBounds(
  bounds: RehearsalBounds,
  results: readonly ScenarioResult[],
): readonly BrokenBound[] {
  return [
    ...harmsAt(results, bounds.at).flatMap((result) => [
      ...knownTooLate(bounds, result),
      ...exposedTooMany(bounds, result),
    ]),
    ...results.flatMap((result) => takenBackTooOften(bounds, result)),
  ];
}

function knownTooLate(bounds: RehearsalBounds, result: ScenarioResult): BrokenBound[] {
  const { knownWithinSeconds, chance } = bounds;
  if (knownWithinSeconds === null || result.rolledBackInTime >= chance) return [];
  const found = textOfPercent(result.rolledBackInTime);
  return [
    {
      bound: "known_within",
      scenario: result.scenario.id,
      sentence: `${result.scenario.title}: known within ${inWords(knownWithinSeconds)} with a chance of ${found}, wanted ${textOfPercent(chance)}.`,
    },
  ];
}

function exposedTooMany({ mostExposed }: RehearsalBounds, result: ScenarioResult): BrokenBound[] {
  if (mostExposed === null || result.exposed.p95 <= mostExposed) return [];
  return [
    {
      bound: "most_exposed",
      scenario: result.scenario.id,
      sentence: `${result.scenario.title}: 95% of the time up to ${textOfCount(result.exposed.p95)} answers reach people, wanted at most ${textOfCount(mostExposed)}.`,
    },
  ];
}

function takenBackTooOften(
  { falseRollback }: RehearsalBounds,
  { scenario, rolledBack }: ScenarioResult,
): BrokenBound[] {
  const isHarmless = scenario.criterionId === null;
  if (falseRollback === null || !isHarmless || rolledBack <= falseRollback) return [];
  return [
    {
      bound: "false_rollback",
      scenario: scenario.id,
      sentence: `${scenario.title}: taken back in ${textOfPercent(rolledBack)} of all rollouts, wanted at most ${textOfPercent(falseRollback)}.`,
    },
  ];
}

function harmsAt(results: readonly ScenarioResult[], times: number): readonly ScenarioResult[] {
  return results.filter(({ scenario }) => scenario.kind === "harm" && scenario.times === times);
}

function medianOf({ hoursToRollback }: ScenarioResult): number {
  return hoursToRollback.median ?? Number.POSITIVE_INFINITY;
}

function hoursText(hours: number): string {
  return hours === 0 ? "at once" : inWords(hours * 3_600);
}
