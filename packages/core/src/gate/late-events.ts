import type { Contrast } from "../statistics/contrast.ts";
import type { MetricDefinition } from "./metric.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import type { TestPart } from "./test-part.ts";
import { contrastPart, rateRatioPart } from "./test-part.ts";

/**
 * Tests of a rate whose events become known a while after their request.
 *
 * What is known of such an event is thinned: an arm with the rate p shows p·F so far, where F, the share of
 * labels that have come, is the same for both arms and may differ between the two outcomes. A difference
 * of 2 points then shows as 2F points, and a test that counts both outcomes proves it absent. Of one outcome by itself
 * the ratio stays, (p_c F) / (p_b F), and M1 looks at nothing else (docs/decisions/0013-late-events.md).
 *
 * Counted is the harm of a metric of which less is better. Where more is better either outcome would do, and the
 * rarer one is taken, by the frozen rate: a common event says little about a ratio.
 */
export function hasLateEvents({ kind, expectedDelaySeconds = 0 }: MetricDefinition): boolean {
  return kind === "binary" && expectedDelaySeconds > 0;
}

type RateInput = { readonly metric: MetricDefinition; readonly scale: OutcomeScale };

/**
 * M1 about a ratio of the means, on one of the two outcomes. A ratio R of a mean is one of its complement at the
 * frozen rate p: (1 - Rp) / (1 - p). Pairs have the paired bet, and units that come more than once the normal
 * test, about the same ratio.
 *
 * @param question The contrast of the means, without an offset; `design` is the ratio to be best at.
 */
export function lateEventPart(
  { contrast, design }: { readonly contrast: Contrast; readonly design: number },
  input: RateInput,
): TestPart {
  const { scale } = input;
  const { direction } = contrast;
  const outcome = countedOutcome(input);
  const rate = outcome === 1 ? scale.centre : 1 - scale.centre;
  const ratioOf = (ratio: number): number =>
    outcome === 1 ? ratio : (1 - ratio * scale.centre) / rate;
  const nullRatio = ratioOf(contrast.ratio);
  const designRatio = ratioOf(design);
  const onPairs = contrastPart({
    // x_c - R x_b about complements is 1 - R more about the means, turned round.
    contrast: { ratio: nullRatio, offset: outcome === 1 ? 0 : 1 - nullRatio, direction },
    effect: Math.abs(designRatio - nullRatio) * rate,
    scale,
  });
  const towards = outcome === 1 ? direction : direction === 1 ? -1 : 1;
  return rateRatioPart(
    { nullRatio, designRatio, direction: towards },
    { scale, onPairs, event: outcome },
  );
}

/** The part of a distance between two rates that is left when only the counted outcome speaks. */
export function lateEventShare(input: RateInput): number {
  const { centre } = input.scale;
  return Math.sqrt(countedOutcome(input) === 1 ? 1 - centre : centre);
}

function countedOutcome({ metric, scale }: RateInput): 0 | 1 {
  return metric.direction === "higher_is_better" && scale.centre > 0.5 ? 0 : 1;
}
