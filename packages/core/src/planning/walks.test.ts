import { describe, expect, it } from "vitest";
import type { Comparison } from "../gate/criterion.ts";
import { logNormalCdf } from "../statistics/log-normal-cdf.ts";
import { normalQuantile } from "../statistics/normal-quantile.ts";
import type { SingleTest } from "./testing/single-test.ts";
import { boundOf, rates } from "./testing/single-test.ts";

const EDITS: Comparison = { kind: "difference", hold: 0.01, rollback: 0.02 };
const ratio = (rollback: number): Comparison => ({
  kind: "ratio",
  hold: (1 + rollback) / 2,
  rollback,
});

const edits = (
  change: number,
  question: SingleTest["question"],
  alpha: number = 0.05,
): SingleTest => ({
  metric: "edit_rate",
  comparison: EDITS,
  question,
  test: "M3",
  arms: rates(0.15 + change, 0.15),
  alpha,
});

const events = (
  metric: string,
  [base, times]: readonly [number, number],
  of: { readonly question: SingleTest["question"]; readonly rollback: number },
): SingleTest => ({
  metric,
  comparison: ratio(of.rollback),
  question: of.question,
  test: "M1",
  arms: rates(base * times, base),
  alpha: 0.05,
});

const harm = { question: "harm", rollback: 1.5 } as const;

/** Chance that a lognormal latency (σ = 0.7), scaled, exceeds the baseline's p95. */
const exceedance = (scale: number): number =>
  Math.exp(logNormalCdf(Math.log(scale) / 0.7 - normalQuantile(0.95)));

/** A latency whose every value is so many times as long: answers beyond the baseline's p95. */
const slower = (scale: number): SingleTest => ({
  ...events("error_rate", [0.05, exceedance(scale) / 0.05], {
    question: "harm",
    rollback: exceedance(1.1) / 0.05,
  }),
});

// The benchmark's planner table (statistics specification, section 4.2): canary requests for a
// chance of 50, 80 and 95%, from an independent implementation of the same bound.
const REFERENCE: readonly (readonly [string, SingleTest, readonly [number, number, number]])[] = [
  ["edit rate 15%, +2pp", edits(0.02, "harm"), [2616, 4543, 7571]],
  ["edit rate 15%, +3pp", edits(0.03, "harm"), [1208, 2170, 3178]],
  ["edit rate 15%, +4pp", edits(0.04, "harm"), [713, 1236, 1938]],
  ["edit rate 15%, +6pp", edits(0.06, "harm"), [370, 594, 874]],
  ["edit rate 15%, +10pp", edits(0.1, "harm"), [153, 243, 372]],
  ["second test at +3pp", edits(0.03, "block", 0.2), [1850, 3577, 5790]],
  ["second test at +4pp", edits(0.04, "block", 0.2), [990, 1683, 2645]],
  ["rule out +2pp", edits(0, "safety"), [2632, 4705, 7848]],
  ["correction 8%, 1.5x", events("correction_rate", [0.08, 1.5], harm), [459, 807, 1360]],
  ["correction 8%, 2x", events("correction_rate", [0.08, 2], harm), [131, 254, 381]],
  ["correction 8%, 3x", events("correction_rate", [0.08, 3], harm), [49, 77, 118]],
  ["correction 8%, 5x", events("correction_rate", [0.08, 5], harm), [16, 27, 44]],
  [
    "rule out 1.5x at 8%",
    events("correction_rate", [0.08, 1], { question: "safety", rollback: 1.5 }),
    [554, 926, 1491],
  ],
  ["guardrail 0.2%, 2x", events("guardrail_trips", [0.002, 2], harm), [5244, 10_151, 15_226]],
  ["guardrail 0.2%, 4x", events("guardrail_trips", [0.002, 4], harm), [952, 1789, 2583]],
  ["guardrail 0.2%, 10x", events("guardrail_trips", [0.002, 10], harm), [216, 357, 521]],
  [
    "rule out 1.5x at 0.2%",
    events("guardrail_trips", [0.002, 1], { question: "safety", rollback: 1.5 }),
    [22_149, 37_034, 59_646],
  ],
  ["p95 latency, x1.1", slower(1.1), [1783, 3097, 5162]],
  ["p95 latency, x1.2", slower(1.2), [453, 817, 1299]],
  ["p95 latency, x1.5", slower(1.5), [85, 149, 232]],
  ["p95 latency, x2", slower(2), [26, 46, 67]],
  [
    "rule out 5x at 0.2%",
    events("guardrail_trips", [0.002, 1], { question: "safety", rollback: 5 }),
    [1087, 1699, 2576],
  ],
];

describe("the planner against the reference table", () => {
  it.each(REFERENCE)("%s within 10%", (_, of, wanted) => {
    const { p50, p80, p95 } = boundOf(of);
    const planned = [p50, p80, p95] as readonly number[];
    for (const [index, value] of wanted.entries()) {
      expect(Math.abs(planned[index]! / value - 1)).toBeLessThan(0.1);
    }
  });
});
