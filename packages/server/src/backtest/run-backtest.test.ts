import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BacktestOptions, BacktestResult } from "./run-backtest.ts";
import { runBacktest, summarise } from "./run-backtest.ts";
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

  // It starts a gateway for each play.
  it("through a gateway comes to the same as in memory", { timeout: 120_000 }, async () => {
    const strategy = join(folder, "short.yaml");
    await writeFile(
      strategy,
      [
        "strategy: short",
        'gate: { quality: { rollback: "-10%" } }',
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

describe("a backtest of a recording with more than scores", () => {
  let folder: string;
  const random = createRandom(11);

  type Version = {
    readonly medianMs?: number;
    readonly valid?: number;
    readonly tokens?: number;
    readonly right?: number;
    /** One answer in so many has no latency. */
    readonly gap?: number;
  };

  const recordVersion = async (source: string, name: string, of: Version): Promise<void> => {
    await mkdir(join(folder, "outputs", source), { recursive: true });
    const lines = Array.from({ length: 600 }, (_, index) => ({
      item_id: `q${index}`,
      output: `${name} says ${index}`,
      score: random() < (of.right ?? 0.95) ? 1 : 0,
      ...(of.valid === undefined ? {} : { format_ok: random() < of.valid }),
      ...(of.tokens === undefined ? {} : { out_tokens: of.tokens + (index % 10) }),
      ...(of.medianMs === undefined || (of.gap !== undefined && index % of.gap === 0)
        ? {}
        : { latency_ms: of.medianMs * Math.exp(random() - 0.5) }),
    }));
    const path = join(folder, "outputs", source, `${name}.jsonl`);
    await writeFile(path, lines.map((line) => JSON.stringify(line)).join("\n"));
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "spillway-recordings-"));
    const good = { medianMs: 800, valid: 0.99, tokens: 100 };
    await recordVersion("calls", "good", good);
    await recordVersion("calls", "alike", { ...good, gap: 3 });
    await recordVersion("calls", "slow", { ...good, medianMs: 4_000 });
    await recordVersion("calls", "broken", { ...good, valid: 0.5 });
    await recordVersion("calls", "wordy", { ...good, tokens: 200 });
    await recordVersion("scores", "good", {});
    await recordVersion("scores", "alike", {});
    await recordVersion("scores", "worse", { right: 0.7 });
    const pair = (id: string, verdict: string) => ({ pair_id: id, overall: { verdict } });
    await writeFile(
      join(folder, "pairs.json"),
      JSON.stringify([
        pair("scores:good->worse", "regressed"),
        pair("scores:good->alike", "no_significant_change"),
      ]),
    );
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const playTier1 = async (pair: string, options: Partial<BacktestOptions> = {}) => {
    const given = { recordingsDir: folder, pairIds: [pair], strategyFile: "backtest-tier1" };
    const [result] = await play({ ...given, ...options });
    return result!;
  };

  it.each([
    ["calls:good->slow", "latency_p95"],
    ["calls:good->broken", "format_valid"],
  ])("takes %s back for its %s, though its answers are as good", async (pair, metric) => {
    const result = await playTier1(pair);
    expect(result).toMatchObject({
      outcome: "rolled_back",
      stage: "shadow",
      metric,
      notJudged: [],
    });
  });

  it("reports how the rest moved, whether the strategy judges it or not", async () => {
    const { operational } = await playTier1("calls:good->wordy");
    expect(operational["tokens_per_call"]?.change).toBeCloseTo(100 / 104.5, 1);
    expect(operational["tokens_per_call"]?.low).toBeGreaterThan(0.8);
    expect(operational["latency_p95"]?.change).toBeCloseTo(0, 1);
    expect(operational["format_valid"]?.pairs).toBe(600);
    expect(operational["cost_per_call"]).toBeUndefined();
  });

  it("takes an answer without a latency for no observation, and never for a fast one", async () => {
    const { operational } = await playTier1("calls:good->alike");
    expect(operational["latency_p50"]?.pairs).toBe(400);
    // A third of answers in no time at all would show here.
    expect(operational["latency_p50"]?.change).toBeGreaterThan(-0.15);
  });

  it("sets aside what the recording has no values of, and says so", async () => {
    const result = await playTier1("scores:good->alike");
    expect(result).toMatchObject({
      outcome: "completed",
      notJudged: ["format_valid", "latency_p95"],
      operational: {},
    });
  });

  it("plays what a recording can play of a strategy, from its first stage with users", async () => {
    const strategyFile = join(folder, "clinical.yaml");
    await writeFile(
      strategyFile,
      [
        "strategy: clinical",
        "gate:",
        '  quality: { rollback: "-10%" }',
        '  edit_rate: { rollback: "+2pp", within: 24h }',
        "stages:",
        "  - { stage: evaluate }",
        "  - { stage: staging, least: { duration: 24h } }",
        "  - { stage: shadow, least: { duration: 24h } }",
        "  - { stage: ramp, share: 50%, least: { duration: 24h }, approval: reviewer }",
        "  - { stage: verify, least: { duration: 24h } }",
      ].join("\n"),
    );
    expect(await playTier1("scores:good->alike", { strategyFile })).toMatchObject({
      outcome: "completed",
      notJudged: ["edit_rate"],
    });
    const unplayable = join(folder, "edits.yaml");
    await writeFile(
      unplayable,
      'strategy: edits\ngate: { edit_rate: { rollback: "+2pp" } }\nstages: [{ stage: verify }]\n',
    );
    const played = playTier1("scores:good->alike", { strategyFile: unplayable });
    await expect(played).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("nothing that the strategy judges: edit_rate"),
    });
  });

  it("plays each pair with each seed, and each baseline beside itself when asked", async () => {
    const options = { recordingsDir: folder, pairIds: "all" as const, seeds: [4, 9] };
    const results = await play({ ...options, withSameVersion: true });
    expect(results.map(({ pair, seed }) => `${pair} ${seed}`)).toEqual([
      "scores:good->worse 4",
      "scores:good->worse 9",
      "scores:good->alike 4",
      "scores:good->alike 9",
      "scores:good->good 4",
      "scores:good->good 9",
    ]);
    expect(results.map(({ isSameVersion }) => isSameVersion).slice(3)).toEqual([false, true, true]);
  });

  it("plans whether the recording can settle the question, and holds all against what was published", async () => {
    const options = { recordingsDir: folder, pairIds: "all" as const, seeds: [1, 2, 3] };
    const summary = summarise(await play({ ...options, strategyFile: "backtest-tier1" }));
    const [worse, alike] = summary.pairs;
    expect(worse).toMatchObject({
      group: "regressed beyond the rollback level",
      plan: { question: "harm", slice: "*", observations: 600, suffices: true },
      rolledBack: 3,
    });
    expect(alike).toMatchObject({ plan: { question: "safety", suffices: true }, completed: 3 });
    expect(summary.confusion.map(({ group, completed }) => [group, completed])).toEqual([
      ["regressed beyond the rollback level", 0],
      ["no significant change", 3],
    ]);
    expect(summary).toMatchObject({ seeds: [1, 2, 3], alpha: 0.05, violations: [] });
  });
});
