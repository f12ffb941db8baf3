import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logScaledLowerGamma, logScaledUpperGamma } from "./incomplete-gamma.ts";
import { logBeta, logGamma } from "./log-gamma.ts";
import { logNormalCdf } from "./log-normal-cdf.ts";
import { normalQuantile } from "./normal-quantile.ts";
import { riemannZeta } from "./riemann-zeta.ts";

// Against identities and not against tables: each holds exactly, so the distance is the error.
const SETTINGS = { numRuns: 200, seed: 20_260_102 };

function expectRelative(actual: number, wanted: number, tolerance: number): void {
  expect(Math.abs(actual - wanted)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(wanted)));
}

describe("special functions", () => {
  it("gamma: Γ(½) = √π, factorials, and Γ(x + 1) = x Γ(x)", () => {
    expectRelative(logGamma(0.5), Math.log(Math.sqrt(Math.PI)), 1e-14);
    expectRelative(logGamma(11), Math.log(3_628_800), 1e-14);
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e4, noNaN: true }), (x) => {
        expectRelative(logGamma(x + 1), Math.log(x) + logGamma(x), 2e-13);
      }),
      SETTINGS,
    );
  });

  it("beta: B(a, b) = B(a + 1, b) + B(a, b + 1), also for very unequal arguments", () => {
    const shape = fc.double({ min: 0.05, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(shape, shape, (a, b) => {
        const whole = logBeta(a, b);
        const parts = Math.exp(logBeta(a + 1, b) - whole) + Math.exp(logBeta(a, b + 1) - whole);
        expectRelative(parts, 1, 2e-11);
      }),
      SETTINGS,
    );
  });

  it("incomplete gamma: exponential for a = 1, parts add up, and the recurrence in a holds", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 5e4, noNaN: true }),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        (a, around) => {
          const x = a * around;
          // γ(1, x) = 1 - e^(-x), scaled by e^x / x.
          const y = Math.min(x, 500);
          expectRelative(logScaledLowerGamma(1, y), Math.log(Math.expm1(y) / y), 1e-12);
          // γ(a + 1, x) = a γ(a, x) - x^a e^(-x), scaled by e^x x^(-a).
          const lower = Math.exp(logScaledLowerGamma(a, x));
          if (lower < 1e100) {
            const next = x * Math.exp(logScaledLowerGamma(a + 1, x));
            expectRelative(next / (a * lower), 1 - 1 / (a * lower), 1e-10);
          }
          const upper = Math.exp(logScaledUpperGamma(a, x));
          if (upper < 1e100) {
            const next = x * Math.exp(logScaledUpperGamma(a + 1, x));
            expectRelative(next / (a * upper), 1 + 1 / (a * upper), 1e-10);
          }
        },
      ),
      SETTINGS,
    );
  });

  it("incomplete gamma: also for negative x, where a = 1 is exponential again", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 600, noNaN: true }), (y) => {
        // γ(1, x) e^x / x = (e^x - 1)/x at x = -y.
        expectRelative(logScaledLowerGamma(1, -y), Math.log(-Math.expm1(-y) / y), 1e-12);
        // x g(a + 1, x) = a g(a, x) - 1, as for positive x.
        const [one, next] = [2.5, 3.5].map((a) => Math.exp(logScaledLowerGamma(a, -y)));
        expectRelative(-y * next!, 2.5 * one! - 1, 1e-11);
      }),
      SETTINGS,
    );
  });

  it("incomplete gamma: lower and upper add up to the whole", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 60, noNaN: true }),
        fc.double({ min: 0.05, max: 3, noNaN: true }),
        (a, around) => {
          const x = a * around;
          const whole = logGamma(a) + x - a * Math.log(x);
          const parts =
            Math.exp(logScaledLowerGamma(a, x) - whole) +
            Math.exp(logScaledUpperGamma(a, x) - whole);
          expectRelative(parts, 1, 1e-12);
        },
      ),
      SETTINGS,
    );
  });

  it("zeta: ζ(2) = π²/6, ζ(4) = π⁴/90, and it grows like 1/(s - 1) near 1", () => {
    expectRelative(riemannZeta(2), Math.PI ** 2 / 6, 1e-14);
    expectRelative(riemannZeta(4), Math.PI ** 4 / 90, 1e-14);
    // Euler's constant is the limit of ζ(s) - 1/(s - 1).
    expect(riemannZeta(1.0001) - 10_000).toBeCloseTo(0.5772, 3);
  });

  it("normal: the quantile inverts the distribution function far into both tails", () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 5, noNaN: true }), (x) => {
        const p = Math.exp(logNormalCdf(x));
        expectRelative(normalQuantile(p), x, x > 0 ? 1e-9 : 1e-12);
      }),
      SETTINGS,
    );
    expect(normalQuantile(0.5)).toBeCloseTo(0, 15);
  });
});
