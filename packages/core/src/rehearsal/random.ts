import { logGamma } from "../statistics/log-gamma.ts";

/** A stream of uniform numbers in [0, 1) that replays from its seed. */
export type Random = () => number;

/**
 * sfc32 of Doty-Humphrey, with the words of the seed mixed in: several words give streams that have
 * nothing to do with each other, so that a scenario's repetition can be played again by itself.
 */
export function seededRandom(...words: readonly number[]): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (const word of words) {
    a ^= word;
    for (let round = 0; round < 12; round += 1) next();
  }
  return next;
}

// Below this mean, counting one by one is quicker than rejection, and it is exact as well.
const SMALL_MEAN = 10;

/** A Poisson count. Exact: exponential gaps for small means, else PTRS of Hörmann (1993). */
export function drawPoisson(random: Random, mean: number): number {
  if (!(mean > 0)) return 0;
  if (mean < SMALL_MEAN) {
    const limit = Math.exp(-mean);
    let product = random();
    let count = 0;
    while (product > limit) {
      product *= random();
      count += 1;
    }
    return count;
  }
  const root = Math.sqrt(mean);
  const b = 0.931 + 2.53 * root;
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  const logMean = Math.log(mean);
  for (;;) {
    const u = random() - 0.5;
    const v = random();
    const us = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return count;
    if (count < 0 || (us < 0.013 && v > us)) continue;
    const bound = -mean + count * logMean - logGamma(count + 1);
    if (Math.log((v * inverseAlpha) / (a / (us * us) + b)) <= bound) return count;
  }
}

/** Keeps a bound a bound when both of its sides are rounded. */
const ROUNDED_UP = 1 + 1e-9;

/** A binomial count. Exact: waiting times for small means, else BTRS of Hörmann (1993). */
export function drawBinomial(random: Random, trials: number, chance: number): number {
  if (trials <= 0 || !(chance > 0)) return 0;
  if (chance >= 1) return trials;
  if (chance > 0.5) return trials - drawBinomial(random, trials, 1 - chance);
  return trials * chance < SMALL_MEAN
    ? countByWaiting(random, trials, chance)
    : rejectBinomial(random, trials, chance);
}

/**
 * Geometric gaps between successes. There is none among n trials when the first number is at least
 * 1 - (1 - p)^n, which is at most np: most cells of a thin spread are done without a logarithm.
 */
function countByWaiting(random: Random, trials: number, chance: number): number {
  const first = random();
  if (first > trials * chance * ROUNDED_UP) return 0;
  const logMiss = Math.log1p(-chance);
  let successes = 0;
  let trial = Math.floor(Math.log1p(-first) / logMiss) + 1;
  while (trial <= trials) {
    successes += 1;
    trial += Math.floor(Math.log1p(-random()) / logMiss) + 1;
  }
  return successes;
}

function rejectBinomial(random: Random, trials: number, chance: number): number {
  const spread = Math.sqrt(trials * chance * (1 - chance));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * chance;
  const centre = trials * chance + 0.5;
  const squeeze = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * spread;
  const logOdds = Math.log(chance / (1 - chance));
  const mode = Math.floor((trials + 1) * chance);
  for (;;) {
    const u = random() - 0.5;
    const v = random();
    const us = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / us + b) * u + centre);
    if (count < 0 || count > trials) continue;
    if (us >= 0.07 && v <= squeeze) return count;
    const bound =
      logFactorial(mode) +
      logFactorial(trials - mode) -
      logFactorial(count) -
      logFactorial(trials - count) +
      (count - mode) * logOdds;
    if (Math.log((v * alpha) / (a / (us * us) + b)) <= bound) return count;
  }
}

const LOG_FACTORIALS: number[] = [];
const LOG_FACTORIALS_KEPT = 10_000;

/** ln n!; small ones are asked for millions of times. */
function logFactorial(n: number): number {
  if (n >= LOG_FACTORIALS_KEPT) return logGamma(n + 1);
  return (LOG_FACTORIALS[n] ??= logGamma(n + 1));
}

/**
 * Spreads a number of draws over cells with given shares (summing to 1), as counts: binomials one cell
 * after the other, so that the work grows with the cells and not with the draws.
 */
export function drawMultinomial(
  random: Random,
  draw: { readonly count: number; readonly shares: readonly number[] },
  add: (cell: number, count: number) => void,
): void {
  let left = draw.count;
  let shareLeft = 1;
  const last = draw.shares.length - 1;
  for (let cell = 0; cell < last && left > 0; cell += 1) {
    const share = draw.shares[cell] as number;
    if (share <= 0) continue;
    const count = drawBinomial(random, left, Math.min(1, share / shareLeft));
    if (count > 0) add(cell, count);
    left -= count;
    shareLeft = Math.max(Number.MIN_VALUE, shareLeft - share);
  }
  if (left > 0) add(last, left);
}

/** A standard normal number, by the polar method of Marsaglia (1964). */
function drawNormal(random: Random): number {
  for (;;) {
    const x = 2 * random() - 1;
    const y = 2 * random() - 1;
    const square = x * x + y * y;
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square);
  }
}

/** A gamma number of scale 1, for a shape > 0. Exact: Marsaglia and Tsang (2000). */
export function drawGamma(random: Random, shape: number): number {
  if (shape < 1) return drawGamma(random, shape + 1) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = drawNormal(random);
    const root = 1 + c * normal;
    if (root <= 0) continue;
    const v = root ** 3;
    const u = 1 - random();
    const square = normal * normal;
    // Within the bound, without its logarithms: their "squeeze".
    if (u < 1 - 0.0331 * square * square) return d * v;
    if (Math.log(u) < 0.5 * square + d - d * v + d * Math.log(v)) return d * v;
  }
}
