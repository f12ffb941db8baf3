/** Distinct values with how often each was seen; two arrays of one length. */
export type SeenValues = { readonly values: readonly number[]; readonly counts: readonly number[] };

/**
 * Variance that values would have if their mean were 0: of the distribution nearest to what was seen (in
 * Kullback and Leibler's sense) that has this mean, p_i ∝ n_i exp(θ x_i) (Efron 1981, "Nonparametric standard
 * errors and confidence intervals", section 11). For two answers that differ or not it is the variance at about
 * the restricted maximum likelihood, as in the score test of a paired difference (Tango 1998); values that
 * spread alike whatever their mean keep their variance.
 *
 * @returns Infinity where 0 is outside of the values: no such distribution is near.
 */
export function tiltedVariance({ values, counts }: SeenValues): number {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (!(least < 0 && most > 0)) return Number.POSITIVE_INFINITY;
  const at = (theta: number): { readonly mean: number; readonly square: number } => {
    // Relative to the largest term, so that none overflows.
    const top = Math.max(theta * least, theta * most);
    let [total, sum, squares] = [0, 0, 0];
    for (const [index, value] of values.entries()) {
      const weight = (counts[index] as number) * Math.exp(theta * value - top);
      total += weight;
      sum += weight * value;
      squares += weight * value * value;
    }
    return { mean: sum / total, square: squares / total };
  };
  // The mean rises with θ, by the variance: Newton's steps, halved where they leave what is known to hold it.
  let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let theta = 0;
  let seen = at(theta);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (Math.abs(seen.mean) < PRECISION * Math.sqrt(seen.square)) break;
    if (seen.mean > 0) high = theta;
    else low = theta;
    theta = nextTheta(theta, seen, {
      low,
      high,
      longest: (2 ** step * LONGEST_STEP) / (most - least),
    });
    seen = at(theta);
  }
  return seen.square;
}

const MOST_STEPS = 100;
/** Of the mean, in deviations: far less than any sample can tell. */
const PRECISION = 1e-10;
/** Over the width of the values, and twice as long each time: far from the root the slope says little. */
const LONGEST_STEP = 1;

function nextTheta(
  theta: number,
  { mean, square }: { readonly mean: number; readonly square: number },
  { low, high, longest }: { readonly low: number; readonly high: number; readonly longest: number },
): number {
  const slope = Math.max(square - mean * mean, Number.MIN_VALUE);
  const newton = theta + Math.max(-longest, Math.min(longest, -mean / slope));
  return newton > low && newton < high ? newton : (low + high) / 2;
}
