/**
 * ln(Σ exp(x_i)) without overflow or underflow. Returns -Infinity for no terms (an empty sum is 0).
 * Terms of -Infinity are allowed and add nothing.
 */
export function logSumExp(logValues: readonly number[]): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logValue of logValues) largest = Math.max(largest, logValue);
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (const logValue of logValues) sum += Math.exp(logValue - largest);
  return largest + Math.log(sum);
}

/** ln(exp(a) + exp(b)): {@link logSumExp} of two, without an array, for recursions over time. */
export function logAdd(a: number, b: number): number {
  const largest = Math.max(a, b);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log1p(Math.exp(Math.min(a, b) - largest));
}

/** One e-value (as natural logarithm) and its share of an average. */
export type WeightedLogValue = { readonly weight: number; readonly logValue: number };

/**
 * ln(Σ weight_i · E_i), the weighted average of e-values. With weights that were fixed beforehand and
 * sum to at most 1 it is an e-value again, under any dependence between the E_i (linearity of the
 * expectation; Vovk and Wang 2021, section 3).
 */
export function logWeightedAverage(terms: readonly WeightedLogValue[]): number {
  return logSumExp(
    terms.filter((term) => term.weight > 0).map((term) => Math.log(term.weight) + term.logValue),
  );
}
