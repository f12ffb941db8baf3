// Serves reports and checks, not gates: it needs both samples (or a histogram of every value) and
// tests equality without a margin. Gates count exceedances of a fixed value instead.
import { betaBinomialLogE, betaBinomialMixture } from "../beta-binomial-mixture.ts";
import { minimizer } from "../stitching.ts";

export type QuantileTest = {
  /** Which quantile, strictly between 0 and 1. */
  readonly quantile: number;
  /** Size of one sample at which the test should be best, and the level tuned for. */
  readonly tOpt: number;
  readonly alphaOpt: number;
};

/**
 * Anytime-valid p-value against "both populations have the same quantile": min(1, exp(-min_x
 * [G_c(x) + G_b(x)])), where G_a(x) is the least log e-value against "x is arm a's quantile". A
 * quantile x leaves between F(x-) and F(x) of the arm below it, and the log e-value is convex in
 * that share, so the least one is at the share nearest to the minimum over all shares. Only values
 * that occur need to be tried.
 *
 * Howard and Ramdas (2022), theorem 5.
 */
export function equalQuantilesPValue(
  candidate: readonly number[],
  baseline: readonly number[],
  test: QuantileTest,
): number {
  const costs = [quantileCost(candidate, test), quantileCost(baseline, test)];
  let least = Number.POSITIVE_INFINITY;
  for (const value of [...candidate, ...baseline]) {
    let cost = 0;
    for (const costOf of costs) cost += costOf(value);
    least = Math.min(least, cost);
  }
  return Math.min(1, Math.exp(-least));
}

function quantileCost(values: readonly number[], test: QuantileTest): (value: number) => number {
  const sorted = values.toSorted((left, right) => left - right);
  const { quantile: p, tOpt, alphaOpt } = test;
  const unit = p * (1 - p);
  const step = { g: p, h: 1 - p };
  const mixture = betaBinomialMixture(step, { vOpt: unit * tOpt, alphaOpt }, "two_sided");
  const n = sorted.length;
  const logE = (share: number): number =>
    betaBinomialLogE({ s: (share - p) * n, v: unit * n }, mixture);
  const best = minimizer(logE, { low: 0, high: 1 });
  return (value) => {
    const below = firstIndex(sorted, (other) => other >= value) / n;
    const upTo = firstIndex(sorted, (other) => other > value) / n;
    return logE(Math.min(upTo, Math.max(below, best)));
  };
}

/** Index of the first element that has a property which all later ones have too. */
function firstIndex(sorted: readonly number[], has: (value: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (has(sorted[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
