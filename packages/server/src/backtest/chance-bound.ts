/**
 * The most events that `trials` independent ones, each with a chance of at most `chance`, come to but in a share
 * `level` of all cases: the smallest k with P(X > k) <= level for X binomial (Clopper and Pearson 1934, one side).
 */
export function mostByChance(
  trials: number,
  { chance, level }: { readonly chance: number; readonly level: number },
): number {
  if (!(chance > 0)) return 0;
  const logOdds = Math.log(chance) - Math.log1p(-chance);
  // In logarithms: of many trials the chance of none is too small for a number.
  let logShare = trials * Math.log1p(-chance);
  let atMost = Math.exp(logShare);
  let events = 0;
  while (events < trials && 1 - atMost > level) {
    events += 1;
    logShare += Math.log((trials - events + 1) / events) + logOdds;
    atMost += Math.exp(logShare);
  }
  return events;
}
