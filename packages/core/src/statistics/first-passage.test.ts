import { describe, expect, it } from "vitest";
import { observationsToPass } from "./first-passage.ts";
import { logNormalCdf } from "./log-normal-cdf.ts";
import { normalMixtureBound } from "./normal-mixture.ts";
import { observationsNeeded, normalWalks } from "./power.ts";

describe("observations until a moving barrier is passed", () => {
  it("are those of the inverse Gaussian law where the barrier is a line", () => {
    // A walk of drift μ and variance 1 a step to the line B: ξ√n + μn >= B.
    const [drift, distance] = [0.05, 20];
    const { p50, p80, p95 } = observationsToPass((n) => (distance - drift * n) / Math.sqrt(n), 1);
    const passedBy = (n: number): number => {
      const root = Math.sqrt(n);
      const before = Math.exp(logNormalCdf((drift * n - distance) / root));
      const reflected = logNormalCdf((-drift * n - distance) / root);
      return before + Math.exp(2 * drift * distance + reflected);
    };
    for (const [n, chance] of [
      [p50, 0.5],
      [p80, 0.8],
      [p95, 0.95],
    ] as const) {
      // What crosses and comes back between two looks is seen by neither.
      expect(passedBy(n!)).toBeGreaterThan(chance - 0.005);
      expect(passedBy(n!)).toBeLessThan(chance + 0.05);
    }
  });

  it("of the normal mixture are no more than its bound by tangents, and not far below", () => {
    const [effect, alpha, rho] = [0.2, 0.05, 34];
    const bound = (v: number) => normalMixtureBound(v, { alpha, rho, sides: "one_sided" });
    const found = observationsToPass((n) => bound(n) / Math.sqrt(n) - effect * Math.sqrt(n), 1);
    const plan = { effect, designDistance: 0.2, tunedAlpha: 0.05, varianceTimesObservations: 1 };
    const proven = observationsNeeded(normalWalks(plan, alpha));
    for (const chance of ["p50", "p80", "p95"] as const) {
      expect(found[chance]! / proven[chance]!).toBeLessThan(1.08);
      expect(found[chance]! / proven[chance]!).toBeGreaterThan(0.7);
    }
  });

  it("are never before the first look, and without end where nothing drifts there", () => {
    expect(observationsToPass(() => -9, 410)).toEqual({ p50: 410, p80: 410, p95: 410 });
    expect(observationsToPass((n) => 3 + Math.sqrt(n), 50)).toEqual({
      p50: null,
      p80: null,
      p95: null,
    });
  });
});
