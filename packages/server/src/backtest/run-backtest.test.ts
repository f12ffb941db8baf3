import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BacktestOptions, BacktestResult } from "./run-backtest.ts";
import { runBacktest } from "./run-backtest.ts";
import { createRandom } from "./traffic.ts";

const STRATEGIES = fileURLToPath(new URL("../../strategies/", import.meta.url));
const CANARY_ONLY = join(STRATEGIES, "canary-only.yaml");

const play = async (options: Partial<BacktestOptions>): Promise<BacktestResult[]> => {
  const results: BacktestResult[] = [];
  const defaults = { recordingsDir: "", pairIds: [], seeds: [1], throughGateway: false };
  for await (const result of runBacktest({ ...defaults, ...options })) results.push(result);
  return results;
};

describe("a backtest of a small recording", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "spillway-recordings-"));
    await mkdir(join(folder, "outputs", "sums"), { recursive: true });
    const random = createRandom(7);
    const version = (name: string, chance: number, category: (index: number) => string) =>
      writeFile(
        join(folder, "outputs", "sums", `${name}.jsonl`),
        Array.from({ length: 160 }, (_, index) =>
          JSON.stringify({
            item_id: `q${index}`,
            version: name,
            category: category(index),
            output: `${name} says ${index}`,
            score: random() < chance ? 1 : 0,
            latency_ms: 40,
          }),
        ).join("\n"),
      );
    const category = (index: number) => (index % 2 === 0 ? "even" : "odd");
    await version("good", 0.9, category);
    await version("good_at_2", 0.9, category);
    await version("bad", 0.2, category);
    const strangers = Array.from({ length: 3 }, (_, index) =>
      JSON.stringify({ item_id: `x${index}`, category: "none", output: "?", score: null }),
    );
    await writeFile(join(folder, "outputs", "sums", "unjudged.jsonl"), strangers.join("\n"));
    await writeFile(
      join(folder, "pairs.json"),
      JSON.stringify([{ pair_id: "sums:good->bad" }, { pair_id: "sums:good->good@2" }]),
    );
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("takes a worse version back in shadow, where no user meets it", async () => {
    const [result] = await play({ recordingsDir: folder, pairIds: ["sums:good->bad"] });
    expect(result).toMatchObject({ outcome: "rolled_back", stage: "shadow", exposed: 0 });
    expect(result?.reason).toContain("quality fell by");
  });

  it("plays all pairs of the list in its order, one result each", async () => {
    const results = await play({ recordingsDir: folder, pairIds: "all" });
    expect(results.map(({ pair }) => pair)).toEqual(["sums:good->bad", "sums:good->good@2"]);
  });

  it("gives the same for the same seed, and another order for another one", async () => {
    const pairIds = ["sums:good->bad"];
    const [first] = await play({ recordingsDir: folder, pairIds, strategyFile: CANARY_ONLY });
    const [again] = await play({ recordingsDir: folder, pairIds, strategyFile: CANARY_ONLY });
    expect(again).toEqual(first);
    const others = await Promise.all(
      [2, 3, 4].map((seed) =>
        play({ recordingsDir: folder, pairIds, strategyFile: CANARY_ONLY, seeds: [seed] }),
      ),
    );
    expect(others.map(([result]) => result)).not.toContainEqual(first);
  });

  it("through a gateway comes to the same as in memory", async () => {
    const strategy = join(folder, "short.yaml");
    await writeFile(
      strategy,
      [
        "strategy: short",
        'gate: { quality: { hold: "-5%", rollback: "-10%" } }',
        "stages:",
        "  - { stage: shadow, shadow: 100%, least: { duration: 4h, observations: 5 }, most: 8h }",
        "  - { stage: canary, share: 50%, least: { duration: 4h, observations: 5 }, most: 8h }",
        "  - { stage: verify, least: { duration: 2h }, most: 4h }",
      ].join("\n"),
    );
    const options = { recordingsDir: folder, pairIds: "all" as const, strategyFile: strategy };
    // The only difference that is meant: what the feature is called.
    const named = (results: readonly BacktestResult[]) =>
      results.map((of) => ({ ...of, reason: of.reason.replaceAll(/backtest(-\d+)?@/g, "f@") }));
    const inMemory = named(await play(options));
    expect(named(await play({ ...options, throughGateway: true }))).toEqual(inMemory);
  });

  it.each([
    ["sums", "invalid_request", "Wanted <source>:<baseline version>-><candidate version>"],
    ["sums:good", "invalid_request", '"sums:good" is not a pair'],
    ["../sums:good->bad", "invalid_request", "is not a pair"],
    ["sums:good->best", "not_found", 'no version "best". It has bad, good, good_at_2, unjudged.'],
    ["sums:good->../../pairs", "not_found", "no version"],
    ["products:a->b", "not_found", "There is no folder"],
    ["sums:good->unjudged", "invalid_request", "no item with a score on both sides"],
  ])("refuses the pair %s as %s, saying what there is", async (pair, code, words) => {
    const played = play({ recordingsDir: folder, pairIds: [pair] });
    await expect(played).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it("refuses a strategy that cannot be used, with every problem by its path", async () => {
    const strategyFile = join(folder, "broken.yaml");
    await writeFile(
      strategyFile,
      "strategy: broken\nstages:\n  - { stage: canary, share: 200% }\n",
    );
    const played = play({ recordingsDir: folder, pairIds: "all", strategyFile });
    await expect(played).rejects.toMatchObject({
      code: "invalid_configuration",
      message: expect.stringContaining("stages[0].share"),
    });
    const missing = play({ recordingsDir: folder, pairIds: "all", strategyFile: "/nowhere.yaml" });
    await expect(missing).rejects.toMatchObject({ code: "not_found" });
  });
});

/** The shared recordings are no part of the repository: beside it, or where the variable says. */
const found = [
  process.env["SPILLWAY_SHARED_DIR"],
  ...["../shared", "../../shared"].map((path) =>
    resolve(fileURLToPath(new URL("../../../../", import.meta.url)), path),
  ),
]
  .map((path) => (path === undefined ? "" : join(path, "recordings")))
  .find((path) => path !== "" && existsSync(join(path, "pairs.json")));

describe.skipIf(found === undefined)("the published recordings", () => {
  const recordingsDir = found ?? "";
  const playOne = async (pair: string, options: Partial<BacktestOptions> = {}) =>
    (await play({ recordingsDir, pairIds: [pair], ...options }))[0]!;

  const COLLAPSES = [
    "llm_drift_happy:gpt-4-0314->gpt-4-0613",
    "routellm_gsm8k:gpt-4-1106-preview->mixtral-8x7b-instruct-v0.1",
  ];

  it.each(COLLAPSES)("%s is rolled back in shadow, before any user meets it", async (pair) => {
    const result = await playOne(pair);
    expect(result).toMatchObject({ outcome: "rolled_back", stage: "shadow", exposed: 0 });
  });

  it.each(COLLAPSES)("%s is rolled back in the canary when there is no shadow", async (pair) => {
    const result = await playOne(pair, { strategyFile: CANARY_ONLY });
    expect(result).toMatchObject({ outcome: "rolled_back", stage: "canary" });
  });

  it("a slice that collapses within a better whole is named", async () => {
    const pair = "llm_drift_prime:gpt-3.5-turbo-0301->gpt-3.5-turbo-0613";
    const { outcome, slice, reason } = await playOne(pair);
    expect(["rolled_back", "held"]).toContain(outcome);
    expect(slice).toBe("prime_no");
    expect(reason).toContain("prime_no");
  });

  it.each([
    "zeroeval_crux:claude-3-5-sonnet-20240620->claude-3-5-sonnet-20241022",
    "zeroeval_gsm:Meta-Llama-3-8B-Instruct->Meta-Llama-3.1-8B-Instruct",
  ])("%s is an improvement and completes", async (pair) => {
    expect(await playOne(pair)).toMatchObject({ outcome: "completed" });
  });

  it("a version against itself is taken back in at most 5 of 100 seeds", async () => {
    const pair = "zeroeval_crux:gpt-4o-2024-05-13->gpt-4o-2024-05-13";
    let rolledBack = 0;
    for (let seed = 1; seed <= 100; seed++) {
      if ((await playOne(pair, { seeds: [seed] })).outcome === "rolled_back") rolledBack += 1;
    }
    expect(rolledBack).toBeLessThanOrEqual(5);
  }, 60_000);
});
