import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "@spillway/core";
import { gateInputOf, METRIC_CATALOGUE, stageObservationsOf } from "@spillway/core";
import type { TestDatabase } from "../../../testkit/src/database.ts";
import { createTestDatabase } from "../../../testkit/src/database.ts";
import type { RolloutKit } from "../../../testkit/src/rollout-kit.ts";
import {
  answersOf,
  createRolloutKit,
  HOUR_MS,
  QUICK_STRATEGY,
  START_MS,
} from "../../../testkit/src/rollout-kit.ts";
import { builtInStrategies } from "../compose-stores.ts";
import { loadEvidence } from "./evidence-store.ts";
import { createRollout } from "./rollout-creation.ts";
import { reviseRollout } from "./rollout-revision.ts";
import { findRollout } from "./rollout-store.ts";
import { viewRollouts } from "./rollout-views.ts";
import { loadNewestSnapshot } from "./snapshot-store.ts";

let test: TestDatabase;
let kit: RolloutKit;

beforeAll(async () => {
  test = await createTestDatabase("rollout-revision");
  kit = createRolloutKit(test.database);
});
afterAll(() => test.drop());

const [canary, ...later] = QUICK_STRATEGY["stages"] as JsonObject[];
const LONGER: JsonObject = {
  ...QUICK_STRATEGY,
  stages: [{ ...canary, least: { duration: "3h", observations: 5 } }, ...later],
};

const revise = (rolloutId: string, document: JsonObject, nowMs = START_MS + HOUR_MS) =>
  reviseRollout(
    kit.deps,
    { rolloutId, strategy: { kind: "document", document }, by: "ben", note: "too short" },
    nowMs,
  );

const storedOf = async (id: string) => (await findRollout(test.database.kysely, id))!;

describe("a revision", () => {
  it("is stored with its number, its text and the difference in words", async () => {
    await kit.addFeature("revised");
    const id = await kit.start("revised");
    expect(await revise(id, LONGER)).toMatchObject({ kind: "decided" });
    const { rollout, strategyDocument } = await storedOf(id);
    expect(rollout).toMatchObject({
      revision: 2,
      firstStageNumber: 4,
      state: { kind: "progressing", stageIndex: 0, enteredAtMs: START_MS + HOUR_MS },
    });
    expect(strategyDocument).toEqual(LONGER);
    const entry = await test.database.kysely
      .selectFrom("ledger as l")
      .select(["l.actor", "l.body"])
      .where("l.subject", "=", id)
      .where("l.action", "=", "rollout.revise")
      .executeTakeFirstOrThrow();
    expect(entry).toMatchObject({
      actor: "ben",
      body: {
        revision: 2,
        changes: ["stages.canary.least.duration was 1h and is 3h."],
        document: LONGER,
      },
    });
    const route = (await loadNewestSnapshot(test.database))?.features["revised"]?.rollout;
    expect(route).toMatchObject({ stageIndex: 4, shareBps: 1_000 });
  });

  it("is judged by nothing that an earlier one has gathered, however late it comes", async () => {
    await kit.addFeature("anew");
    const id = await kit.start("anew");
    const feature = { feature: "anew" };
    const scores = { count: 200, baseline: 0.8, candidate: 0.8 };
    await kit.observe(answersOf(id, { ...scores, prefix: "before" }, feature));
    await revise(id, LONGER);
    await kit.observe(answersOf(id, { ...scores, prefix: "late" }, feature));
    await kit.observe(
      answersOf(id, { ...scores, count: 50, prefix: "after" }, { ...feature, stageIndex: 4 }),
    );
    const { rollout } = await storedOf(id);
    const evidence = await loadEvidence(test.database.kysely, id);
    expect(stageObservationsOf(rollout, evidence)).toBe(5);
    const input = gateInputOf(rollout, evidence, METRIC_CATALOGUE);
    expect(input?.evidence.exposures).toMatchObject([
      { stageIndex: 0, baseline: 45, candidate: 5 },
    ]);
    const [view] = await viewRollouts(test.database, [await storedOf(id)]);
    expect(view?.exposures).toMatchObject([{ stageIndex: 0, candidate: 5 }]);
  });

  it("by the same strategy is none, also when the baseline is known by now", async () => {
    await kit.addFeature("same");
    const judged = {
      ...QUICK_STRATEGY,
      gate: { quality: { hold: "-5%", rollback: "-10%" }, error_rate: { limit: "5%" } },
    };
    const id = await kit.start("same", judged);
    const shown = { count: 300, baseline: 0.8, candidate: 0.8, prefix: "shown" };
    await kit.observe(answersOf(id, shown, { feature: "same" }));
    const before = await storedOf(id);
    expect(await revise(id, judged)).toMatchObject({
      kind: "refused",
      outcome: { reason: "Nothing would change: the rollout runs by this strategy already." },
    });
    expect(await storedOf(id)).toEqual(before);
  });

  it("that cannot be used is refused with every problem, and changes nothing", async () => {
    await kit.addFeature("unfit");
    const id = await kit.start("unfit");
    const before = await storedOf(id);
    await expect(revise(id, { ...LONGER, speed: 1 })).rejects.toThrow('Found "speed"');
    expect(await revise(id, { ...LONGER, stages: later })).toMatchObject({ kind: "refused" });
    expect(await storedOf(id)).toEqual(before);
    expect(await revise("roll_none", LONGER)).toEqual({ kind: "gone" });
  });
});

describe("a strategy by name", () => {
  const create = async (feature: string, name: string) => {
    const { id } = await createRollout(
      { ...kit.deps, builtInStrategies: builtInStrategies() },
      {
        feature,
        candidate: `${feature}@2`,
        strategy: { kind: "named", name },
        author: "ana",
        note: "",
      },
      START_MS,
    );
    return id;
  };

  it("may be one that comes with the server, unless one of its name is stored", async () => {
    await kit.addFeature("named");
    const id = await create("named", "prompt-canary");
    expect((await storedOf(id)).rollout.strategy.stages[0]).toMatchObject({ shareBps: 500 });
    await kit.decide(id, "abort");
    await kit.registry.putStrategy(
      { ...QUICK_STRATEGY, strategy: "prompt-canary" },
      { actor: "ana", nowMs: START_MS },
    );
    const own = await create("named", "prompt-canary");
    expect((await storedOf(own)).rollout.strategy.stages[0]).toMatchObject({ shareBps: 1_000 });
    await expect(create("named", "nonsense")).rejects.toThrow("tier1-clinical");
  });

  it("is refused when the baseline itself breaks one of its limits, by what it has shown", async () => {
    await kit.addFeature("slow");
    const history = answersOf(
      "roll_slow",
      { count: 300, baseline: 0.8, candidate: 0.8 },
      {
        feature: "slow",
        rolloutId: null,
        stageIndex: null,
        propensityBps: null,
        release: "slow@1",
        arm: "baseline",
        latencyMs: 3_000,
        startedAtMs: START_MS - HOUR_MS,
      },
    );
    await kit.observe(history);
    const document = {
      ...QUICK_STRATEGY,
      gate: { latency_p95: { limit: "2.5s" } },
    };
    const creating = createRollout(
      kit.deps,
      {
        feature: "slow",
        candidate: "slow@2",
        strategy: { kind: "document", document },
        author: "ana",
        note: "",
      },
      START_MS,
    );
    await expect(creating).rejects.toThrow(/latency_p95.*3/);
  });

  it("takes the feature's SLA and what its baseline has shown, and says what is missing", async () => {
    await kit.addFeature("bare");
    await expect(create("bare", "search-1m")).rejects.toMatchObject({
      details: {
        problems: [
          { path: "gate.latency_p99.limit" },
          { path: "expected.latency_p95", message: expect.stringContaining("last 7 days") },
        ],
      },
    });
    await kit.addFeature("known", { slaLatencyMs: 2_000 });
    const history = answersOf(
      "roll_none",
      { count: 300, baseline: 0.8, candidate: 0.8 },
      {
        feature: "known",
        rolloutId: null,
        stageIndex: null,
        propensityBps: null,
        release: "known@1",
        arm: "baseline",
        latencyMs: 640,
        startedAtMs: START_MS - HOUR_MS,
      },
    );
    await kit.observe(history);
    const id = await create("known", "search-1m");
    const { strategy } = (await storedOf(id)).rollout;
    expect(strategy.expected).toEqual({
      latency_p95: 640,
      latency_p99: 640,
      error_rate: 0.0002,
      harmful_content: 0.00001,
    });
    const limit = strategy.criteria.find(({ metric }) => metric === "latency_p99");
    expect(limit?.comparison).toMatchObject({ kind: "limit", rollback: 2_000 });
  });

  it("that serves a ring needs a feature that has it", async () => {
    await kit.addFeature("ringless");
    await expect(create("ringless", "new-feature")).rejects.toThrow('has no ring "beta"');
    await kit.addFeature("ringed", {
      rules: [{ attribute: "tenant", values: ["acme"], arm: "candidate", ring: "beta" }],
    });
    const id = await create("ringed", "new-feature");
    await kit.decide(id, "start");
    const snapshot = await loadNewestSnapshot(test.database);
    expect(snapshot?.features["ringed"]?.rollout).toMatchObject({ rings: ["beta"], shareBps: 0 });
  });
});
