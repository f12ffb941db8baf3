import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRolloutKit, type RolloutKit, START_MS } from "../../../testkit/src/rollout-kit.ts";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { claimNotices, markNoticeSent } from "./outbox-store.ts";

let test: TestDatabase;
let kit: RolloutKit;

beforeAll(async () => {
  test = await createTestDatabase("outbox-store");
  kit = createRolloutKit(test.database);
});

afterAll(() => test.drop());

describe("the outbox", () => {
  it("gives a notice to one sender, again when that one died, and never when it was sent", async () => {
    await kit.addFeature("noticed");
    await kit.start("noticed");
    const claim = (wallNowMs: number) =>
      claimNotices(test.database, { wallNowMs, untilWallMs: wallNowMs + 10, limit: 100 });
    const [first, second] = await Promise.all([claim(1), claim(1)]);
    const keys = [...first, ...second].map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(0);
    expect(new Set(keys).size).toBe(keys.length);
    expect(await claim(10)).toEqual([]);
    const again = await claim(11);
    expect(again.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    for (const { id } of again) await markNoticeSent(test.database, id, START_MS);
    expect(await claim(1_000)).toEqual([]);
  });
});
