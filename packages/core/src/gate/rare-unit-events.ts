import { mixGrid } from "../statistics/bet-grid.ts";
import type { BucketSums } from "../statistics/bucket-sums.ts";
import type { Contrast } from "../statistics/contrast.ts";
import { effectiveUnits } from "../statistics/effective-units.ts";
import { rateLogs } from "../statistics/one-sample.ts";

/**
 * What the test of rare events weighs in a proof of safety: it costs the normal mixture ln(1/0.9) = 0.1, and
 * is by itself enough where five harmful units were to be expected and none was seen.
 */
export const RARE_EVENTS_WEIGHT = 0.1;

/**
 * M4 on the harmful events of units that come more than once: ln E against H0 "the candidate's rate of them is
 * at least what the null allows a baseline without any". A normal mixture waits for the first dozens of
 * events, which a candidate that does nothing wrong never shows.
 *
 * How events cluster cannot be known from a few, so answers count as so many units as there are at least
 * (`effectiveUnits`) and events each as if of a unit of its own. That a unit fails must not depend on how often it
 * comes: if the few who come most are those for whom it fails, fewer units than that decide, and a candidate
 * harmed exactly at the margin was cleared in up to 13% of plays where four to ten users made a tenth to a fifth of
 * the traffic. And a baseline can show no fewer harmful events than none, so that nothing rests on what it
 * happened to show:
 *
 *   lower is better:   μ_c >= R μ_b + δ         implies  rate >= δ
 *   higher is better:  μ_c <= R μ_b + δ, μ_b <= 1  implies  rate of failures >= 1 - R - δ
 *
 * @param candidate Outcomes of 0 and 1, of all strata together.
 * @param contrast Of a proof of safety: `direction` -1 where events are harm, +1 where their absence is.
 * @returns Null where the null allows a candidate no rate of its own, as of a ratio of events.
 */
export function rareUnitEventsLogE(candidate: BucketSums, contrast: Contrast): number | null {
  const nullRate = rareNullRate(contrast);
  if (nullRate === null) return null;
  const sum = totalOf(candidate.sums);
  const events = contrast.direction === -1 ? sum : totalOf(candidate.counts) - sum;
  const observations = Math.max(events, effectiveUnits(candidate.counts));
  return mixGrid(rateLogs({ events, observations }, { nullRate, direction: -1 }));
}

/** The least rate of harmful events under the null; null where it allows none, or too many to be rare. */
export function rareNullRate({ ratio, offset, direction }: Contrast): number | null {
  const rate = direction === -1 ? offset : 1 - ratio - offset;
  return rate > 0 && rate < 0.5 ? rate : null;
}

function totalOf(counts: readonly number[]): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
