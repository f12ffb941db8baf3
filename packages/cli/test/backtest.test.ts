import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { BacktestOptions, BacktestResult } from "../src/local-server.ts";
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
function run(argv: string[], results: readonly BacktestResult[], error?: Error) {
  const seen: BacktestOptions[] = [];
  const finished = runCli([...BASE, ...argv], {
    cwd: "/somewhere",
    runBacktest: async function* (options) {
      seen.push(options);
      for (const result of results) yield await Promise.resolve(result);
      if (error !== undefined) throw error;
    },
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
      seed: 7,
      throughGateway: true,
    });
  });

  it("prints a table for people", async () => {
    const { finished } = run(["--all"], [resultOf({}), completed]);
    expect((await finished).stdout).toMatchInlineSnapshot(`
      "pair  outcome        stage   metric   slice  n      exposed  hours  reason
      p1    ✖ rolled back  canary  quality  all    1,240  31       5.3    quality fell by 12%
      p2    ✔ completed    -       -        -      1,240  900      5.3    no harm
      "
    `);
  });

  it("--json is one object a line", async () => {
    const { finished } = run(["--all", "--json"], [resultOf({}), completed]);
    const lines = (await finished).stdout.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([resultOf({}), completed]);
  });

  it("ends with 1 when a pair failed to play, and keeps what was played", async () => {
    const { finished } = run(["--all"], [resultOf({})], new Error("p2: no scores"));
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
