import type { ClusteredArm, ClusteredStratum } from "../statistics/clustered-contrast.ts";
import { clusteredArm, clusteredArms } from "../statistics/clustered-contrast.ts";
import type { Contrast } from "../statistics/contrast.ts";
import { logAdd } from "../statistics/log-sum-exp.ts";
import { normalContrastLogE } from "../statistics/normal-contrast.ts";
import { normalScoreOfStudent } from "../statistics/student-scores.ts";
import type { ObservedRow } from "./observed-row.ts";
import { isRandomised } from "./observed-row.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import { RARE_EVENTS_WEIGHT, rareUnitEventsLogE } from "./rare-unit-events.ts";
import { UNIT_BUCKETS } from "./unit-bucket.ts";
import type { UnitBins } from "./unit-bins.ts";
import { sumUnits } from "./unit-bins.ts";
import { outcomeSums } from "./unit-sums.ts";

/** A contrast of two means and the distance from its null that matters; ratio 0: no baseline in it. */
export type ClusterQuestion = { readonly contrast: Contrast; readonly effect: number };

/** What must be there before an asymptotic test may speak (statistics of small samples). */
export type BurnIn = {
  readonly perArm: number;
  readonly events: number;
  /**
   * Whose events these are, of the rarer outcome. Before harm it is both arms together: one that fails always and
   * one that never does have none each, and there is nothing rarer to wait for. Before safety it is each arm.
   */
  readonly eventsOf: "both_arms" | "each_arm";
};

export const HARM_BURN_IN: BurnIn = { perArm: 50, events: 10, eventsOf: "both_arms" };
export const SAFETY_BURN_IN: BurnIn = { perArm: 200, events: 30, eventsOf: "each_arm" };
/** Of the clipped mean of a heavy tail; at 200 it promotes one harmful change in eight. */
export const HEAVY_TAIL_BURN_IN: BurnIn = { perArm: 2_000, events: 30, eventsOf: "each_arm" };

/** Fewer groups of units than this in an arm, and the variance between them is a guess. */
export const LEAST_BUCKETS = 30;

/**
 * NM1 on a row whose units come more than once: ln E against H0 direction·(μ_c - Rμ_b - δ) <= 0.
 *
 * Requests of one user resemble each other, and all of them are in one arm, so counting requests as
 * single draws finds differences between users and calls them harm. What is independent is the units;
 * 64 groups of them stand in for them. With N_b, S_b the observations and outcomes of group b, the
 * variance of an arm's mean is B/(B-1)·Σ_b(S_b - x̄N_b)²/n² (the cluster-robust variance of a ratio). A
 * unit stays in its arm as the share grows, so the deviations of a group are summed over strata before
 * they are squared. Strata weigh n_c·n_b/(n_c + n_b) (Mantel and Haenszel).
 *
 * The normal mixture is Howard et al. (2021), proposition 3, in information time, with the variance taken
 * under the null (`nullVariance`), and of one arm alone with Student's correction; asymptotic, hence the
 * burn-in: before it, 0 (no evidence).
 */
export function clusterLogE(
  row: ObservedRow,
  question: ClusterQuestion,
  { scale, burnIn }: { readonly scale: OutcomeScale; readonly burnIn: BurnIn },
): number {
  const usesBaseline = question.contrast.ratio !== 0;
  const used = row.strata.filter(({ propensity }) => !usesBaseline || isRandomised(propensity));
  const strata = used.map(({ candidateUnits, baselineUnits }) => ({
    candidate: outcomeSums(candidateUnits, scale.candidate),
    baseline: outcomeSums(baselineUnits, scale.baseline),
  }));
  const logE = bucketsLogE(strata, question, { isBinary: scale.isBinary, burnIn });
  if (!scale.isBinary || burnIn.eventsOf === "both_arms") return logE;
  const candidate = outcomeSums(
    sumUnits(used.map(({ candidateUnits }) => candidateUnits)),
    scale.candidate,
  );
  const hasUnits = candidate.counts.filter((count) => count > 0).length >= LEAST_BUCKETS;
  const rare = hasUnits ? rareUnitEventsLogE(candidate, question.contrast) : null;
  if (rare === null) return logE;
  return logAdd(Math.log(1 - RARE_EVENTS_WEIGHT) + logE, Math.log(RARE_EVENTS_WEIGHT) + rare);
}

/** What is summed: events, or outcomes in [0, 1]; and what must be there first. */
type Summed = { readonly isBinary: boolean; readonly burnIn: BurnIn };

/** The test of {@link clusterLogE} on sums by group of units. */
function bucketsLogE(
  strata: readonly ClusteredStratum[],
  { contrast, effect }: ClusterQuestion,
  summed: Summed,
): number {
  const { ratio, offset, direction } = contrast;
  const arms = armsOf(strata, ratio);
  if (arms === null || !isBurntIn(arms, contrast, summed)) return 0;
  const estimate = arms.reduce((sum, { arm, factor }) => sum + factor * arm.mean, -offset);
  const variance = nullVariance(arms, estimate, summed);
  // Of two arms the larger design effect counts, which makes up for what one does not know of its own.
  const df = arms.length === 1 ? (arms[0] as ContrastArm).arm.degreesOfFreedom : undefined;
  const deviation = Math.sqrt(variance);
  const scored =
    df === undefined ? estimate : normalScoreOfStudent(estimate / deviation, df) * deviation;
  return normalContrastLogE({ estimate: scored, variance }, { direction, effect });
}

type ContrastArm = { readonly arm: ClusteredArm; readonly factor: number };

/** The arms that a contrast is about; of the candidate alone, every observation weighs alike. */
function armsOf(strata: readonly ClusteredStratum[], ratio: number): ContrastArm[] | null {
  if (ratio !== 0) {
    const both = clusteredArms(strata);
    if (both === null) return null;
    return [
      { arm: both.candidate, factor: 1 },
      { arm: both.baseline, factor: -ratio },
    ];
  }
  const alone = clusteredArm(
    strata.map(({ candidate }) => ({
      sums: candidate,
      weight: candidate.counts.reduce((sum, count) => sum + count, 0),
    })),
  );
  return alone === null ? null : [{ arm: alone, factor: 1 }];
}

/**
 * The variance of the estimate, as it would be under the null. What an arm shows of itself is too little just
 * when its mean flatters it: a candidate whose few long bad conversations have not come yet seems good, and
 * sure of it. So an arm's variance is its design effect (how often the variance of single events, in an arm
 * of that size) times that of single events, and of an arm that would spread more under the null than it
 * shows, neither is believed:
 *
 * - single events spread at the mean that the null gives it: the score test's variance. Scores in [0, 1] are
 *   taken to spread like events, in proportion;
 * - if it is the smaller arm, its design effect is at least the larger one's, for under the null both arms
 *   have units alike, and more of them have been seen in the larger one.
 *
 * Under the null both come to nothing as the arms grow. An arm whose mean speaks against it shows more
 * variance and is believed. Decision 11 has what this costs and gains.
 */
function nullVariance(arms: readonly ContrastArm[], estimate: number, summed: Summed): number {
  const largest = arms.reduce((one, other) =>
    other.arm.observations > one.arm.observations ? other : one,
  );
  const ofLargest = designEffect(largest.arm, summed);
  let variance = 0;
  for (const { arm, factor } of arms) {
    const nullMean = arm.mean - estimate / factor;
    const spread = Math.max(1, eventSpread(nullMean) / eventSpread(smoothedMean(arm)));
    const own = designEffect(arm, summed);
    const effect = spread > 1 ? Math.max(ofLargest, own) : own;
    variance += factor * factor * effect * arm.eventVariance * spread;
  }
  return variance;
}

/**
 * Never less than that of events as single draws; of scores, a hundredth of it. Too few events say nothing of
 * how they cluster: then all that a unit does counts as one.
 */
function designEffect(arm: ClusteredArm, summed: Summed): number {
  const { variance, eventVariance, observations, units } = arm;
  const seen = Math.max(variance / eventVariance, summed.isBinary ? 1 : 0.01);
  return hasEvents(arm, summed) ? seen : Math.max(seen, observations / units);
}

/** Half an event each way, as in `eventVariance`: of a mean at an end something is left. */
function smoothedMean({ mean, observations }: ClusteredArm): number {
  return (mean * observations + 0.5) / (observations + 1);
}

/** Variance of a single event. A mean beyond the ends spreads no more than one at an end. */
function eventSpread(mean: number): number {
  const inside = Math.min(1, Math.max(0, mean));
  return inside * (1 - inside);
}

function isBurntIn(arms: readonly ContrastArm[], contrast: Contrast, summed: Summed): boolean {
  const { perArm, events, eventsOf } = summed.burnIn;
  const hasMany = arms.every(
    ({ arm }) => arm.observations >= perArm && arm.buckets >= LEAST_BUCKETS,
  );
  if (!hasMany) return false;
  if (!summed.isBinary) return true;
  const seen =
    eventsOf === "each_arm"
      ? Math.min(...arms.map(({ arm }) => rarerOf([arm])))
      : harmSeen(arms, contrast);
  return Math.max(seen, expectedEvents(arms, contrast, summed)) >= events;
}

/** Of one arm by itself what is harm, since a candidate that always fails never shows the other outcome. */
function harmSeen(arms: readonly ContrastArm[], { direction }: Contrast): number {
  const [only, other] = arms;
  if (only === undefined || other !== undefined) return rarerOf(arms.map(({ arm }) => arm));
  return direction === 1 ? only.arm.sum : only.arm.observations - only.arm.sum;
}

function rarerOf(arms: readonly Pick<ClusteredArm, "sum" | "observations">[]): number {
  let [events, others] = [0, 0];
  for (const { sum, observations } of arms) {
    events += sum;
    others += observations - sum;
  }
  return Math.min(events, others);
}

function hasEvents(arm: ClusteredArm, { isBinary, burnIn }: Summed): boolean {
  return !isBinary || rarerOf([arm]) >= burnIn.events;
}

/**
 * Events (the rarer of the two outcomes) that the candidate would show at the edge of the null, in units that
 * count as one each. A baseline that has shown too few itself is taken to have none, so that what is expected
 * does not rest on a few of them that came by chance.
 */
function expectedEvents(
  [candidate, baseline]: readonly ContrastArm[],
  { ratio, offset, direction }: Contrast,
  summed: Summed,
): number {
  if (candidate === undefined) return 0;
  const without = direction === -1 ? 0 : 1;
  const control =
    baseline !== undefined && hasEvents(baseline.arm, summed) ? baseline.arm.mean : without;
  const nullMean = ratio * control + offset;
  return candidate.arm.units * Math.max(0, Math.min(nullMean, 1 - nullMean));
}

/** Non-empty groups of units in the arm that has fewer of them; null before any live traffic. */
export function leastBuckets({ strata }: ObservedRow): number | null {
  const live = strata.filter(({ propensity }) => propensity > 0);
  if (live.length === 0) return null;
  const candidate = bucketsOf(live.map(({ candidateUnits }) => candidateUnits));
  const randomised = live.filter(({ propensity }) => isRandomised(propensity));
  if (randomised.length === 0) return candidate;
  return Math.min(candidate, bucketsOf(randomised.map(({ baselineUnits }) => baselineUnits)));
}

function bucketsOf(units: readonly UnitBins[]): number {
  let filled = 0;
  for (let group = 0; group < UNIT_BUCKETS; group += 1) {
    if (units.some(({ counts }) => (counts[group] as number) > 0)) filled += 1;
  }
  return filled;
}
