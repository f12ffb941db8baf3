import { logBeta } from "./log-gamma.ts";

/** Events of one kind, by arm. */
export type EventSplit = { readonly candidate: number; readonly baseline: number };

/** The prior of each kind's split is worth so many events around the plan: it costs little, and forbids nothing. */
const CONCENTRATION = 20;

/**
 * Log e-value against "events of two kinds are split alike between the arms", whatever that split is, valid at
 * every look:
 *
 *   Π_kinds [B(a + c, b + d) / B(a, b)] / sup_θ θ^(Σc) (1 - θ)^(Σd),   a = κw, b = κ(1 - w),
 *
 * with c and d a kind's events of the candidate and of the baseline. The numerator is a mixture over one split for
 * each kind; under a common split θ its ratio to the likelihood of θ is a martingale of mean 1, and the
 * denominator is at least that likelihood.
 *
 * Source: Wasserman, Ramdas and Balakrishnan (2020), "Universal inference", PNAS 117 (29), section 8.
 *
 * @param propensity Planned probability of the candidate, strictly between 0 and 1: only centres the prior.
 */
export function splitDifferenceLogE(kinds: readonly EventSplit[], propensity: number): number {
  const a = CONCENTRATION * propensity;
  const b = CONCENTRATION * (1 - propensity);
  let [log, candidates, baselines] = [0, 0, 0];
  for (const { candidate, baseline } of kinds) {
    log += logBeta(a + candidate, b + baseline) - logBeta(a, b);
    candidates += candidate;
    baselines += baseline;
  }
  return log - largestLogLikelihood(candidates, baselines);
}

function largestLogLikelihood(candidates: number, baselines: number): number {
  const all = candidates + baselines;
  const term = (count: number): number => (count > 0 ? count * Math.log(count / all) : 0);
  return term(candidates) + term(baselines);
}
