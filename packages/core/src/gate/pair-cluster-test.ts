import type { ClusteredArm } from "../statistics/clustered-contrast.ts";
import { clusteredArm } from "../statistics/clustered-contrast.ts";
import type { Contrast } from "../statistics/contrast.ts";
import { logAdd } from "../statistics/log-sum-exp.ts";
import { normalContrastLogE } from "../statistics/normal-contrast.ts";
import { normalScoreOfStudent } from "../statistics/student-scores.ts";
import type { SeenValues } from "../statistics/tilted-variance.ts";
import { tiltedVariance } from "../statistics/tilted-variance.ts";
import type { PairBinCount } from "./cells.ts";
import type { BurnIn, ClusterQuestion } from "./cluster-test.ts";
import { LEAST_BUCKETS, leastBuckets } from "./cluster-test.ts";
import type { ObservedRow } from "./observed-row.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import { outcomeOfBin } from "./outcome-scale.ts";
import type { PairUnits } from "./pair-units.ts";
import { sumPairUnits } from "./pair-units.ts";
import { RARE_EVENTS_WEIGHT, rareUnitEventsLogE } from "./rare-unit-events.ts";
import { outcomeSums } from "./unit-sums.ts";

/**
 * NM1 on pairs of units that come more than once: ln E against H0 direction·E[d] <= 0, with d = x_c - R x_b - δ
 * of the two answers to one request.
 *
 * What users have in common cancels in a pair; what each makes of the *change* does not, so twenty pairs of a
 * user are not twenty draws. Independent are the units, of which 64 groups stand for single ones: the variance
 * of the mean is taken between them, as of one arm alone (`clusteredArm`), with Student's correction. It
 * counts pairs of all stages alike, since each is a comparison by itself.
 *
 * Such a variance flatters a lucky candidate (decision 11). So it is the design effect (variance between
 * groups over that of single pairs) times the variance that single pairs would have under the null, where
 * that is more (`tiltedVariance`). Asymptotic, hence the burn-in: before it, 0 (no evidence).
 */
export function pairClusterLogE(
  pairs: PairUnits,
  question: ClusterQuestion,
  of: { readonly scale: OutcomeScale; readonly burnIn: BurnIn },
): number {
  if (pairs.isEmpty) return 0;
  const known = kept.get(pairs) ?? new Map<ClusterQuestion, Kept>();
  const before = known.get(question);
  if (before?.scale === of.scale && before.burnIn === of.burnIn) return before.logE;
  const logE = computeLogE(pairs, question, of);
  kept.set(pairs, known.set(question, { ...of, logE }));
  return logE;
}

type Kept = { readonly scale: OutcomeScale; readonly burnIn: BurnIn; readonly logE: number };

/** By the identity of the pairs: both readings ask for the same, and a stage that is over at every look. */
const kept = new WeakMap<PairUnits, Map<ClusterQuestion, Kept>>();

function computeLogE(
  pairs: PairUnits,
  question: ClusterQuestion,
  { scale, burnIn }: { readonly scale: OutcomeScale; readonly burnIn: BurnIn },
): number {
  const seen = seenPairs(pairs, question.contrast, scale);
  const logE = normalLogE(seen, question, burnIn);
  if (!scale.isBinary || burnIn.eventsOf === "both_arms") return logE;
  const candidate = outcomeSums(pairs.candidate, scale.candidate);
  const hasUnits = pairs.filledGroups >= LEAST_BUCKETS;
  const rare = hasUnits ? rareUnitEventsLogE(candidate, question.contrast) : null;
  if (rare === null) return logE;
  return logAdd(Math.log(1 - RARE_EVENTS_WEIGHT) + logE, Math.log(RARE_EVENTS_WEIGHT) + rare);
}

type SeenPairs = {
  /** The mean of d with its variance between groups; null without pairs. */
  readonly mean: ClusteredArm | null;
  /** Values of d, with half a pair more at both ends of what it can be. */
  readonly smoothed: SeenValues;
  /** Pairs whose answers differ; of the candidate alone, of either outcome as many as of the rarer one. */
  readonly differing: number;
  /** What harms where `direction` is harm: of the candidate alone its events, else what differs. */
  readonly harmful: number;
  readonly baselineMean: number;
  readonly baselineEvents: number;
};

function seenPairs(pairs: PairUnits, contrast: Contrast, scale: OutcomeScale): SeenPairs {
  const { ratio, offset, direction } = contrast;
  const candidateOf = (pair: PairBinCount): number =>
    outcomeOfBin(scale.candidate, pair.candidateBin);
  const baselineOf = (pair: PairBinCount): number => outcomeOfBin(scale.baseline, pair.baselineBin);
  const valueOf = (pair: PairBinCount): number =>
    candidateOf(pair) - ratio * baselineOf(pair) - offset;
  const byValue = new Map<number, number>([
    [1 - offset, 0.5],
    [-ratio - offset, 0.5],
  ]);
  let [differing, candidateSum, baselineSum] = [0, 0, 0];
  for (const entry of pairs.joint) {
    const value = valueOf(entry);
    const [candidate, baseline] = [candidateOf(entry), baselineOf(entry)];
    byValue.set(value, (byValue.get(value) ?? 0) + entry.count);
    candidateSum += entry.count * candidate;
    baselineSum += entry.count * baseline;
    if (candidate !== baseline) differing += entry.count;
  }
  const { total } = pairs;
  const others = total - candidateSum;
  const alone = scale.isBinary ? Math.min(candidateSum, others) : total;
  // A candidate that always fails never shows the other outcome.
  const harmAlone = scale.isBinary ? (direction === 1 ? candidateSum : others) : total;
  return {
    mean: clusteredArm([{ sums: pairs.sumsOf(valueOf), weight: 1 }]),
    smoothed: { values: [...byValue.keys()], counts: [...byValue.values()] },
    differing: ratio === 0 ? alone : differing,
    harmful: ratio === 0 ? harmAlone : differing,
    baselineMean: total === 0 ? 0 : baselineSum / total,
    baselineEvents: Math.min(baselineSum, total - baselineSum),
  };
}

function normalLogE(
  seen: SeenPairs,
  { contrast, effect }: ClusterQuestion,
  burnIn: BurnIn,
): number {
  const { mean } = seen;
  if (mean === null || !isBurntIn(seen, contrast, burnIn)) return 0;
  const variance = nullVariance(mean, seen, burnIn);
  if (!Number.isFinite(variance)) return 0;
  const deviation = Math.sqrt(variance);
  const score = normalScoreOfStudent(mean.mean / deviation, mean.degreesOfFreedom);
  const { direction } = contrast;
  return normalContrastLogE({ estimate: score * deviation, variance }, { direction, effect });
}

/**
 * Never less than that of single pairs. Too few that differ say nothing of how they cluster: then all that a
 * unit does counts as one.
 */
function nullVariance(
  { variance, observations, units }: ClusteredArm,
  { smoothed, differing }: SeenPairs,
  burnIn: BurnIn,
): number {
  const single = varianceOf(smoothed);
  const shown = Math.max(1, (variance * observations) / single);
  const effect = differing >= burnIn.events ? shown : Math.max(shown, observations / units);
  return (effect * Math.max(single, tiltedVariance(smoothed))) / observations;
}

function varianceOf({ values, counts }: SeenValues): number {
  let [total, sum, squares] = [0, 0, 0];
  for (const [index, value] of values.entries()) {
    const count = counts[index] as number;
    total += count;
    sum += count * value;
    squares += count * value * value;
  }
  const mean = sum / total;
  return squares / total - mean * mean;
}

function isBurntIn(seen: SeenPairs, contrast: Contrast, burnIn: BurnIn): boolean {
  const { mean, differing, harmful } = seen;
  if (mean === null || mean.observations < burnIn.perArm || mean.buckets < LEAST_BUCKETS) {
    return false;
  }
  const shown = burnIn.eventsOf === "both_arms" ? harmful : differing;
  return Math.max(shown, expectedToDiffer(seen, contrast, burnIn)) >= burnIn.events;
}

/**
 * Pairs that differ at the edge of the null at least, in units that count as one each: of answers that are all
 * alike, so many would have to be as far out as can be. Of the candidate alone, the rarer outcome. A baseline that
 * has shown too few events itself is taken to have none, so that nothing rests on a few that came by chance.
 */
function expectedToDiffer(
  { mean, baselineMean, baselineEvents }: SeenPairs,
  { ratio, offset, direction }: Contrast,
  burnIn: BurnIn,
): number {
  if (mean === null) return 0;
  if (ratio === 0) return mean.units * Math.max(0, Math.min(offset, 1 - offset));
  const without = direction === -1 ? 0 : 1;
  const control = baselineEvents >= burnIn.events ? baselineMean : without;
  const alike = control * (1 - ratio) - offset;
  if (alike === 0) return 0;
  const farthest = alike < 0 ? 1 - offset : -ratio - offset;
  return mean.units * Math.max(0, Math.min(alike / (alike - farthest), 1));
}

/** Pairs of some strata of which the group is known. */
export function groupedPairs(
  { strata }: ObservedRow,
  isUsed: (propensity: number) => boolean = () => true,
): PairUnits {
  return sumPairUnits(
    strata.filter(({ propensity }) => isUsed(propensity)).map(({ pairUnits }) => pairUnits),
  );
}

/** Pairs that prove nothing, since units come more than once and theirs are not known. */
export function ungroupedPairs(row: ObservedRow): number {
  return row.isClustered ? row.pairCount - groupedPairs(row).total : 0;
}

/** Groups of units that the row can be decided by: of the smaller arm, or of the pairs. */
export function decidingGroups(row: ObservedRow): number | null {
  if (!row.isClustered) return null;
  return Math.max(leastBuckets(row) ?? 0, groupedPairs(row).filledGroups);
}
