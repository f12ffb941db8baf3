import type { Comparison } from "../gate/criterion.ts";
import { planTests } from "../gate/harm-tests.ts";
import { criterionDefect, testLevels } from "../gate/levels.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { OutcomeScale } from "../gate/outcome-scale.ts";
import { outcomeScale } from "../gate/outcome-scale.ts";
import { planQuantileMove } from "../gate/quantile-move.ts";
import type { TestPart } from "../gate/test-part.ts";

/** One of the gate's tests with the scale that its outcomes are counted on. */
export type ScaledTest = { readonly scale: OutcomeScale; readonly parts: readonly TestPart[] };

export type CriterionTests =
  | {
      readonly kind: "tests";
      readonly harm: ScaledTest;
      readonly block: ScaledTest;
      readonly safety: ScaledTest;
    }
  /** The gate cannot judge it; `reason` says what is missing. */
  | { readonly kind: "unsupported"; readonly reason: string };

/** The very tests that the gate puts a criterion to before the next share. */
export function criterionTests(
  comparison: Exclude<Comparison, { kind: "zero_tolerance" }>,
  metric: MetricDefinition,
  nextShareBps: number,
): CriterionTests {
  const defect = criterionDefect(comparison, metric);
  if (defect !== null) return { kind: "unsupported", reason: defect };
  const scaled = outcomeScale(metric, comparison);
  if (scaled.kind === "unsupported") return scaled;
  const levels = testLevels(comparison, metric, nextShareBps);
  if (metric.kind === "quantile" && comparison.kind !== "limit") {
    const { quantile = 0.5, expected } = metric;
    const move = { comparison, levels, quantile, expected: expected?.value ?? 0 };
    return { kind: "tests", ...planQuantileMove(move) };
  }
  const { scale } = scaled;
  const { harm, block, safety } = planTests(comparison, { metric, scale, levels });
  const on = (parts: readonly TestPart[]): ScaledTest => ({ scale, parts });
  return { kind: "tests", harm: on(harm), block: on(block), safety: on(safety) };
}
