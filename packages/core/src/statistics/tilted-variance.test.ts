import { expect, it } from "vitest";
import { tiltedVariance } from "./tilted-variance.ts";

it("of events is that of a rate at the null, as in the score test", () => {
  // 12 of 200 events, where 15% are claimed: 0.15 · 0.85.
  const seen = { values: [-0.15, 0.85], counts: [188, 12] };
  expect(tiltedVariance(seen)).toBeCloseTo(0.15 * 0.85, 10);
});

it("of values whose mean is right already is the one that they have", () => {
  expect(tiltedVariance({ values: [-1, 0, 1], counts: [10, 30, 10] })).toBeCloseTo(0.4, 10);
});

it("of pairs that differ both ways keeps the product of both, and their difference is the null's", () => {
  // θ multiplies one kind as it divides the other: p₁₀ p₀₁/p₀₀² stays.
  const [harmful, same, other] = [2, 194, 4];
  const margin = 0.05;
  const variance = tiltedVariance({
    values: [1 - margin, -margin, -1 - margin],
    counts: [harmful, same, other],
  });
  const differing = variance + margin ** 2;
  const [up, down] = [(differing + margin) / 2, (differing - margin) / 2];
  expect((up * down) / (1 - differing) ** 2).toBeCloseTo((harmful * other) / same ** 2, 8);
});

it("of a bell of values hardly changes when its mean moves", () => {
  const values = Array.from({ length: 81 }, (_, index) => (index - 40) / 10);
  const counts = values.map((value) => 1_000 * Math.exp((-value * value) / 2));
  const moved = values.map((value) => value - 0.5);
  expect(tiltedVariance({ values: moved, counts })).toBeCloseTo(1, 2);
});

it("is infinite where the null lies beyond all that can be", () => {
  expect(tiltedVariance({ values: [0.1, 0.2], counts: [5, 5] })).toBe(Number.POSITIVE_INFINITY);
});
