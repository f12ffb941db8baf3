import { describe, expect, it } from "vitest";
import { effectiveUnits } from "./effective-units.ts";
import { seededRandom } from "./testing/e-process.ts";

const GROUPS = 64;

/** Observations by group of units that contribute `size()` each. */
function hashed(units: number, size: () => number, random: () => number): number[] {
  const counts = Array.from({ length: GROUPS }, () => 0);
  for (let unit = 0; unit < units; unit += 1) {
    const group = Math.floor(random() * GROUPS);
    counts[group] = (counts[group] as number) + size();
  }
  return counts;
}

describe("effectiveUnits", () => {
  it("is nearly never more than there are units, however unevenly they come", () => {
    const random = seededRandom(7);
    const sizes: readonly (() => number)[] = [
      () => 1,
      () => 10,
      () => 1 + Math.floor(-20 * Math.log(random())),
      // Pareto with exponent 1.5: a few units do most of it.
      () => Math.ceil(random() ** (-1 / 1.5)),
    ];
    for (const size of sizes) {
      const plays = Array.from({ length: 400 }, () => effectiveUnits(hashed(300, size, random)));
      expect(plays.filter((units) => units > 300).length).toBeLessThanOrEqual(0.06 * plays.length);
      expect(plays.every((units) => units >= 30)).toBe(true);
    }
  });

  it("grows with the units and not with what each of them does", () => {
    const random = seededRandom(8);
    const of = (units: number, each: number): number =>
      effectiveUnits(hashed(units, () => each, random));
    const [few, many] = [of(2_000, 50), of(8_000, 50)];
    expect(many / few).toBeGreaterThan(2.4);
    expect(of(2_000, 500) / few).toBeGreaterThan(0.6);
    expect(of(2_000, 500) / few).toBeLessThan(1.7);
  });

  it("is at least the groups that units were seen in, and at most the observations", () => {
    expect(effectiveUnits([350, 350, ...Array.from({ length: 62 }, () => 0)])).toBeLessThan(3);
    expect(effectiveUnits([])).toBe(0);
    expect(effectiveUnits(Array.from({ length: GROUPS }, () => 5))).toBe(GROUPS);
  });
});
