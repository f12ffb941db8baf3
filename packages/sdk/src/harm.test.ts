import { describe, expect, test } from "vitest";
import { harmInWords, metricInWords, oddsInWords, unitOfMetric } from "./harm.ts";

describe("numbers in words", () => {
  test.each([
    [0.031, "relative", "score", "+3.1%"],
    [-0.012, "difference", "share", "\u22121.2 points"],
    [45, "difference", "ms", "+45 ms"],
    [1.5, "ratio", "share", "\u00d71.5"],
    [0.0012, "limit", "share", "0.12%"],
    [0, "relative", "score", "0.0%"],
  ] as const)("%s %s of a %s is %s", (harm, kind, unit, words) => {
    expect(harmInWords(harm, kind, unit)).toBe(words);
  });

  test("means carry their unit", () => {
    expect(metricInWords(2_340, "ms")).toBe("2.34 s");
    expect(metricInWords(0.0123, "usd")).toBe("$0.0123");
    expect(metricInWords(null, "score")).toBe("no data");
  });

  test.each([
    ["quality", "score"],
    ["edit_rate", "share"],
    ["format_valid", "share"],
    ["time_to_first_token_p95", "ms"],
    ["cost_per_call", "usd"],
    ["tokens_per_call", "tokens"],
  ])("%s is counted in %s", (metric, unit) => {
    expect(unitOfMetric(metric)).toBe(unit);
  });

  test("a metric that a feature declares is counted in the unit that it names", () => {
    const own = [
      { name: "appealed", unit: "share" },
      { name: "churn_rate", unit: "days" },
    ];
    expect(unitOfMetric("appealed", own)).toBe("share");
    expect(unitOfMetric("churn_rate", own)).toBe("score");
    expect(unitOfMetric("edit_rate", own)).toBe("share");
  });

  test("odds are bounded at both ends", () => {
    expect(oddsInWords(Math.log(20))).toBe("20 to 1");
    expect(oddsInWords(500)).toBe("over 1,000,000 to 1");
    expect(oddsInWords(-500)).toBe("under 0.01 to 1");
  });
});
