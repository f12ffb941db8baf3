import { normalMixtureLogE } from "./normal-mixture.ts";

/**
 * A prior of so many units, a tenth of the exact test's: sticky units are few, and a split that is off by
 * a third must be found among some hundreds. Over large numbers it costs ½ ln 10 = 1.2 of evidence.
 */
const UNIT_CONCENTRATION = 100;

/** One stage of an experiment on units that come more than once: observations by group of units. */
export type UnitSplit = {
  /** The same groups in the same order, in every stage. */
  readonly candidate: readonly number[];
  readonly baseline: readonly number[];
  /** Planned probability that a unit is on the candidate, strictly between 0 and 1. */
  readonly propensity: number;
};

/**
 * Log e-value against "units are split as planned", from counts of what they did. With c and b the
 * observations of a group g in a stage k and n = c + b,
 *
 *   d_g = Σ_k (1 - w_k) c_gk - w_k b_gk,   θ = Σ_g d_g / N,   V = (G/(G - 1)) Σ_g (d_g - θ n_g)² / N²
 *
 * where G groups are not empty. The mean of θ is 0 under the null, however often each unit comes, and
 * groups are independent because units are assigned independently. A unit stays on its side as the share
 * grows, so its stages are added before squaring (Cochran 1977, "Sampling techniques", chapter 9A).
 *
 * V is never less than for single draws, Σ_k N_k w_k(1 - w_k)/N², nor than what the assignment gives units as
 * uneven as these. V alone is small just when no unit that comes often has fallen to the smaller arm, and
 * that the arm got little is then taken for proof: at a share of a tenth it alarmed in 1 to 5 of 100 sound
 * experiments. With m_uk what a unit does in stage k, and units that stay as the share grows,
 *
 *   Var(Σ_g d_g) = Σ_kl min(w_k, w_l)(1 - max(w_k, w_l)) Σ_u m_uk m_ul,
 *
 * and as units are hashed to the G₀ groups there are, Σ_u m_uk m_ul is estimated, whichever arm they are in,
 * by G₀/(G₀ - 1) Σ_g (n_gk - n̄_k)(n_gl - n̄_l).
 *
 * Two-sided normal mixture over θ in information time (Howard et al. 2021, equation 14), with the
 * prior of the exact test (sample-ratio.ts) as a normal one: ρ = κ/(w(1 - w)). For units that come once it
 * is that test's approximation; sticky ones count as fewer. Ask for some tens of groups in both arms.
 *
 * What is tested is that requests are split as planned: a release after which units come more often, or
 * not again, alarms as well as a broken assignment.
 */
export function unitSampleRatioLogE(stages: readonly UnitSplit[]): number {
  const groups = groupsOf(stages);
  const [total, sum] = [sumOf(groups.counts), sumOf(groups.deviations)];
  if (total === 0) return 0;
  const off = sum / total;
  const filled = groups.counts.filter((count) => count > 0).length;
  let squares = 0;
  for (const [group, deviation] of groups.deviations.entries()) {
    squares += (deviation - off * (groups.counts[group] as number)) ** 2;
  }
  const between = filled < 2 ? Number.POSITIVE_INFINITY : (filled / (filled - 1)) * squares;
  const variance = Math.max(between, groups.singleVariance, assignmentVariance(stages));
  const v = (total * total) / variance;
  const rho = (UNIT_CONCENTRATION * total) / groups.singleVariance;
  return normalMixtureLogE({ s: off * v, v }, rho, "two_sided");
}

type Groups = {
  readonly counts: readonly number[];
  readonly deviations: readonly number[];
  /** Of the sum of all deviations, if every observation were a unit of its own. */
  readonly singleVariance: number;
};

function groupsOf(stages: readonly UnitSplit[]): Groups {
  const counts: number[] = [];
  const deviations: number[] = [];
  let singleVariance = 0;
  for (const { candidate, baseline, propensity: w } of stages) {
    for (const [group, c] of candidate.entries()) {
      const b = baseline[group] as number;
      counts[group] = (counts[group] ?? 0) + c + b;
      deviations[group] = (deviations[group] ?? 0) + (1 - w) * c - w * b;
      singleVariance += (c + b) * w * (1 - w);
    }
  }
  return { counts, deviations, singleVariance };
}

/** Of the sum of all deviations, from how unevenly the groups are filled; see above. */
function assignmentVariance(stages: readonly UnitSplit[]): number {
  const centred = stages.map(({ candidate, baseline, propensity }) => {
    const counts = candidate.map((count, group) => count + (baseline[group] as number));
    const mean = sumOf(counts) / counts.length;
    return { propensity, unevenness: counts.map((count) => count - mean) };
  });
  let variance = 0;
  for (const one of centred) {
    for (const other of centred) {
      const smaller = Math.min(one.propensity, other.propensity);
      const larger = Math.max(one.propensity, other.propensity);
      let products = 0;
      for (const [group, off] of one.unevenness.entries()) {
        products += off * (other.unevenness[group] as number);
      }
      variance += smaller * (1 - larger) * products;
    }
  }
  const groups = centred[0]?.unevenness.length ?? 0;
  return groups < 2 ? 0 : (variance * groups) / (groups - 1);
}

function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
