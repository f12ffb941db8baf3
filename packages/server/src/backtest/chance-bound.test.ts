import { describe, expect, it } from "vitest";
import { mostByChance } from "./chance-bound.ts";

describe("how many events are chance", () => {
  // From sums of exact binomial probabilities.
  it.each([
    [1, 0.05, 0.01, 1],
    [20, 0.05, 0.01, 4],
    [100, 0.05, 0.05, 9],
    [100, 0.05, 0.01, 11],
    [580, 0.05, 0.01, 42],
    [10, 1e-6, 0.01, 0],
    [0, 0.05, 0.01, 0],
  ])("of %i at a chance of %d, at level %d: %i", (trials, chance, level, most) => {
    expect(mostByChance(trials, { chance, level })).toBe(most);
  });

  it("does not depend on whether the chance of none is a number", () => {
    const most = mostByChance(200_000, { chance: 0.05, level: 0.01 });
    // Mean 10,000, standard deviation 97.5.
    expect(most).toBeGreaterThan(10_000 + 2.2 * 97.5);
    expect(most).toBeLessThan(10_000 + 2.5 * 97.5);
  });
});
