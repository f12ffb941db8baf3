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
  // The mean rises with θ: bracketed, then halved. Forty halvings are beyond what a count can tell.
  let [low, high] = [-1 / (most - least), 1 / (most - least)];
  for (let step = 0; step < MOST_STEPS && at(low).mean > 0; step += 1) low *= 2;
  for (let step = 0; step < MOST_STEPS && at(high).mean < 0; step += 1) high *= 2;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (at(middle).mean > 0) high = middle;
    else low = middle;
  }
  return at((low + high) / 2).square;
}

const MOST_STEPS = 40;
