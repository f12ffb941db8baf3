// Serves reports and checks, not gates: it needs complete blocks of fixed size, tests equality
// without a margin, and its estimates depend on the order of the blocks.

/** Successes of one block among its `candidateSize` and `baselineSize` observations. */
export type Block = { readonly candidate: number; readonly baseline: number };

export type TwoProportionsDesign = {
  readonly candidateSize: number;
  readonly baselineSize: number;
  /** Imagined successes and failures of each arm, > 0; 0.18 in the authors' software. */
  readonly prior: {
    readonly candidate: readonly [successes: number, failures: number];
    readonly baseline: readonly [successes: number, failures: number];
  };
};

/**
 * Log e-value against "both rates are equal", after each block: each block's likelihood at the
 * posterior means of the two arms over that at the pooled rate (n_c θ_c + n_b θ_b)/(n_c + n_b).
 *
 * Turner, Ly and Grünwald (2024), "Generic E-variables for exact sequential k-sample tests that
 * allow for optional stopping".
 */
export function twoProportionsLogEs(
  blocks: readonly Block[],
  { candidateSize, baselineSize, prior }: TwoProportionsDesign,
): number[] {
  let [candidateHits, candidateMisses] = prior.candidate;
  let [baselineHits, baselineMisses] = prior.baseline;
  const total = candidateSize + baselineSize;
  let logE = 0;
  return blocks.map(({ candidate, baseline }) => {
    const candidateRate = candidateHits / (candidateHits + candidateMisses);
    const baselineRate = baselineHits / (baselineHits + baselineMisses);
    const pooled = (candidateSize * candidateRate + baselineSize * baselineRate) / total;
    logE +=
      logLikelihood(candidate, candidateSize, candidateRate) +
      logLikelihood(baseline, baselineSize, baselineRate) -
      logLikelihood(candidate + baseline, total, pooled);
    candidateHits += candidate;
    candidateMisses += candidateSize - candidate;
    baselineHits += baseline;
    baselineMisses += baselineSize - baseline;
    return logE;
  });
}

function logLikelihood(events: number, n: number, rate: number): number {
  return events * Math.log(rate) + (n - events) * Math.log1p(-rate);
}
