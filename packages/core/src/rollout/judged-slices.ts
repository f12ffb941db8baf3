import { sliceName } from "../feature/feature.ts";
import type { MetricEvidence, RolloutEvidence, TimedEvidence } from "../gate/evidence.ts";
import { ALL_TRAFFIC } from "../gate/evidence.ts";

/** Slices of a rollout at most: each takes its part of the weight, and each has to be proven safe. */
export const SLICES_MAX = 50;

/** The value under which all that was not known beforehand is judged together. */
const OTHER = "other";

export type JudgedSlices = {
  readonly evidence: RolloutEvidence;
  /** Those of which there is evidence, in a fixed order. */
  readonly slices: readonly string[];
  /** By how many the weight of slices is divided, whichever have turned up. */
  readonly slots: number;
};

/**
 * The slices that a gate judges. Fixed before the start, since a weight that shrinks when another slice
 * turns up is chosen after the fact: averaging in a fresh row (e-value 1) lifts an average that stands
 * below 1, so the average would be no e-process. Values that were not known, which clients may invent,
 * are judged together as `attribute=other`; of an attribute that was not known, not at all.
 *
 * @param known As frozen with the strategy ({@link frozenSlices}); none without.
 */
export function judgedSlices(
  evidence: RolloutEvidence,
  known: readonly string[] = [],
): JudgedSlices {
  const seen = [...new Set(evidence.metrics.map((entry) => entry.slice))]
    .filter((slice) => slice !== ALL_TRAFFIC)
    .toSorted();
  const listed = new Set(known);
  if (seen.every((slice) => listed.has(slice))) {
    return { evidence, slices: seen, slots: known.length };
  }
  const named = <T extends MetricEvidence | TimedEvidence>(entry: T): T[] => {
    if (entry.slice === ALL_TRAFFIC || listed.has(entry.slice)) return [entry];
    const other = otherSliceOf(entry.slice);
    return listed.has(other) ? [{ ...entry, slice: other }] : [];
  };
  const { metrics, timed, exposures } = evidence;
  const judged = {
    metrics: metrics.flatMap(named),
    exposures,
    ...(timed === undefined ? {} : { timed: timed.flatMap(named) }),
  };
  const slices = [...new Set(judged.metrics.map((entry) => entry.slice))]
    .filter((slice) => slice !== ALL_TRAFFIC)
    .toSorted();
  return { evidence: judged, slices, slots: known.length };
}

/**
 * The list to freeze with a rollout: the values that are known of each attribute, the first ones first,
 * and one place for the rest of each.
 */
export function frozenSlices(attributes: readonly string[], known: readonly string[]): string[] {
  const others = attributes.map((attribute) => sliceName(attribute, OTHER));
  const values = [...new Set(known)].filter((slice) => !others.includes(slice));
  return [...values.slice(0, SLICES_MAX - others.length), ...others];
}

/** The slice that a value which is not listed is judged in. */
export function otherSliceOf(slice: string): string {
  return sliceName(slice.slice(0, Math.max(0, slice.indexOf("="))), OTHER);
}
