import { describe, expect, it } from "vitest";
import { drawBinomial, drawGamma, drawMultinomial, drawPoisson, seededRandom } from "./random.ts";

const DRAWS = 20_000;

/** Mean and variance of many draws, each held to five standard errors of its own. */
function expectMoments(draw: () => number, wanted: { mean: number; variance: number }): void {
  const drawn = Array.from({ length: DRAWS }, draw);
  const mean = drawn.reduce((sum, one) => sum + one, 0) / DRAWS;
  const variance = drawn.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (DRAWS - 1);
  expect(Math.abs(mean - wanted.mean)).toBeLessThan(5 * Math.sqrt(wanted.variance / DRAWS));
  // The fourth moment of a count is at most 3v² + v.
  const ofVariance = Math.sqrt((2 * wanted.variance ** 2 + wanted.variance) / DRAWS);
  expect(Math.abs(variance - wanted.variance)).toBeLessThan(5 * ofVariance);
}

describe("invented counts", () => {
  it.each([0.3, 4, 9.9, 10.1, 60, 5_000])("Poisson of mean %d has its moments", (mean) => {
    const random = seededRandom(1, mean);
    expectMoments(() => drawPoisson(random, mean), { mean, variance: mean });
  });

  it.each([
    [20, 0.1],
    [60, 0.4],
    [1_000, 0.002],
    [1_000, 0.15],
    [100_000, 0.93],
  ])("binomial of %d at %d has its moments", (trials, chance) => {
    const random = seededRandom(2, trials);
    const mean = trials * chance;
    const draw = () => drawBinomial(random, trials, chance);
    expectMoments(draw, { mean, variance: mean * (1 - chance) });
  });

  it.each([0.05, 0.7, 1, 4, 300])("gamma of shape %d has its moments", (shape) => {
    const random = seededRandom(4, shape * 100);
    let [sum, squares] = [0, 0];
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const drawn = drawGamma(random, shape);
      sum += drawn;
      squares += (drawn - shape) ** 2;
    }
    expect(Math.abs(sum / DRAWS - shape)).toBeLessThan(5 * Math.sqrt(shape / DRAWS));
    // The fourth central moment of a gamma is 3k² + 6k.
    const ofVariance = Math.sqrt((2 * shape ** 2 + 6 * shape) / DRAWS);
    expect(Math.abs(squares / DRAWS - shape)).toBeLessThan(5 * ofVariance);
  });

  it("are spread over cells without losing any", () => {
    const random = seededRandom(3);
    const shares = [0.2, 0, 0.5, 0.3];
    const counts = [0, 0, 0, 0];
    drawMultinomial(random, { count: 100_000, shares }, (cell, count) => {
      counts[cell]! += count;
    });
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(100_000);
    expect(counts[1]).toBe(0);
    expect(counts[2]! / 100_000).toBeCloseTo(0.5, 1);
  });

  it("replay from their seeds", () => {
    const first = seededRandom(7, 1);
    const again = seededRandom(7, 1);
    const other = seededRandom(7, 2);
    const take = (random: () => number) => Array.from({ length: 5 }, random);
    expect(take(first)).toEqual(take(again));
    expect(take(other)).not.toEqual(take(seededRandom(7, 1)));
  });
});
