import type { Strategy } from "@spillway/core";
import { METRIC_CATALOGUE } from "@spillway/core";
import { describe, expect, it } from "vitest";
import { parseStrategyDocument } from "../compose-stores.ts";
import { planPair } from "./plan-pair.ts";
import type { RecordedAnswer } from "./recordings.ts";
import type { TrafficItem } from "./traffic.ts";

const answer = (itemId: string, score: number): RecordedAnswer =>
  ({ itemId, category: "", output: "", score }) as RecordedAnswer;

/** 500 questions of two kinds; the candidate misses one in `every` of the first kind. */
function recording(every: number): TrafficItem[] {
  return Array.from({ length: 500 }, (_, index): TrafficItem => {
    const category = index % 2 === 0 ? "even" : "odd";
    const isMissed = category === "even" && (index / 2) % every === 0;
    const isRight = index % 10 !== 1;
    return {
      itemId: `q${index}`,
      category,
      baseline: answer(`q${index}`, isRight ? 1 : 0),
      candidate: answer(`q${index}`, isRight && !isMissed ? 1 : 0),
    };
  });
}

function strategyOf(quality: Readonly<Record<string, string>>): Strategy {
  const parsed = parseStrategyDocument({
    strategy: "test",
    gate: { quality },
    stages: [{ stage: "shadow" }, { stage: "verify" }],
  });
  if (parsed.kind !== "strategy") throw new Error(JSON.stringify(parsed.problems));
  return parsed.strategy;
}

const planOf = (
  items: readonly TrafficItem[],
  quality: Readonly<Record<string, string>>,
  sliceRegressions: readonly string[] = [],
) =>
  planPair(items, {
    strategy: strategyOf(quality),
    metrics: METRIC_CATALOGUE,
    published: { verdict: "no_significant_change", sliceRegressions },
  })!;

describe("the plan of a recorded pair", () => {
  it("asks for proof below the hold level where the strategy writes one, as its gate does", () => {
    const items = recording(1_000);
    const byRollback = planOf(items, { rollback: "-10%" });
    const byHold = planOf(items, { hold: "-5%", rollback: "-10%" });
    expect(byRollback).toMatchObject({ question: "safety", chance: 0.8 });
    expect(byHold.needed).toBeGreaterThan(1.5 * byRollback.needed!);
  });

  it("is about harm in the row that was published as regressed, if that is beyond the rollback level", () => {
    const worse = planOf(recording(2), { rollback: "-10%" }, ["even"]);
    expect(worse).toMatchObject({ question: "harm", slice: "even", observations: 250 });
    expect(worse.size).toBeCloseTo(0.5);
    expect(worse.suffices).toBe(true);
    expect(planOf(recording(20), { rollback: "-10%" }, ["even"]).question).toBe("safety");
  });
});
