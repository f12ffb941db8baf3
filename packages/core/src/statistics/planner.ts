export type PlanQuestion = {
  /** Log e-value so far, and the one that would settle the question. */
  readonly logE: number;
  readonly threshold: number;
  /** Distance of the contrast from the null, as designed or as seen so far, on the [0, 1] scale. */
  readonly effect: number;
  /** Variance that one candidate observation (with its share of baseline ones) or pair brings. */
  readonly variance: number;
};

// The design bet's prior weight is a quarter, so its wealth must be four times the threshold.
const LOG_PRIOR_COST = Math.log(4);
const LARGEST_PLAN = 10_000_000;

/**
 * About how many more candidate observations (or pairs) would settle a question; 0 when it is settled,
 * null when there is no end in sight (no distance to find, or more than ten million).
 *
 * The best bet grows by about effect² / (2(variance + effect²)) per observation (second-order expansion
 * of E ln(1 + λz) at its maximum). With little evidence so far, ln 4 is added for the mixture. An
 * estimate for people to plan with, typically within a third; no decision rests on it.
 *
 * Not power.ts: that asks beforehand for a chance under an assumed distribution. This goes on from the
 * odds that a row has, knows a mean and a variance, and is asked for every row of a report.
 */
export function observationsToSettle(question: PlanQuestion): number | null {
  const missing = question.threshold - question.logE;
  if (missing <= 0) return 0;
  const { effect, variance } = question;
  if (!(effect > 0)) return null;
  const growth = (effect * effect) / (2 * (variance + effect * effect));
  const mixtureCost = Math.max(0, LOG_PRIOR_COST - Math.max(0, question.logE));
  const observations = Math.ceil((missing + mixtureCost) / growth);
  return observations <= LARGEST_PLAN ? observations : null;
}
