import type { Exchange, Feature, JsonObject } from "@spillway/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import {
  answerOf,
  createRolloutKit,
  HOUR_MS,
  type RolloutKit,
  START_MS,
} from "../../../testkit/src/rollout-kit.ts";
import { insertExchanges } from "./exchange-store.ts";
import { loadFeatureTraffic } from "./feature-traffic.ts";
import { listLedger } from "./ledger-store.ts";

let test: TestDatabase;
let kit: RolloutKit;

beforeAll(async () => {
  test = await createTestDatabase("decidability");
  kit = createRolloutKit(test.database);
});
afterAll(() => test.drop());

const SMALL_CANARY: JsonObject = {
  strategy: "small",
  gate: { edit_rate: { rollback: "+2pp" } },
  stages: [
    { stage: "canary", share: "1%", least: { duration: "24h" } },
    { stage: "ramp", share: ["50%", "100%"], least: { duration: "24h" } },
  ],
};

/** A feature that answered so many requests, one every so often until the rollouts' start. */
async function featureWith(
  key: string,
  requests: number,
  everyMs: number,
  {
    parts = {},
    of = () => ({}),
  }: {
    readonly parts?: Partial<Feature>;
    readonly of?: (index: number) => Partial<Exchange>;
  } = {},
): Promise<void> {
  await kit.addFeature(key, parts);
  const exchanges = Array.from({ length: requests }, (_, index) =>
    answerOf(
      "none",
      { id: `${key}-${index}`, arm: "baseline", score: 1 },
      {
        ...of(index),
        feature: key,
        rolloutId: null,
        stageIndex: null,
        propensityBps: null,
        startedAtMs: START_MS - index * everyMs,
      },
    ),
  );
  await insertExchanges(test.database, exchanges);
}

const createdBody = async (id: string) =>
  (await listLedger(test.database, { limit: 50, beforeSeq: null })).find(
    ({ action, subject }) => action === "rollout.create" && subject === id,
  )?.body as JsonObject;

describe("a feature's traffic", () => {
  it("is counted over the last day", async () => {
    // One every 15 minutes for two days: 96 of the last 24 hours.
    await featureWith("steady", 192, HOUR_MS / 4);
    expect(await loadFeatureTraffic(test.database, "steady", START_MS)).toEqual({
      requests: 96,
      windowHours: 23.75,
      requestsPerHour: 4.042,
    });
  });

  it("of a young feature is counted since it began", async () => {
    await featureWith("young", 120, HOUR_MS / 60);
    const traffic = await loadFeatureTraffic(test.database, "young", START_MS);
    expect(traffic?.requestsPerHour).toBeCloseTo(60, -1);
  });

  it("is none where nothing was asked, and unknown where there is no feature", async () => {
    await kit.addFeature("silent");
    expect(await loadFeatureTraffic(test.database, "silent", START_MS)).toMatchObject({
      requests: 0,
      requestsPerHour: 0,
    });
    expect(await loadFeatureTraffic(test.database, "nowhere", START_MS)).toBeNull();
  });
});

describe("a rollout that its traffic cannot decide", () => {
  it("is made, with the planner's numbers in the ledger", async () => {
    await featureWith("slow", 48, HOUR_MS / 2);
    const id = await kit.prepare("slow", SMALL_CANARY);
    const { warnings } = await createdBody(id);
    expect(warnings).toEqual([
      expect.stringContaining("edit_rate in canary cannot be decided in 1 day at this traffic"),
      expect.stringContaining("edit_rate in ramp 50% cannot be decided"),
    ]);
  });

  it("is refused when the strategy says so", async () => {
    await featureWith("strict", 48, HOUR_MS / 2);
    const strict = { ...SMALL_CANARY, undecidable: "refuse" };
    await expect(kit.prepare("strict", strict)).rejects.toMatchObject({
      code: "requirements_unmet",
      message: expect.stringContaining(
        "small refuses what cannot be decided at 2 requests an hour",
      ),
    });
  });

  it("is not spoken of where there is no traffic to go by", async () => {
    await kit.addFeature("new");
    const id = await kit.prepare("new", SMALL_CANARY);
    expect(await createdBody(id)).not.toHaveProperty("warnings");
  });

  it("is judged by its slices too, each by its part of the traffic", async () => {
    const kindOf = (index: number) => ({ kind: index % 50 === 0 ? "rare" : "usual" });
    await featureWith("sliced", 4_800, HOUR_MS / 200, {
      parts: { slices: ["kind"] },
      of: (index) => ({ attributes: kindOf(index) }),
    });
    const strategy = {
      strategy: "sliced",
      gate: { quality: { rollback: "-10%", slices: true } },
      stages: [
        { stage: "canary", share: "50%", least: { duration: "24h" } },
        { stage: "verify", least: { duration: "1h" } },
      ],
    };
    const { warnings } = await createdBody(await kit.prepare("sliced", strategy));
    expect(warnings).toEqual([
      expect.stringContaining("quality on kind=rare in canary cannot be decided in 1 day"),
    ]);
  });

  it("is planned with the unit of its feature, whose requests resemble each other", async () => {
    const byUser = { unit: "user", attribute: null, onMissing: "error", salt: "s" } as const;
    const byRequest = { ...byUser, unit: "request" } as const;
    const strategy: JsonObject = {
      ...SMALL_CANARY,
      stages: [
        { stage: "canary", share: "50%", least: { duration: "24h" } },
        { stage: "verify", least: { duration: "1h" } },
      ],
      gate: { error_rate: { limit: "5%" } },
    };
    await featureWith("by-request", 1_200, HOUR_MS / 50, { parts: { assignment: byRequest } });
    await featureWith("by-user", 1_200, HOUR_MS / 50, { parts: { assignment: byUser } });
    expect(await createdBody(await kit.prepare("by-request", strategy))).not.toHaveProperty(
      "warnings",
    );
    expect(await createdBody(await kit.prepare("by-user", strategy))).toHaveProperty("warnings");
  });
});

describe("the rates of a feature's own history", () => {
  const expectedOf = async (feature: string, gate: JsonObject) => {
    const id = await kit.prepare(feature, { ...SMALL_CANARY, gate });
    const { strategy } = await storedStrategy(id);
    return strategy.expected;
  };
  const storedStrategy = async (id: string) =>
    (await test.database.kysely
      .selectFrom("rollouts as r")
      .select("r.strategy")
      .where("r.id", "=", id)
      .executeTakeFirstOrThrow()) as { strategy: { expected?: Record<string, number> } };

  it("are what the baseline is expected to show, frozen at the start", async () => {
    await featureWith("failing", 1_000, HOUR_MS / 100, {
      of: (index) => ({ outcome: index % 8 === 0 ? "error" : "ok", release: "failing@1" }),
    });
    const expected = await expectedOf("failing", { error_rate: { rollback: "+2pp" } });
    expect(expected?.["error_rate"]).toBeCloseTo(0.125, 3);
    // What the strategy says stands, and a limit that they break is refused.
    const strategy = { ...SMALL_CANARY, gate: { error_rate: { limit: "5%" } } };
    await expect(kit.prepare("failing", strategy)).rejects.toThrow(/error_rate.*12\.5/);
  });

  it("are low where hardly anything happened, and no reason to refuse a limit", async () => {
    await featureWith("sound", 1_000, HOUR_MS / 100, { of: () => ({ release: "sound@1" }) });
    const expected = await expectedOf("sound", { error_rate: { limit: "0.01%" } });
    expect(expected?.["error_rate"]).toBeCloseTo(0.5 / 1_001, 6);
  });

  it("are left to the guess where there are too few answers", async () => {
    await featureWith("few", 50, HOUR_MS / 100, { of: () => ({ release: "few@1" }) });
    expect(await expectedOf("few", { error_rate: { limit: "5%" } })).toBeUndefined();
  });
});
