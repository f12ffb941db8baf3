import { describe, expect, it } from "vitest";
import { splitDifferenceLogE } from "./split-difference.ts";

const kinds = (late: readonly [number, number], early: readonly [number, number]) =>
  [late, early].map(([candidate, baseline]) => ({ candidate, baseline }));

describe("the test of two splits", () => {
  it("finds a kind that is split otherwise, and not a split that is common to both", () => {
    expect(splitDifferenceLogE(kinds([120, 60], [80, 140]), 0.5)).toBeGreaterThan(Math.log(1_000));
    // Twice as many of both kinds: more events, and no difference between the kinds.
    expect(splitDifferenceLogE(kinds([120, 60], [80, 40]), 0.5)).toBeLessThan(0);
  });

  it("has a mean of at most 1 under a common split, whatever it is", () => {
    const most = 14;
    for (const split of [0.1, 0.5, 0.7]) {
      let mean = 0;
      for (let late = 0; late <= most; late += 1) {
        for (let early = 0; early <= most; early += 1) {
          const chance = binomial(late, most, split) * binomial(early, most, split);
          const counts = kinds([late, most - late], [early, most - early]);
          mean += chance * Math.exp(splitDifferenceLogE(counts, 0.5));
        }
      }
      expect(mean).toBeLessThanOrEqual(1);
    }
  });

  it("says nothing without events", () => {
    expect(splitDifferenceLogE(kinds([0, 0], [0, 0]), 0.2)).toBeCloseTo(0, 12);
  });
});

function binomial(successes: number, of: number, chance: number): number {
  let ways = 1;
  for (let index = 1; index <= successes; index += 1) ways *= (of - successes + index) / index;
  return ways * chance ** successes * (1 - chance) ** (of - successes);
}
