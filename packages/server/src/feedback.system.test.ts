import { afterEach, expect, it } from "vitest";
import type { JsonObject } from "@spillway/core";
import type { System, SystemReply } from "../../testkit/src/system-kit.ts";
import { createSystem } from "../../testkit/src/system-kit.ts";

const AT_ONCE = 20;

let system: System | null = null;

afterEach(async () => {
  await system?.close();
  system = null;
});

const given = async (feature: JsonObject = {}): Promise<System> => {
  system = await createSystem({
    name: "feedback",
    scores: { baseline: 1, candidate: 1 },
    feature: { assignment: { unit: "request" }, ...feature },
  });
  return system;
};

const strategyOf = (gate: JsonObject, expected: JsonObject): JsonObject => ({
  strategy: "edits",
  gate,
  expected,
  stages: [
    { stage: "canary", share: "50%", least: { duration: "1h", observations: 5 }, most: "14d" },
    { stage: "verify", least: { duration: "1h" } },
  ],
});

/** As people would: so many answers of a hundred are changed, and all others used as they are. */
const tellAll = async (
  { tell }: System,
  replies: readonly SystemReply[],
  editsOfHundred: { readonly baseline: number; readonly candidate: number },
): Promise<void> => {
  const seen = { baseline: 0, candidate: 0 };
  const said = replies.map(({ arm, exchange, text }) => {
    if (arm === null) throw new Error("nobody answered");
    const isEdited = (seen[arm]++ * 37) % 100 < editsOfHundred[arm];
    const what = isEdited ? { edited: { text: `${text}, in other words` } } : { accepted: true };
    return { exchange, ...what };
  });
  for (let from = 0; from < said.length; from += AT_ONCE) {
    const answers = await Promise.all(said.slice(from, from + AT_ONCE).map((of) => tell(of)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  }
};

it("edits that come hours after the answers take a worse candidate back", async () => {
  const installed = await given();
  const { start, ask, advance, settle, view } = installed;
  await start(strategyOf({ edit_rate: { rollback: "+2pp" } }, { edit_rate: 0.1 }));
  const replies = await ask(160);
  await settle();
  await advance(3);
  expect(await view()).toMatchObject({ state: "progressing", stageIndex: 0 });

  await tellAll(installed, replies, { baseline: 10, candidate: 60 });
  await settle();
  const found = await view();
  expect(found).toMatchObject({ state: "rolled_back", stateCode: "gate" });
  expect(found.sentence).toContain("edit_rate");
});

it("a candidate that people edit less is promoted, once they have said so", async () => {
  const installed = await given();
  const { start, ask, advance, settle, view } = installed;
  await start(strategyOf({ edit_rate: { rollback: "+4pp" } }, { edit_rate: 0.01 }));
  const replies = await ask(600);
  await settle();
  await advance(3);
  expect(await view()).toMatchObject({ state: "progressing", stageIndex: 0 });

  await tellAll(installed, replies, { baseline: 2, candidate: 0 });
  await settle();
  expect(await view()).toMatchObject({ state: "progressing", stageIndex: 1 });
  await ask(5);
  await settle();
  await advance(2);
  expect(await view()).toMatchObject({ state: "completed" });
});

const APPEALS = {
  name: "appeal_rate",
  kind: "binary",
  direction: "lower_is_better",
  expected: { value: 0.05 },
  source: "appealed",
};

it("a metric that the feature declares is judged by values that come as feedback", async () => {
  const installed = await given({ metrics: [APPEALS] });
  const { start, ask, call, tell, settle, view } = installed;
  const read = await call("GET", "/api/v1/features/support", { as: "viewer" });
  expect(read.body["metrics"]).toEqual([APPEALS]);
  await start(strategyOf({ appeal_rate: { rollback: "+10pp" } }, {}));
  const replies = await ask(120);
  for (const { arm, exchange } of replies) {
    const said = { exchange, id: "appeal", values: { appealed: arm === "candidate" } };
    // A retry, and a second thought: neither counts.
    await Promise.all([tell(said), tell(said)]);
    await tell({ exchange, values: { appealed: true } });
  }
  await settle();
  const found = await view();
  expect(found).toMatchObject({ state: "rolled_back", stateCode: "gate" });
  expect(found.sentence).toMatch(
    /appeal_rate rose by 100 points .*; \d+ candidate and \d+ baseline/,
  );
  const counted = /(\d+) candidate and (\d+) baseline/.exec(found.sentence)!;
  expect(Number(counted[1]) + Number(counted[2])).toBe(120);
});
