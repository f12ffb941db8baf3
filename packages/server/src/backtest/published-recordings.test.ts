import { fileURLToPath } from "node:url";
import { findSharedRecordings } from "@spillway/testkit";
import { describe, expect, it } from "vitest";
import type { BacktestOptions, BacktestResult } from "./run-backtest.ts";
import { runBacktest, summarise } from "./run-backtest.ts";

const found = findSharedRecordings();
if (found === null) {
  process.stderr.write("skipped: ../shared/recordings is not there, so nothing real is played.\n");
}

const CANARY_ONLY = fileURLToPath(new URL("../../strategies/canary-only.yaml", import.meta.url));
const SEEDS = [1, 2, 3, 4];
const HUNDRED_SEEDS = Array.from({ length: 100 }, (_, index) => index + 1);

const play = async (options: Partial<BacktestOptions>): Promise<BacktestResult[]> => {
  const results: BacktestResult[] = [];
  const defaults = { recordingsDir: found ?? "", pairIds: [], seeds: [1], throughGateway: false };
  for await (const result of runBacktest({ ...defaults, ...options })) results.push(result);
  return results;
};

describe.skipIf(found === null)("the published recordings", () => {
  const COLLAPSES = [
    "llm_drift_happy:gpt-4-0314->gpt-4-0613",
    "routellm_gsm8k:gpt-4-1106-preview->mixtral-8x7b-instruct-v0.1",
  ];

  it.each(COLLAPSES)("%s is rolled back in shadow, before any user meets it", async (pair) => {
    for (const result of await play({ pairIds: [pair], seeds: SEEDS })) {
      expect(result).toMatchObject({ outcome: "rolled_back", stage: "shadow", exposed: 0 });
    }
  });

  it.each(COLLAPSES)("%s is rolled back in the canary when there is no shadow", async (pair) => {
    const options = { pairIds: [pair], seeds: SEEDS, strategyFile: CANARY_ONLY };
    for (const result of await play(options)) {
      expect(result).toMatchObject({ outcome: "rolled_back", stage: "canary" });
    }
  });

  it("a slice that collapses within a better whole is named", async () => {
    const pairIds = ["llm_drift_prime:gpt-3.5-turbo-0301->gpt-3.5-turbo-0613"];
    for (const { outcome, slice, reason } of await play({ pairIds, seeds: SEEDS })) {
      expect(["rolled_back", "held"]).toContain(outcome);
      expect(slice).toBe("prime_no");
      expect(reason).toContain("prime_no");
    }
  });

  it.each([
    "zeroeval_crux:claude-3-5-sonnet-20240620->claude-3-5-sonnet-20241022",
    "zeroeval_gsm:Meta-Llama-3-8B-Instruct->Meta-Llama-3.1-8B-Instruct",
  ])("%s is an improvement and completes", async (pair) => {
    for (const result of await play({ pairIds: [pair], seeds: SEEDS })) {
      expect(result).toMatchObject({ outcome: "completed" });
    }
  });

  it.each([
    ["shadow-first", "zeroeval_crux:gpt-4o-2024-05-13->gpt-4o-2024-05-13"],
    // Judged on latency and format too, with what to expect taken from the recording itself.
    ["backtest-tier1", "llm_drift_sensitiveq:gpt-3.5-turbo-0301->gpt-3.5-turbo-0301"],
  ])(
    "by %s, %s is taken back in at most 5 of 100 seeds",
    async (strategyFile, pair) => {
      const results = await play({ pairIds: [pair], strategyFile, seeds: HUNDRED_SEEDS });
      const rolledBack = results.filter(({ outcome }) => outcome === "rolled_back");
      expect(rolledBack.length).toBeLessThanOrEqual(5);
    },
    180_000,
  );

  it("all pairs agree with what was published, as far as they can be decided", async () => {
    const results = await play({ pairIds: "all", strategyFile: "backtest-tier1", seeds: [1] });
    const summary = summarise(results);
    expect(summary.violations).toEqual([]);
    const clear = summary.pairs.filter(({ plan }) => plan?.question === "harm" && plan.suffices);
    expect(clear.length).toBeGreaterThan(0);
    expect(clear.map(({ rolledBack }) => rolledBack)).toEqual(clear.map(() => 1));
    expect(results.every(({ published }) => published !== null)).toBe(true);
    for (const result of results) {
      if (result.outcome === "completed") expect(result.plan?.question).toBe("safety");
    }
  }, 180_000);
});
