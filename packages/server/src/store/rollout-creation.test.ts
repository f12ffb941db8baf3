import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { releaseId, rolloutId } from "@spillway/core";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { createRolloutKit, type RolloutKit, START_MS } from "../../../testkit/src/rollout-kit.ts";
import { findRollout, insertRollout } from "./rollout-store.ts";

let test: TestDatabase;
let kit: RolloutKit;

beforeAll(async () => {
  test = await createTestDatabase("rollout-creation");
  kit = createRolloutKit(test.database);
});
afterAll(() => test.drop());

const rolloutOf = async (id: string) => (await findRollout(test.database.kysely, id))!;

describe("preparing a rollout", () => {
  it("is refused when the baseline changed after it was checked", async () => {
    await kit.addFeature("other");
    const { rollout, strategyDocument } = await rolloutOf(await kit.prepare("other"));
    await kit.addFeature("overtaken");
    const draft = {
      ...rollout,
      id: rolloutId("roll_overtaken"),
      feature: "overtaken",
      baseline: releaseId("overtaken", 2),
      candidate: releaseId("overtaken", 2),
      strategyDocument,
      note: "",
      warnings: [],
      nowMs: START_MS,
    };
    await expect(insertRollout(test.database, draft)).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("changed from overtaken@2 to overtaken@1"),
    });
    expect(await findRollout(test.database.kysely, "roll_overtaken")).toBeNull();
  });
});
