import type { Feedback } from "@spillway/core";
import { feedbackId } from "@spillway/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { buildFeedback } from "../../../testkit/src/feedback-builder.ts";
import { createMemoryLog } from "../../../testkit/src/memory-sink.ts";
import type { RolloutKit } from "../../../testkit/src/rollout-kit.ts";
import { answerOf, createRolloutKit, WRITTEN_SCORES } from "../../../testkit/src/rollout-kit.ts";
import { createFeedbackPort } from "../compose-evaluate.ts";
import { passFeedback } from "../evaluate/feedback-pass.ts";
import { loadEvidence } from "./evidence-store.ts";
import { findExchange } from "./exchange-store.ts";
import { listFeedback } from "./feedback-list.ts";
import { claimFeedback, insertFeedback, saveFeedback } from "./feedback-store.ts";

const WEEK_MS = 7 * 86_400_000;

let test: TestDatabase;
let kit: RolloutKit;
let feature = 0;
let said = 0;

beforeAll(async () => {
  test = await createTestDatabase("feedback-store");
  kit = createRolloutKit(test.database);
});

afterAll(() => test.drop());

/** A rollout, an answer of its candidate that is not stored yet, and a worker whose wall the test moves. */
const given = async () => {
  const key = `feature-${++feature}`;
  await kit.addFeature(key);
  const rolloutId = await kit.start(key);
  const of = { id: `exch_of_${key}`, arm: "candidate", score: 1 } as const;
  const exchange = answerOf(rolloutId, of, { feature: key });
  const wall = { nowMs: 10_000 };
  const moved = { nowMs: () => wall.nowMs, sleep: async () => {} };
  const log = createMemoryLog();
  const deps = {
    port: createFeedbackPort({ database: test.database, wall: moved }),
    catalogue: { prepare: async () => {}, knowledgeOf: () => WRITTEN_SCORES },
    owner: "worker",
    wall: moved,
    log,
  };
  const tell = (parts: Partial<Feedback>) => {
    const id = feedbackId(`fb_${String((said += 1)).padStart(6, "0")}`);
    const feedback = buildFeedback({ id, exchangeId: exchange.id, ...parts });
    return insertFeedback(test.database, [feedback], wall.nowMs);
  };
  return {
    exchange,
    rolloutId,
    wall,
    log: log.lines,
    tell,
    pass: () => passFeedback(deps),
    /** How often the answer was counted as edited, and as not. */
    edits: async () => {
      const { metrics } = await loadEvidence(test.database.kysely, rolloutId);
      const row = metrics.find(({ metric, slice }) => metric === "edit_rate" && slice === "*");
      const bins = row?.strata.map(({ candidate }) => candidate.bins);
      return bins ?? [];
    },
    list: async () => {
      const query = { limit: 10, beforeSeq: null, evaluation: null, exchange: exchange.id };
      const found = await listFeedback(test.database, query);
      return found.map(({ evaluation, counted }) => [evaluation, counted.length]);
    },
  };
};

const EDITED = { isAccepted: false, edit: { kind: "distance", distance: 0.5 } } as const;

it("an answer has one number of each name, the first, whatever is said later", async () => {
  const { exchange, tell, pass, edits, list } = await given();
  await kit.observe([exchange]);
  await tell({ isAccepted: true });
  await tell(EDITED);
  expect(await pass()).toBe(2);
  await tell(EDITED);
  expect(await pass()).toBe(1);
  expect(await edits()).toEqual([{ 0: 1 }]);
  expect(await list()).toEqual([
    ["done", 0],
    ["done", 0],
    ["done", 3],
  ]);
  const { scores } = (await findExchange(test.database, exchange.id))!;
  expect(scores.find(({ metric }) => metric === "edit_rate")).toMatchObject({
    value: 0,
    scorer: "feedback",
  });
});

it("feedback that is delivered twice is there once", async () => {
  const { exchange } = await given();
  const feedback = buildFeedback({ id: feedbackId("fb_twice"), exchangeId: exchange.id });
  const deliver = () => insertFeedback(test.database, [feedback], 0);
  expect(await deliver()).toMatchObject({ accepted: 1, duplicates: 0 });
  expect(await deliver()).toMatchObject({ accepted: 0, duplicates: 1 });
});

it("feedback that comes before its exchange waits, and counts once that has been evaluated", async () => {
  const { exchange, tell, pass, edits, list } = await given();
  await tell(EDITED);
  expect(await pass()).toBe(0);
  expect(await list()).toEqual([["pending", 0]]);
  await kit.observe([exchange]);
  // At once: the wait is over when the exchange is.
  expect(await pass()).toBe(1);
  expect(await edits()).toEqual([{ 100: 1 }]);
});

it("feedback that finds no exchange in a week is kept and told, and counts if one comes after all", async () => {
  const { exchange, wall, tell, pass, edits, list, log } = await given();
  await tell(EDITED);
  expect(await pass()).toBe(0);
  wall.nowMs += WEEK_MS + 1;
  expect(await pass()).toBe(0);
  expect(await list()).toEqual([["unmatched", 0]]);
  const [told] = log;
  expect(told?.level).toBe("warn");
  expect(told?.fields["exchanges"]).toContain(exchange.id);
  await kit.observe([exchange]);
  expect(await pass()).toBe(1);
  expect(await edits()).toEqual([{ 100: 1 }]);
});

it("a worker whose lease ran out writes nothing, and the other one counts it", async () => {
  const { exchange, tell, pass, wall, edits } = await given();
  await kit.observe([exchange]);
  await tell(EDITED);
  const lease = { owner: "slow", wallNowMs: wall.nowMs, untilWallMs: wall.nowMs + 100 };
  const [held] = await claimFeedback(test.database, { lease, limit: 10 });
  expect(await pass()).toBe(0);
  wall.nowMs += 100;
  expect(await pass()).toBe(1);
  const outcome = { id: held!.feedback.id, labels: [], refusal: null };
  expect(await saveFeedback(test.database, { outcomes: [outcome], owner: "slow" })).toBe("lost");
  expect(await edits()).toEqual([{ 100: 1 }]);
});
