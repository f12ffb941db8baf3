import type { StratumEvidence } from "../evidence.ts";
import { UNIT_BUCKETS } from "../unit-bucket.ts";
import { seededRandom, stratum } from "./builders.ts";

export type Conversations = {
  /** Mean score of a release's answers: each scores 90 or, spoiled, 0 of 100. */
  readonly mean: { readonly candidate: number; readonly baseline: number };
  /** Correlation of two answers of a conversation; 1: it is spoiled as a whole or not at all. */
  readonly correlation: number;
  /** Probability that a conversation is on the candidate. */
  readonly propensityBps: number;
  /** Answers of the candidate at which one looks, ascending. */
  readonly looks: readonly number[];
};

const GOOD_SCORE = 90;
const LONGEST = 400;

/**
 * Conversations of uneven length (lognormal with sigma 1.2: most are short, some go on for hundreds of
 * answers), each scored alike to some part. What has been seen at each look.
 */
export function watchConversations(of: Conversations, seed: number): readonly StratumEvidence[] {
  const random = seededRandom(seed);
  const arms = { candidate: new Map<string, number>(), baseline: new Map<string, number>() };
  const strata: StratumEvidence[] = [];
  let answers = 0;
  while (strata.length < of.looks.length) {
    const arm = random() < of.propensityBps / 10_000 ? "candidate" : "baseline";
    const length = Math.min(LONGEST, Math.ceil(Math.exp(0.9 + 1.2 * normal(random))));
    const bucket = Math.floor(random() * UNIT_BUCKETS);
    const spoiled = 1 - of.mean[arm] / (GOOD_SCORE / 100);
    const mood = random() < spoiled ? 1 : 0;
    for (let answer = 0; answer < length; answer += 1) {
      // Two answers both follow the mood with probability `correlation`.
      const isMoody = random() < Math.sqrt(of.correlation);
      const isSpoiled = isMoody ? mood === 1 : random() < spoiled;
      const key = `${bucket}:${isSpoiled ? 0 : GOOD_SCORE}`;
      arms[arm].set(key, (arms[arm].get(key) ?? 0) + 1);
    }
    if (arm === "candidate") answers += length;
    while (strata.length < of.looks.length && answers >= (of.looks[strata.length] as number)) {
      const [candidate, baseline] = [cellOf(arms.candidate), cellOf(arms.baseline)];
      strata.push(stratum({ propensityBps: of.propensityBps, candidate, baseline }));
    }
  }
  return strata;
}

function cellOf(units: ReadonlyMap<string, number>) {
  const bins: Record<string, number> = {};
  for (const [key, count] of units) {
    const bin = key.slice(key.indexOf(":") + 1);
    bins[bin] = (bins[bin] ?? 0) + count;
  }
  return { bins, units: Object.fromEntries(units) };
}

/** By Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
