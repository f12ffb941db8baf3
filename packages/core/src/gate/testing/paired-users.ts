import type { StratumEvidence } from "../evidence.ts";
import { UNIT_BUCKETS } from "../unit-bucket.ts";
import { seededRandom, stratum } from "./builders.ts";

export type PairedUsers = {
  readonly users: number;
  readonly requestsEach: number;
  /** Rate of events of each release. */
  readonly rate: { readonly candidate: number; readonly baseline: number };
  /** Correlation of two answers of one release to one user: each user has rates of their own. */
  readonly correlation: number;
  /** Pairs at which one looks, ascending; 1 or more. */
  readonly looks: readonly number[];
  /** Bin of an event, of 100. */
  readonly bin?: string;
};

/**
 * Copies of requests of users who like and dislike each release in their own way: a user's rates under the two
 * are independent, beta distributed. Users ask in turn, so that all of them are in at every look. What has
 * been seen at each look.
 */
export function watchPairedUsers(of: PairedUsers, seed: number): readonly StratumEvidence[] {
  const random = seededRandom(seed);
  const users = Array.from({ length: of.users }, () => ({
    bucket: Math.floor(random() * UNIT_BUCKETS),
    candidate: ownRate(random, of.rate.candidate, of.correlation),
    baseline: ownRate(random, of.rate.baseline, of.correlation),
  }));
  const joint: Record<string, number> = {};
  const units: Record<string, number> = {};
  const strata: StratumEvidence[] = [];
  const most = of.users * of.requestsEach;
  for (let pair = 1; pair <= most; pair += 1) {
    const { bucket, candidate, baseline } = users[Math.floor(random() * of.users)]!;
    const bins = `${random() < baseline ? 100 : 0}:${random() < candidate ? 100 : 0}`;
    joint[bins] = (joint[bins] ?? 0) + 1;
    units[`${bucket}:${bins}`] = (units[`${bucket}:${bins}`] ?? 0) + 1;
    if (of.looks.includes(pair)) {
      strata.push(stratum({ pairs: { joint: { ...joint }, units: { ...units } } }));
    }
  }
  return strata;
}

/** Beta with a mean and the intra-class correlation 1/(a + b + 1); by gammas. */
function ownRate(random: () => number, mean: number, correlation: number): number {
  if (correlation === 0 || mean <= 0 || mean >= 1) return mean;
  const whole = 1 / correlation - 1;
  const [one, other] = [gamma(random, mean * whole), gamma(random, (1 - mean) * whole)];
  return one + other > 0 ? one / (one + other) : mean;
}

/** Marsaglia and Tsang (2000); shapes below 1 by a power of a uniform. */
function gamma(random: () => number, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const cube = (1 + normal / Math.sqrt(9 * d)) ** 3;
    if (cube <= 0) continue;
    const uniform = 1 - random();
    if (Math.log(uniform) < normal ** 2 / 2 + d - d * cube + d * Math.log(cube)) return d * cube;
  }
}
