import type { RecordedAnswer, RecordedPair } from "./recordings.ts";

/** A question of the recording, with the answers that the two versions gave to it. */
export type TrafficItem = {
  readonly itemId: string;
  readonly category: string;
  readonly baseline: RecordedAnswer;
  readonly candidate: RecordedAnswer;
};

/** mulberry32 (Tommy Ettinger, public domain): small, seeded, good enough to shuffle with. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Fisher-Yates. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

/**
 * The traffic that a recording amounts to, in random order.
 *
 * Different versions: the items that both answered. The same version on both sides, or two files that
 * share no item: the answers are split at random into two halves, and within each category one of the
 * one half is put beside one of the other, as if both had been asked alike. That is a true null: the
 * halves are exchangeable.
 */
export function trafficOf(pair: RecordedPair, random: () => number): TrafficItem[] {
  const isSame = pair.baselineVersion === pair.candidateVersion;
  const shared = isSame ? [] : sharedItems(pair);
  return shuffled(shared.length > 0 ? shared : matchedHalves(pair, isSame, random), random);
}

function sharedItems(pair: RecordedPair): TrafficItem[] {
  return [...pair.baseline.values()].flatMap((baseline) => {
    const candidate = pair.candidate.get(baseline.itemId);
    if (candidate === undefined || baseline.score === null || candidate.score === null) return [];
    return [{ itemId: baseline.itemId, category: baseline.category, baseline, candidate }];
  });
}

function matchedHalves(pair: RecordedPair, isSame: boolean, random: () => number): TrafficItem[] {
  const scored = (answers: Iterable<RecordedAnswer>): RecordedAnswer[] =>
    shuffled(
      [...answers].filter((answer) => answer.score !== null),
      random,
    );
  const all = scored(pair.baseline.values());
  const [left, right] = isSame
    ? [all.filter((_, index) => index % 2 === 0), all.filter((_, index) => index % 2 === 1)]
    : [all, scored(pair.candidate.values())];
  const byCategory = Map.groupBy(right, (answer) => answer.category);
  return left.flatMap((baseline) => {
    const candidate = byCategory.get(baseline.category)?.pop();
    if (candidate === undefined) return [];
    return [{ itemId: baseline.itemId, category: baseline.category, baseline, candidate }];
  });
}
