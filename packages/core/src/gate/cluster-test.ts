import type { Contrast } from "../statistics/contrast.ts";
import { normalMixtureLogE, normalMixtureRho } from "../statistics/normal-mixture.ts";
import type { UnitBinCount } from "./cells.ts";
import type { ObservedRow } from "./observed-row.ts";
import { isRandomised } from "./observed-row.ts";
import type { ArmScale, OutcomeScale } from "./outcome-scale.ts";
import { outcomeOfBin } from "./outcome-scale.ts";
import { UNIT_BUCKETS } from "./unit-bucket.ts";

/** A contrast of two means and the distance from its null that matters; ratio 0: no baseline in it. */
export type ClusterQuestion = { readonly contrast: Contrast; readonly effect: number };

/** What must be there before an asymptotic test may speak (statistics of small samples). */
export type BurnIn = { readonly perArm: number; readonly events: number };

export const HARM_BURN_IN: BurnIn = { perArm: 50, events: 10 };
export const SAFETY_BURN_IN: BurnIn = { perArm: 200, events: 30 };
/** Of the clipped mean of a heavy tail; at 200 it promotes one harmful change in eight. */
export const HEAVY_TAIL_BURN_IN: BurnIn = { perArm: 2_000, events: 30 };

/** Fewer groups of units than this in an arm, and the variance between them is a guess. */
export const LEAST_BUCKETS = 30;

/** Level that the mixture is tuned for; another one costs power only. */
const TUNED_ALPHA = 0.05;
/** A difference of 2.8 standard errors is found with power 0.8: the time to tune for. */
const TUNED_STANDARD_ERRORS = 2.8;

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
 * The normal mixture is Howard et al. (2021), proposition 3, in information time; asymptotic, hence the
 * burn-in: before it, 0 (no evidence).
 */
export function clusterLogE(
  row: ObservedRow,
  { contrast, effect }: ClusterQuestion,
  of: { readonly scale: OutcomeScale; readonly burnIn: BurnIn },
): number {
  const { ratio, offset, direction } = contrast;
  const candidate = newArm();
  const baseline = newArm();
  let weights = 0;
  let sum = 0;
  for (const stratum of row.strata) {
    const usesBaseline = ratio !== 0;
    if (usesBaseline && !isRandomised(stratum.propensity)) continue;
    const c = groupSums(stratum.candidateUnits, of.scale.candidate);
    const b = groupSums(stratum.baselineUnits, of.scale.baseline);
    if (c.n === 0 || (usesBaseline && b.n === 0)) continue;
    const weight = usesBaseline ? (c.n * b.n) / (c.n + b.n) : c.n;
    weights += weight;
    sum += weight * (c.s / c.n - ratio * (b.n === 0 ? 0 : b.s / b.n) - offset);
    addStratum(candidate, c, weight);
    if (usesBaseline) addStratum(baseline, b, weight * ratio);
  }
  const arms = ratio === 0 ? [candidate] : [candidate, baseline];
  if (weights === 0 || !arms.every((arm) => isBurntIn(arm, of))) return 0;
  const variance =
    arms.reduce((total, arm) => total + varianceOf(arm, of.scale), 0) / (weights * weights);
  const v = 1 / variance;
  const s = (direction * (sum / weights)) / variance;
  const vOpt = (TUNED_STANDARD_ERRORS / Math.max(effect, 1e-6)) ** 2;
  const rho = normalMixtureRho({ vOpt, alphaOpt: TUNED_ALPHA }, "one_sided");
  return normalMixtureLogE({ s, v }, rho, "one_sided");
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

function bucketsOf(units: readonly (readonly UnitBinCount[])[]): number {
  return new Set(units.flat().map(({ bucket }) => bucket)).size;
}

type GroupSums = {
  readonly counts: readonly number[];
  readonly sums: readonly number[];
  readonly n: number;
  readonly s: number;
};

function groupSums(units: readonly UnitBinCount[], scale: ArmScale): GroupSums {
  const counts = Array.from({ length: UNIT_BUCKETS }, () => 0);
  const sums = Array.from({ length: UNIT_BUCKETS }, () => 0);
  let n = 0;
  let s = 0;
  for (const { bucket, bin, count } of units) {
    const outcome = outcomeOfBin(scale, bin);
    const at = Math.min(UNIT_BUCKETS - 1, Math.max(0, bucket));
    counts[at] = (counts[at] as number) + count;
    sums[at] = (sums[at] as number) + count * outcome;
    n += count;
    s += count * outcome;
  }
  return { counts, sums, n, s };
}

/** What strata add up to: weighted deviations by group, and what a floor of the variance needs. */
type Arm = {
  readonly deviations: number[];
  readonly isSeen: boolean[];
  n: number;
  s: number;
  /** Σ weight²·(variance of the mean if all observations were single draws). */
  floor: number;
};

function newArm(): Arm {
  return {
    deviations: Array.from({ length: UNIT_BUCKETS }, () => 0),
    isSeen: Array.from({ length: UNIT_BUCKETS }, () => false),
    n: 0,
    s: 0,
    floor: 0,
  };
}

function addStratum(arm: Arm, { counts, sums, n, s }: GroupSums, weight: number): void {
  const mean = s / n;
  for (let bucket = 0; bucket < UNIT_BUCKETS; bucket += 1) {
    const count = counts[bucket] as number;
    if (count === 0) continue;
    arm.isSeen[bucket] = true;
    const deviation = ((sums[bucket] as number) - mean * count) / n;
    arm.deviations[bucket] = (arm.deviations[bucket] as number) + weight * deviation;
  }
  arm.n += n;
  arm.s += s;
  const smoothed = (s + 0.5) / (n + 1);
  arm.floor += (weight * weight * smoothed * (1 - smoothed)) / n;
}

/** Never less than what events as single draws would have; of scores, a hundredth of that. */
function varianceOf(arm: Arm, scale: OutcomeScale): number {
  const groups = arm.isSeen.filter(Boolean).length;
  let squares = 0;
  for (const deviation of arm.deviations) squares += deviation * deviation;
  const floor = scale.isBinary ? arm.floor : arm.floor / 100;
  return Math.max((groups / (groups - 1)) * squares, floor);
}

function isBurntIn(
  arm: Arm,
  { scale, burnIn }: { readonly scale: OutcomeScale; readonly burnIn: BurnIn },
): boolean {
  const rarer = Math.min(arm.s, arm.n - arm.s);
  const hasEvents = !scale.isBinary || rarer >= burnIn.events;
  return arm.n >= burnIn.perArm && hasEvents && arm.isSeen.filter(Boolean).length >= LEAST_BUCKETS;
}
