import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { BacktestOptions, BacktestResult, BacktestSummary } from "../src/local-server.ts";
import { runCli } from "./run-cli.ts";

const resultOf = (over: Partial<BacktestResult>): BacktestResult => ({
  pair: "p1",
  outcome: "rolled_back",
  stage: "canary",
  reason: "quality fell by 12%",
  metric: "quality",
  slice: "all",
  observations: 1_240,
  exposed: 31,
  virtualHours: 5.25,
  seed: 1,
  isUndecidable: false,
  notJudged: [],
  operational: {},
  ...over,
});

const summaryOf = (over: Partial<BacktestSummary> = {}): BacktestSummary => ({
  strategy: "careful",
  seeds: [1],
  alpha: 0.05,
  confusion: [
    {
      group: "improved",
      pairs: 2,
      completed: 1,
      rolledBack: 1,
      heldUndecidable: 0,
      heldSuspected: 0,
      heldUnproven: 0,
    },
  ],
  pairs: [],
  sameVersion: null,
  violations: [],
  ...over,
});

const completed = resultOf({
  pair: "p2",
  outcome: "completed",
  stage: null,
  reason: "no harm",
  metric: null,
  slice: null,
  exposed: 900,
});

const BASE = ["backtest", "--recordings", "rec"];

/** Plays the given results, and fails after them when an error is given. */
function run(
  argv: string[],
  results: readonly BacktestResult[],
  { error, summary = summaryOf() }: { error?: Error; summary?: BacktestSummary } = {},
) {
  const seen: BacktestOptions[] = [];
  const finished = runCli([...BASE, ...argv], {
    cwd: "/somewhere",
    runBacktest: async function* (options) {
      seen.push(options);
      for (const result of results) yield await Promise.resolve(result);
      if (error !== undefined) throw error;
    },
    summariseBacktest: () => Promise.resolve(summary),
  });
  return { finished, seen };
}

describe("backtest", () => {
  it("passes what was asked, with paths from the working directory", async () => {
    const argv = ["--pair", "p1", "p2", "--pair", "p1", "--seed", "7", "--strategy", "s.yaml"];
    const { finished, seen } = run([...argv, "--through-gateway"], [resultOf({}), completed]);
    expect((await finished).code).toBe(0);
    expect(seen[0]).toMatchObject({
      recordingsDir: join("/somewhere", "rec"),
      pairIds: ["p1", "p2"],
      strategyFile: join("/somewhere", "s.yaml"),
      seeds: [7],
      throughGateway: true,
    });
  });

  it("takes many seeds, and plays by a tier 1 strategy for the table", async () => {
    const range = run(["--all", "--seed", "3..5", "--same-version"], [completed]);
    const first = run(["--all", "--seeds", "2", "--table"], [completed]);
    await Promise.all([range.finished, first.finished]);
    expect(range.seen[0]).toMatchObject({ seeds: [3, 4, 5], withSameVersion: true });
    expect(first.seen[0]).toMatchObject({ seeds: [1, 2], strategyFile: "backtest-tier1" });
  });

  it.each([
    ["--seed", "5..3"],
    ["--seed", "1..2..3"],
    ["--seed", "one"],
    ["--seeds", "0"],
    ["--seeds", "2", "--seed", "1"],
  ])("refuses the seeds %j", async (...argv) => {
    const { finished, seen } = run(["--all", ...argv], [completed]);
    expect((await finished).code).toBe(2);
    expect(seen).toEqual([]);
  });

  it("prints a table for people", async () => {
    const { finished } = run(["--all"], [resultOf({}), completed]);
    expect((await finished).stdout).toMatchInlineSnapshot(`
      "pair  outcome        stage   metric   slice  n      exposed  hours  reason
      p1    ✖ rolled back  canary  quality  all    1,240  31       5.3    quality fell by 12%
      p2    ✔ completed    -       -        -      1,240  900      5.3    no harm

      published  pairs  completed  rolled back  held, undecidable  held, suspected  held, unproven
      improved   2      1          1            0                  0                0

      Strategy careful, seed 1.
      "
    `);
  });

  it("of many seeds prints shares, how the rest moved, and what was not judged", async () => {
    const move = { baseline: 0.98, candidate: 0.835, change: -0.148, low: -0.19, high: -0.1 };
    const played = [1, 2].map((seed) =>
      resultOf({ seed, notJudged: ["latency_p95"], operational: { format_valid: move } }),
    );
    const counts = {
      completed: 0,
      rolledBack: 1,
      heldUndecidable: 1,
      heldSuspected: 0,
      heldUnproven: 0,
    };
    const plan = {
      question: "safety",
      slice: "long",
      size: 0.02,
      observations: 40,
      needed: 127,
      chance: 0.8,
      suffices: false,
    } as const;
    const pairs = [
      { pair: "p1", group: "improved", plan, causes: ["canary: quality 1x"], ...counts },
    ];
    const { finished } = run(["--all", "--seeds", "2"], played, {
      summary: summaryOf({
        seeds: [1, 2],
        pairs,
        confusion: [],
        sameVersion: { plays: 40, rolledBack: 2, allowed: 6, level: 0.005 },
      }),
    });
    expect((await finished).stdout).toMatchInlineSnapshot(`
      "pair  completed  rolled back  undecidable  held  pairs it takes, at 80%               causes
      p1    -          50%          50%          -     127 for safety of long; has only 40  canary: quality 1x

      baseline -> candidate  format valid
      p1                     0.98 -> 0.835 -14.8% [-19%, -10%]

      Not judged, for want of values: latency_p95 of p1.

      Versions beside themselves: 2 of 40 plays rolled back. At a chance of 5% each, more than 6 would be in 0.5% of runs at most.

      Strategy careful, seeds 1 to 2.
      "
    `);
  });

  it("says what rule was broken, and ends with 1", async () => {
    const summary = summaryOf({ violations: ["p2: it completed."] });
    const people = await run(["--all"], [completed], { summary }).finished;
    expect(people.code).toBe(1);
    expect(people.stdout).toContain("Violated: p2: it completed.");
    const json = await run(["--all", "--json"], [completed], { summary }).finished;
    expect(json.code).toBe(1);
    expect(json.stderr).toContain("error: p2: it completed.");
  });

  it("--table adds the summary to the lines of --json", async () => {
    const { finished } = run(["--all", "--json", "--table"], [completed]);
    const last = (await finished).stdout.trimEnd().split("\n").at(-1);
    expect(JSON.parse(last ?? "")).toEqual({ summary: summaryOf() });
  });

  it("--json is one object a line", async () => {
    const { finished } = run(["--all", "--json"], [resultOf({}), completed]);
    const lines = (await finished).stdout.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([resultOf({}), completed]);
  });

  it("ends with 1 when a pair failed to play, and keeps what was played", async () => {
    const { finished } = run(["--all"], [resultOf({})], { error: new Error("p2: no scores") });
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(1);
    expect(stdout).toContain("p1");
    expect(stderr).toContain("error: played 1, then failed: p2: no scores");
  });

  it("ends with 1 when a pair that was asked for is missing, or nothing was played", async () => {
    const missing = await run(["--pair", "p1", "p9"], [resultOf({})]).finished;
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("not played: p9");
    expect((await run(["--all"], []).finished).code).toBe(1);
  });
});
