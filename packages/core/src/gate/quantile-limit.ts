import type { Comparison } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import type { ScaleResult } from "./outcome-scale.ts";
import { outcomeScale } from "./outcome-scale.ts";
import type { QuantileTest } from "./quantile-move.ts";
import { TAIL_EXPONENT } from "./quantile-move.ts";
import { candidateContrastPart } from "./test-part.ts";

/**
 * The block test of a quantile's limit whose hold level was written down: H0 "the candidate's quantile is
 * at most the hold level" is H0 "at most a share 1 - q of its values is above that level", so it counts
 * exceedances of the hold level (M4). The limit's other tests count those of the limit, where a level in
 * the metric's unit can only be turned into a share by guessing the tail between the two.
 *
 * Null where the policy leaves the hold level open: there it is a share of what may exceed the limit.
 */
export function quantileHoldTest(
  comparison: Comparison,
  metric: MetricDefinition,
): QuantileTest | null {
  if (comparison.kind !== "limit" || comparison.hold === null || metric.kind !== "quantile") {
    return null;
  }
  const { hold, rollback } = comparison;
  const scaled: ScaleResult = outcomeScale(metric, { kind: "limit", hold: null, rollback: hold });
  if (scaled.kind === "unsupported") return null;
  const { scale } = scaled;
  const share = 1 - (metric.quantile as number);
  // What exceeds the hold level when the quantile is at the limit.
  const design = Math.min(0.999, share * (rollback / hold) ** TAIL_EXPONENT);
  const effect = Math.max(design - share, share / 10);
  return {
    scale,
    parts: [candidateContrastPart({ nullMean: share, effect, direction: 1, scale })],
  };
}
