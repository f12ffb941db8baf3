import { describe, expect, it } from "vitest";
import { normalScoreOfStudent, studentOfNormalScore } from "./student-scores.ts";

describe("the normal score of Student's t", () => {
  // Upper quantiles at 0.05, 0.025, 0.005 and 0.0005: Abramowitz and Stegun, table 26.10.
  const normal = [1.645, 1.96, 2.576, 3.291];
  const quantiles: readonly (readonly [number, readonly number[]])[] = [
    [5, [2.015, 2.571, 4.032, 6.869]],
    [10, [1.812, 2.228, 3.169, 4.587]],
    [30, [1.697, 2.042, 2.75, 3.646]],
    [60, [1.671, 2.0, 2.66, 3.46]],
  ];

  it.each(quantiles)("with %i degrees of freedom is as far out as the t", (df, values) => {
    for (const [index, t] of values.entries()) {
      expect(Math.abs(normalScoreOfStudent(t, df) - normal[index]!)).toBeLessThan(0.03);
      expect(normalScoreOfStudent(-t, df)).toBe(-normalScoreOfStudent(t, df));
    }
  });

  it("comes back, and changes nothing where the variance is known", () => {
    for (const z of [-4, -0.1, 0, 2, 6]) {
      expect(normalScoreOfStudent(studentOfNormalScore(z, 7), 7)).toBeCloseTo(z, 12);
      expect(normalScoreOfStudent(z, Number.POSITIVE_INFINITY)).toBe(z);
      expect(normalScoreOfStudent(z, 1e9)).toBeCloseTo(z, 6);
    }
  });
});
