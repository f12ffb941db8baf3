import { describe, expect, it } from "vitest";
import type { BacktestResult } from "./run-backtest.ts";
import { summarise } from "./run-backtest.ts";

const playOf = (over: Partial<BacktestResult>): BacktestResult => ({
  pair: "sums:a->b",
  outcome: "completed",
  stage: "verify",
  reason: "",
  metric: null,
  slice: null,
  observations: 900,
  exposed: 500,
  virtualHours: 200,
  seed: 1,
  strategy: "careful",
  alpha: 0.05,
  isSameVersion: false,
  published: { verdict: "regressed", sliceRegressions: [] },
  plan: {
    question: "harm",
    slice: "*",
    size: 0.2,
    rollback: 0.1,
    observations: 900,
    needed: 120,
    chance: 0.8,
    suffices: true,
  },
  isUndecidable: false,
  operational: {},
  notJudged: [],
  ...over,
});

const plan = playOf({}).plan!;

const same = (seeds: number, rolledBack: number): BacktestResult[] =>
  Array.from({ length: seeds }, (_, index) =>
    playOf({
      pair: "sums:a->a",
      isSameVersion: true,
      published: null,
      seed: index + 1,
      outcome: index < rolledBack ? "rolled_back" : "completed",
    }),
  );

describe("the rules that plays are held against", () => {
  it("a clear regression that completes in any seed breaks one", () => {
    const plays = [playOf({ outcome: "rolled_back" }), playOf({ seed: 2 })];
    const [violation, ...rest] = summarise(plays).violations;
    expect(violation).toContain("sums:a->b: quality fell by 20 in a hundred on 900 pairs");
    expect(violation).toContain("1 of 2 plays completed");
    expect(rest).toEqual([]);
  });

  it.each([
    ["that the recording is too small to prove", { plan: { ...plan, suffices: false } }],
    ["below the rollback level", { plan: { ...plan, question: "safety" as const } }],
  ])("a regression %s may complete", (_, over) => {
    expect(summarise([playOf(over)]).violations).toEqual([]);
  });

  it("a slice that is clearly worse counts as much as the whole", () => {
    const published = { verdict: "improved", sliceRegressions: ["long"] };
    const play = playOf({ published, plan: { ...plan, slice: "long" } });
    expect(summarise([play]).violations[0]).toContain("quality of long fell");
    expect(summarise([play]).confusion[0]?.group).toBe("regressed in a slice only");
  });

  it("a version beside itself may be taken back as often as a chance of alpha explains", () => {
    const { sameVersion, violations } = summarise(same(100, 11));
    expect(sameVersion).toEqual({ plays: 100, rolledBack: 11, allowed: 11, level: 0.005 });
    expect(violations).toEqual([]);
    expect(summarise(same(100, 12)).violations).toEqual([
      "sums:a->a: 12 of 100 plays were rolled back; by chance it would be at most 11.",
      "All versions beside themselves: 12 of 100 plays were rolled back; by chance it would be at most 11.",
    ]);
  });

  it("single plays of many versions are judged together, since one by itself proves nothing", () => {
    const single = (index: number, rolledBack: number) =>
      same(1, rolledBack).map((play) => ({ ...play, pair: `sums:v${index}->v${index}` }));
    const plays = (rolledBack: number) =>
      Array.from({ length: 29 }, (_, index) => single(index, index < rolledBack ? 1 : 0)).flat();
    expect(summarise(single(0, 1)).violations).toEqual([]);
    expect(summarise(plays(5)).violations).toEqual([]);
    expect(summarise(plays(6)).violations).toEqual([
      "All versions beside themselves: 6 of 29 plays were rolled back; by chance it would be at most 5.",
    ]);
  });

  it("one version that is taken back again and again is found among many that are not", () => {
    const others = Array.from({ length: 28 }, (_, index) =>
      same(20, 0).map((play) => ({ ...play, pair: `sums:v${index}->v${index}` })),
    ).flat();
    const [violation, ...rest] = summarise([...same(20, 7), ...others]).violations;
    expect(violation).toContain("sums:a->a: 7 of 20 plays were rolled back");
    expect(rest).toEqual([]);
  });

  it("says nothing of versions beside themselves where none was played", () => {
    expect(summarise([playOf({})]).sameVersion).toBeNull();
  });
});

describe("the confusion table", () => {
  it("tells what cannot be decided from what looked worse and from what was not proven", () => {
    const held = { outcome: "held", stage: "canary", published: null } as const;
    const { confusion, pairs } = summarise([
      playOf({ ...held, isUndecidable: true, metric: "quality", slice: "*" }),
      playOf({ ...held, seed: 2, metric: "latency_p95", slice: "*" }),
      playOf({ ...held, seed: 3 }),
    ]);
    expect(confusion).toEqual([
      {
        group: "no published verdict",
        pairs: 1,
        completed: 0,
        rolledBack: 0,
        heldUndecidable: 1,
        heldSuspected: 1,
        heldUnproven: 1,
      },
    ]);
    expect(pairs[0]?.causes).toContain("canary: latency_p95 1x");
  });
});
