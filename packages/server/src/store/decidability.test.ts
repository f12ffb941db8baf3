import type { JsonObject } from "@spillway/core";
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
async function featureWith(key: string, requests: number, everyMs: number): Promise<void> {
  await kit.addFeature(key);
  const exchanges = Array.from({ length: requests }, (_, index) =>
    answerOf(
      "none",
      { id: `${key}-${index}`, arm: "baseline", score: 1 },
      {
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
});
