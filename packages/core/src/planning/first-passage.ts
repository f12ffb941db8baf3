import { logNormalCdf } from "../statistics/log-normal-cdf.ts";

/** One component of a mixture as a random walk: the log-wealth of one bet. */
export type Walk = {
  /** Mean and variance of what one observation adds to the log-wealth. */
  readonly drift: number;
  readonly variance: number;
  /** The log-wealth at which this component alone settles the question: see walks.ts. */
  readonly barrier: number;
  /** The most that one observation can add: fewer than barrier / largest observations never suffice. */
  readonly largest: number;
};

/** More than this many observations is no plan. */
const LARGEST_PLAN = 1e9;

/**
 * Chance that the walk has passed its barrier after `n` observations: the inverse Gaussian law of a
 * Brownian motion's first passage, Φ((gn - B)/√(vn)) + e^{2gB/v} Φ((-gn - B)/√(vn)).
 * Source: Cox and Miller (1965), section 5.7.
 */
function passageChance(walk: Walk, n: number): number {
  const { drift, variance, barrier, largest } = walk;
  if (barrier <= 0) return 1;
  // Brownian motion has no largest step, and would let a walk of rare heavy losses pass at once.
  if (!(n * largest >= barrier)) return 0;
  if (!(variance > 0)) return drift * n >= barrier ? 1 : 0;
  const scale = Math.sqrt(variance * n);
  const direct = logNormalCdf((drift * n - barrier) / scale);
  const reflected = (2 * drift * barrier) / variance + logNormalCdf((-drift * n - barrier) / scale);
  return Math.min(1, Math.exp(direct) + Math.exp(reflected));
}

/**
 * The fewest observations after which the mixture has settled its question with the wanted chance: a
 * mixture passes when one of its components does, so the best one counts. Null when none ever does.
 */
export function observationsForChance(walks: readonly Walk[], chance: number): number | null {
  const reached = (n: number): boolean => walks.some((walk) => passageChance(walk, n) >= chance);
  if (!reached(LARGEST_PLAN)) return null;
  let [low, high] = [0, 1];
  while (!reached(high)) [low, high] = [high, high * 2];
  while (high - low > 0.5) {
    const middle = (low + high) / 2;
    if (reached(middle)) high = middle;
    else low = middle;
  }
  return Math.ceil(high);
}
