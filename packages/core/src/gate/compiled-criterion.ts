import type { Comparison } from "./criterion.ts";
import type { TestLevels } from "./harm-tests.ts";
import { planTests } from "./harm-tests.ts";
import { hasLateEvents } from "./late-events.ts";
import { criterionDefect, testLevels } from "./levels.ts";
import { stageMargin } from "./margin.ts";
import type { MetricDefinition } from "./metric.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import { outcomeScale } from "./outcome-scale.ts";
import { quantileHoldTest } from "./quantile-limit.ts";
import type { QuantileTest } from "./quantile-move.ts";
import { planQuantileMove } from "./quantile-move.ts";

/** What a criterion comes to at one stage: all that can be said before there is any evidence. */
export type CompiledCriterion =
  | {
      readonly kind: "tested";
      readonly metric: MetricDefinition;
      readonly comparison: Exclude<Comparison, { kind: "zero_tolerance" }>;
      readonly levels: TestLevels;
      readonly harm: QuantileTest;
      readonly block: QuantileTest;
      readonly safety: QuantileTest;
      /** H0: the baseline is within the limit that the candidate is held to; null without a limit. */
      readonly baseline: QuantileTest | null;
      /** For planning how long it takes; null for a quantile's move, which is not planned yet. */
      readonly planning: { readonly scale: OutcomeScale; readonly safetyEffect: number } | null;
      readonly outcome: { readonly kind: "tested"; readonly method: string };
    }
  | {
      readonly kind: "zero_tolerance";
      readonly metric: MetricDefinition;
      readonly margin: number;
    }
  /** It cannot be judged; `reason` says what is missing. It never passes. */
  | { readonly kind: "unsupported"; readonly method: string; readonly reason: string };

export type CriterionDesign = {
  readonly comparison: Comparison;
  readonly metric: MetricDefinition;
  readonly nextShareBps: number;
};

/**
 * Compiled criteria by what they are made of. A thousand rollouts follow a few strategies, so most
 * ticks find all of theirs. The bound is on memory: one entry holds up to some hundred kilobytes of
 * tables. What was longest unused goes first; it is compiled again, to the same bits.
 */
const COMPILED_KEPT = 512;
const compiled = new Map<string, CompiledCriterion>();

/** The tests of a criterion, from this store or made now. Depends on its argument alone. */
export function compileCriterion(design: CriterionDesign): CompiledCriterion {
  const key = keyOf(design);
  const known = compiled.get(key);
  if (known !== undefined) compiled.delete(key);
  const result = known ?? compile(design);
  compiled.set(key, result);
  if (compiled.size > COMPILED_KEPT) compiled.delete(compiled.keys().next().value as string);
  return result;
}

/** Numbers as JavaScript prints them, unlike JSON, which has one word for all that are none. */
function keyOf({ comparison, metric, nextShareBps }: CriterionDesign): string {
  const { kind, direction, unit, range, quantile, expected } = metric;
  const levels =
    comparison.kind === "zero_tolerance"
      ? `${comparison.maximumRate}`
      : `${comparison.hold}/${comparison.rollback}/${comparison.kind === "limit" ? "" : comparison.margin}`;
  const about = `${kind} ${direction} ${unit} ${range?.[0]}..${range?.[1]} ${quantile}`;
  const typical = `${expected?.value}/${expected?.spread}`;
  const when = hasLateEvents(metric) ? "late" : "at once";
  return `${comparison.kind} ${levels} of ${about} at ${typical} ${when} before ${nextShareBps}`;
}

function compile({ comparison, metric, nextShareBps }: CriterionDesign): CompiledCriterion {
  if (comparison.kind === "zero_tolerance") {
    const stated = stageMargin(comparison, nextShareBps);
    // A rate that is none rules out nothing: 1e-9 keeps the row from passing, and events still count.
    return { kind: "zero_tolerance", metric, margin: stated >= 1e-9 && stated < 1 ? stated : 1e-9 };
  }
  const defect = criterionDefect(comparison, metric);
  if (defect !== null) return { kind: "unsupported", method: "invalid-criterion", reason: defect };
  const scaled = outcomeScale(metric, comparison);
  if (scaled.kind === "unsupported") return scaled;
  const { scale } = scaled;
  const levels = testLevels(comparison, metric, nextShareBps);
  const common = {
    kind: "tested",
    metric,
    comparison,
    levels,
    outcome: { kind: "tested", method: methodOf(metric, comparison) },
  } as const;
  if (metric.kind === "quantile" && comparison.kind !== "limit") {
    // That it has both was checked with the scale.
    const quantile = metric.quantile as number;
    const expected = (metric.expected as { readonly value: number }).value;
    const plan = planQuantileMove({ comparison, levels, quantile, expected });
    return { ...common, ...plan, baseline: null, planning: null };
  }
  const plan = planTests(comparison, { metric, scale, levels });
  return {
    ...common,
    harm: { scale, parts: plan.harm },
    block: quantileHoldTest(comparison, metric) ?? { scale, parts: plan.block },
    safety: { scale, parts: plan.safety },
    baseline: plan.baseline === null ? null : { scale, parts: plan.baseline },
    planning: { scale, safetyEffect: plan.safetyEffect },
  };
}

/** The name of a row's tests in its report. */
function methodOf(metric: MetricDefinition, { kind }: Comparison): string {
  const countsEvents = hasLateEvents(metric) && kind !== "limit";
  return `${metric.kind}-${kind}${countsEvents ? "-late" : ""}`;
}
