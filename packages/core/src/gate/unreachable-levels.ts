import type { Comparison, Criterion } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import { textOfLevel, textOfValue } from "./number-text.ts";
import type { CriterionProblem } from "./parse-comparison.ts";

/** Rollback levels of a move that no candidate can reach from where the baseline is. */
export type UnreachableLevel = {
  /** Where the baseline is, in words, and whether nobody measured or wrote that. */
  readonly baseline: string;
  readonly isGuess: boolean;
  /** The level as a move, and where it lies. */
  readonly level: string;
  readonly lies: string;
  /** The largest move that there is room for, in words. */
  readonly most: string;
};

/** Doubles add up to a hair more than the end of the range that was meant. */
const HAIR = 1e-9;

/**
 * A level beyond the end of what a metric can show, such as 60 points more of a rate at 50%: it would never be
 * crossed, so the criterion would never take a candidate back. Null where there is none, or no end.
 */
export function unreachableLevel(
  comparison: Comparison,
  metric: MetricDefinition,
): UnreachableLevel | null {
  if (comparison.kind === "limit" || comparison.kind === "zero_tolerance") return null;
  const ends = endsOf(metric);
  if (ends === null || metric.expected === undefined) return null;
  const { value, isGuess = false } = metric.expected;
  const isRise = metric.direction === "lower_is_better";
  const at = (move: number): number => value + (isRise ? move : -move);
  const move = moveOf(comparison, value);
  const room = isRise ? ends.high - value : value - ends.low;
  if (move <= room + HAIR || room < 0) return null;
  return {
    baseline: textOfValue(metric, value),
    isGuess,
    level: textOfLevel(metric, comparison, comparison.rollback),
    lies: textOfValue(metric, at(move)),
    most: textOfLevel(metric, comparison, asLevel(comparison, room, value)),
  };
}

/** Unreachable levels by what the baseline is known to show; a guess refuses nothing. */
export function unreachableProblems(
  criteria: readonly Criterion[],
  metrics: readonly MetricDefinition[],
  path = "gate",
): readonly CriterionProblem[] {
  return criteria.flatMap(({ id, metric: name, comparison }) => {
    const metric = metrics.find((known) => known.name === name);
    const found = metric === undefined ? null : unreachableLevel(comparison, metric);
    if (found === null || found.isGuess) return [];
    const message =
      `Found a level of ${found.level} with the baseline at ${found.baseline}: that is ${found.lies}, ` +
      `which can never be reached. Wanted less than ${found.most}.`;
    return [{ path: `${path}.${id}.rollback`, message }];
  });
}

/** Lowest and highest mean of a metric; null without an end. */
function endsOf({ kind, range = [0, 1] }: MetricDefinition) {
  if (kind !== "binary" && kind !== "bounded") return null;
  const [low, high] = kind === "binary" ? [0, 1] : range;
  return { low, high };
}

type Move = Extract<Comparison, { kind: "relative" | "difference" | "ratio" }>;

/** By how much the mean moves at the rollback level, in the metric's unit. */
function moveOf({ kind, rollback }: Move, value: number): number {
  if (kind === "difference") return rollback;
  return (kind === "ratio" ? rollback - 1 : rollback) * Math.abs(value);
}

/** A move of the mean as a level of the comparison. */
function asLevel({ kind }: Move, move: number, value: number): number {
  if (kind === "difference") return move;
  return (kind === "ratio" ? 1 : 0) + move / Math.abs(value);
}
