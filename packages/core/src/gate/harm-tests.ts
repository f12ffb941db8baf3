import type { Contrast } from "../statistics/contrast.ts";
import { candidateContrastPart, contrastPart, rateRatioPart, tailPart } from "./test-part.ts";
import type { TestPart } from "./test-part.ts";
import type { Comparison } from "./criterion.ts";
import { hasLateEvents, lateEventPart, lateEventShare } from "./late-events.ts";
import { LARGEST_RELATIVE_MARGIN } from "./margin.ts";
import type { MetricDefinition } from "./metric.ts";
import type { OutcomeScale } from "./outcome-scale.ts";

/**
 * The three tests of one criterion. Each is a fixed weighted average of parts, and each part an
 * e-process under the same null hypothesis, so the average is one as well.
 */
export type TestPlan = {
  /** H0: harm <= 0, aimed at the rollback level. */
  readonly harm: readonly TestPart[];
  /** H0: harm <= hold level, aimed at the rollback level. */
  readonly block: readonly TestPart[];
  /** H0: harm >= margin, aimed at no harm. */
  readonly safety: readonly TestPart[];
  /** H0: the baseline itself is within the limit; null for comparisons with the baseline. */
  readonly baseline: readonly TestPart[] | null;
  /** Distance from "no harm" to the margin on the [0, 1] scale, for planning how long it takes. */
  readonly safetyEffect: number;
};

/** Levels of harm in the comparison's own terms, in the metric's unit where it has one. */
export type TestLevels = {
  readonly hold: number;
  readonly rollback: number;
  readonly margin: number;
};

export type PlanInput = {
  readonly metric: MetricDefinition;
  readonly scale: OutcomeScale;
  readonly levels: TestLevels;
};

/**
 * Which test serves which criterion (zero tolerance has none, see assess-row.ts;
 * a quantile's move against the baseline has its own, see quantile-move.ts, and so has the written hold
 * level of a quantile's limit, see quantile-limit.ts):
 *
 * | comparison            | outcomes  | harm                | block    | safety   |
 * | difference            | binary    | average of M1, M3   | M3       | M3       |
 * | difference            | other     | M3                  | M3       | M3       |
 * | ratio, relative rise  | binary    | average of M1 and M3 in all three      |
 * | relative, ratio       | other     | M3 with R           | M3       | M3       |
 * | all of these          | heavy tail | with M1 on the values beyond the clip | M3 | M3 |
 * | all of these          | late events | as above           | M1       | M1       |
 * | limit                 | any       | attribution: harm of a ratio with R = 1 | one-sample | one-sample |
 *
 * M1 serves events that are harm (lower is better): for the complement of a frequent event it has no
 * advantage over M3. Pairs use the paired bet with the same contrast.
 *
 * Of events that become known late see late-events.ts: there, points are a ratio at the frozen rate.
 */
export function planTests(
  comparison: Exclude<Comparison, { kind: "zero_tolerance" }>,
  input: PlanInput,
): TestPlan {
  switch (comparison.kind) {
    case "relative":
      return planRatio(input, (level) =>
        input.metric.direction === "higher_is_better" ? 1 - level : 1 + level,
      );
    case "ratio":
      return planRatio(input, (level) => level);
    case "difference":
      return planDifference(input);
    case "limit":
      return planLimit(input);
    default: {
      const unreachable: never = comparison;
      return unreachable;
    }
  }
}

/** Margins on the ratio of the means; `ratioOf` turns a level of harm into such a ratio. */
function planRatio(input: PlanInput, ratioOf: (level: number) => number): TestPlan {
  const { scale, levels } = input;
  const isLate = hasLateEvents(input.metric);
  const typicalMean = Math.abs(scale.origin / scale.span + scale.centre);
  const at = (ratio: number, design: number, side: "harm" | "safety"): readonly TestPart[] => {
    const contrast = ratioContrast(input, ratio, side);
    // "No harm" is as true of the events known so far as of all, so that non-events may count there.
    if (isLate && ratio !== 1) return [lateEventPart({ contrast, design }, input)];
    const bet = contrastPart({ contrast, effect: Math.abs(design - ratio) * typicalMean, scale });
    if (!isHarmfulEvent(input)) return [bet];
    const { direction } = contrast;
    return average(
      rateRatioPart({ nullRatio: ratio, designRatio: design, direction }, { scale, onPairs: bet }),
      bet,
    );
  };
  const rollback = ratioOf(levels.rollback);
  return {
    harm: withTail(input, at(1, rollback, "harm")),
    block: at(ratioOf(levels.hold), rollback, "harm"),
    safety: at(ratioOf(levels.margin), 1, "safety"),
    baseline: null,
    safetyEffect:
      Math.abs(1 - ratioOf(levels.margin)) * typicalMean * (isLate ? lateEventShare(input) : 1),
  };
}

/** Margins on the difference of the means, in the metric's unit. */
function planDifference(input: PlanInput): TestPlan {
  const plan = planPoints(input);
  if (!hasLateEvents(input.metric)) return plan;
  const { block, safety, safetyEffect } = planRatio(input, (level) => frozenRatio(input, level));
  return { ...plan, block, safety, safetyEffect };
}

/**
 * The ratio that a difference is at the rate expected of the baseline, which is frozen: a rise of 2 points
 * from 15% is 1.133. A fall is one of 90% at most, as relative ones are: beyond that there is no ratio.
 */
function frozenRatio({ metric, scale }: PlanInput, level: number): number {
  const change = (harmSign(metric) * level) / scale.span / scale.centre;
  return Math.max(1 - LARGEST_RELATIVE_MARGIN, 1 + change);
}

function planPoints(input: PlanInput): TestPlan {
  const { scale, levels } = input;
  const toward = harmSign(input.metric);
  const at = (level: number, effect: number, side: "harm" | "safety"): TestPart =>
    contrastPart({
      contrast: {
        ratio: 1,
        offset: (toward * level) / scale.span,
        direction: side === "harm" ? toward : opposite(toward),
      },
      effect: effect / scale.span,
      scale,
    });
  const harm = at(0, levels.rollback, "harm");
  const designRatio = 1 + levels.rollback / scale.span / scale.centre;
  return {
    harm: isHarmfulEvent(input)
      ? average(
          rateRatioPart({ nullRatio: 1, designRatio, direction: 1 }, { scale, onPairs: harm }),
          harm,
        )
      : withTail(input, [harm]),
    block: [at(levels.hold, levels.rollback - levels.hold, "harm")],
    safety: [at(levels.margin, levels.margin, "safety")],
    baseline: null,
    safetyEffect: levels.margin / scale.span,
  };
}

/**
 * An absolute limit needs two proofs: the candidate is beyond its level (block), and it is worse than
 * the baseline beside it (harm, "attribution"). Without the second, an outage that both releases
 * share would be blamed on the candidate.
 */
function planLimit(input: PlanInput): TestPlan {
  const { scale, levels, metric } = input;
  const isQuantile = metric.kind === "quantile";
  const toward = harmSign(metric);
  // The outcome of a quantile metric is "beyond the limit", which may happen to a share 1 - q.
  const outcomeAt = (level: number): number => {
    const outcome = isQuantile
      ? (1 - (metric.quantile as number)) * (level / levels.rollback)
      : (level - scale.origin) / scale.span;
    return Math.min(0.999, Math.max(1e-6, outcome));
  };
  const limit = outcomeAt(levels.rollback);
  const effect = Math.max(Math.abs(limit - scale.centre), Math.abs(limit) / 10);
  const attribution = contrastPart({
    contrast: { ratio: 1, offset: 0, direction: toward },
    effect,
    scale,
  });
  const designRatio = Math.max(1.5, limit / scale.centre);
  const candidate = (level: number, distance: number, direction: 1 | -1): readonly TestPart[] => [
    candidateContrastPart({ nullMean: level, effect: Math.abs(distance), direction, scale }),
  ];
  const block = outcomeAt(levels.hold);
  const margin = outcomeAt(levels.margin);
  return {
    harm: isHarmfulEvent(input)
      ? average(
          rateRatioPart(
            { nullRatio: 1, designRatio, direction: 1 },
            { scale, onPairs: attribution },
          ),
          attribution,
        )
      : [attribution],
    block: candidate(block, limit - block, toward),
    safety: candidate(margin, margin - scale.centre, opposite(toward)),
    baseline: candidate(limit, limit / 2, toward),
    safetyEffect: Math.abs(margin - scale.centre),
  };
}

/**
 * The contrast whose positive side is harm (or safety) for H0: mean_c / mean_b at `ratio`. With values
 * origin + span·y the contrast μ_c - Rμ_b is span·(y_c - R y_b) + origin·(1 - R), hence the offset.
 */
function ratioContrast(input: PlanInput, ratio: number, side: "harm" | "safety"): Contrast {
  const toward = harmSign(input.metric);
  return {
    ratio,
    offset: (-input.scale.origin / input.scale.span) * (1 - ratio),
    direction: side === "harm" ? toward : opposite(toward),
  };
}

/** +1 when a larger mean is harm, -1 when a smaller one is. */
function harmSign(metric: MetricDefinition): 1 | -1 {
  return metric.direction === "lower_is_better" ? 1 : -1;
}

function opposite(direction: 1 | -1): 1 | -1 {
  return direction === 1 ? -1 : 1;
}

function isHarmfulEvent({ metric, scale }: PlanInput): boolean {
  return scale.isBinary && metric.direction === "lower_is_better";
}

/** What the test of the tail weighs: it costs the mean's test ln(1/0.9) = 0.1, a few percent of time. */
const TAIL_WEIGHT = 0.1;

/** A bet on the mean of a heavy tail, with the test of how often its clip is reached. */
function withTail({ metric, scale }: PlanInput, parts: readonly TestPart[]): readonly TestPart[] {
  const bet = parts.at(-1);
  const isTailHarm = metric.kind === "heavy_tailed" && metric.direction === "lower_is_better";
  if (!isTailHarm || bet === undefined) return parts;
  return [
    { ...tailPart(scale, bet), weight: TAIL_WEIGHT },
    ...parts.map((part) => ({ ...part, weight: part.weight * (1 - TAIL_WEIGHT) })),
  ];
}

function average(left: TestPart, right: TestPart): readonly TestPart[] {
  return [
    { ...left, weight: 0.5 },
    { ...right, weight: 0.5 },
  ];
}
