/**
 * The largest relative growth in mean that an e-process makes in one step, over all states that
 * `depth` observations can reach: exact, by enumeration. A supermartingale makes none, whatever
 * happened before and whenever one stops.
 *
 * @param chances Probability of each kind of observation under the null.
 * @param logE Log e-value of counts, one per kind.
 */
export function largestStep(
  chances: readonly number[],
  logE: (counts: readonly number[]) => number,
  depth: number,
): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const counts of countsUpTo(chances.length, depth)) {
    const now = logE(counts);
    let mean = 0;
    for (const [kind, chance] of chances.entries()) {
      if (chance === 0) continue;
      const next = counts.map((count, index) => count + (index === kind ? 1 : 0));
      mean += chance * Math.exp(logE(next) - now);
    }
    largest = Math.max(largest, mean - 1);
  }
  return largest;
}

/** All vectors of `kinds` counts whose sum is at most `depth`. */
function countsUpTo(kinds: number, depth: number): readonly (readonly number[])[] {
  if (kinds === 0) return [[]];
  return Array.from({ length: depth + 1 }, (_, first) =>
    countsUpTo(kinds - 1, depth - first).map((rest) => [first, ...rest]),
  ).flat();
}

/** A uniform number in [0, 1) from a seed (mulberry32), for simulations that must replay. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A standard normal number, by Box and Muller. */
export function seededNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * The largest count that a true chance of `level` allows in so many runs, with three standard
 * errors.
 */
export function allowedCount(level: number, runs: number): number {
  return runs * level + 3 * Math.sqrt(runs * level * (1 - level));
}
