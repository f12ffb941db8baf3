/**
 * e-BH: which of K hypotheses to reject so that the expected share of false ones among the rejected
 * is at most alpha, under any dependence. Reject the k* largest, k* = max{k : e_(k) >= K / (alpha k)}.
 *
 * Wang and Ramdas (2022), "False discovery rate control with e-values", definition 2.
 *
 * @param logValues Natural logarithms of the e-values.
 * @param alpha Level in (0, 1].
 * @returns Indices of the rejected hypotheses, ascending.
 */
export function rejectByEBenjaminiHochberg(
  logValues: readonly number[],
  alpha: number,
): readonly number[] {
  const order = logValues
    .map((logValue, index) => ({ logValue, index }))
    .toSorted((left, right) => right.logValue - left.logValue || left.index - right.index);
  let rejected = 0;
  for (const [position, { logValue }] of order.entries()) {
    const rank = position + 1;
    if (logValue >= Math.log(order.length / (alpha * rank))) rejected = rank;
  }
  return order
    .slice(0, rejected)
    .map(({ index }) => index)
    .toSorted((left, right) => left - right);
}
