/**
 * The standard normal score that is about as far out as a Student's t with ν degrees of freedom: an estimate
 * in standard errors that are themselves estimated says less, and this is how much less. Its tail is the
 * t's to within some percent from ν = 5 on, so a normal mixture of it keeps its level at each look.
 *
 * (8ν + 1)/(8ν + 3) · √(ν ln(1 + t²/ν)) with the sign of t: Wallace (1959), "Bounds on normal approximations to
 * Student's and the chi-square distributions", Annals of Mathematical Statistics 30, section 2.
 *
 * @param df Greater than 0; Infinity leaves t as it is.
 */
export function normalScoreOfStudent(t: number, df: number): number {
  if (!Number.isFinite(df)) return t;
  return Math.sign(t) * shrinkage(df) * Math.sqrt(df * Math.log1p((t * t) / df));
}

/** The t whose {@link normalScoreOfStudent} is `z`: radii of normal mixtures in estimated standard errors. */
export function studentOfNormalScore(z: number, df: number): number {
  if (!Number.isFinite(df)) return z;
  const unshrunk = z / shrinkage(df);
  return Math.sign(z) * Math.sqrt(df * Math.expm1((unshrunk * unshrunk) / df));
}

function shrinkage(df: number): number {
  return (8 * df + 1) / (8 * df + 3);
}
