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
