/**
 * The 97.5% point of the unevenness of 64 groups, over its mean: 63 / χ²(0.025; 63). Units that come very unevenly
 * spread it more; what that makes too little is on top of {@link effectiveUnits} counting all that a unit does
 * as one.
 */
export const UPPER_UNEVENNESS = 63 / 42.95;

/**
 * How many units some observations count for, at least: (Σ m)² / Σ m², with m what one unit has contributed
 * (Kish 1965, "Survey Sampling", section 8.2, for units whose observations are all alike).
 *
 * The units themselves are not known, only how many observations fell to each of G groups, to which units
 * are hashed. Σ m² is estimated by G/(G - 1) Σ (n_g - n̄)², and taken at its upper confidence limit.
 *
 * @param counts Observations by group, empty groups included.
 * @returns Between the number of filled groups and the number of observations.
 */
export function effectiveUnits(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const filled = counts.filter((count) => count > 0).length;
  if (counts.length < 2) return filled;
  const mean = total / counts.length;
  const unevenness = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0);
  const squares = (UPPER_UNEVENNESS * unevenness * counts.length) / (counts.length - 1);
  if (squares === 0) return filled;
  return Math.min(total, Math.max(filled, (total * total) / squares));
}
