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
  const replies = await ask(300);
  await settle();
  await advance(3);
  expect(await view()).toMatchObject({ state: "progressing", stageIndex: 0 });

  await tellAll(installed, replies, { baseline: 10, candidate: 60 });
  await settle();
  const found = await view();
  expect(found).toMatchObject({ state: "rolled_back", stateCode: "gate" });
  expect(found.sentence).toContain("edit_rate");
});

it("a candidate that people edit no more often is promoted, once they have said so", async () => {
  const installed = await given();
  const { start, ask, advance, settle, view } = installed;
  await start(strategyOf({ edit_rate: { rollback: "+2pp" } }, { edit_rate: 0.01 }));
  const replies = await ask(2_000);
  await settle();
  await advance(3);
  expect(await view()).toMatchObject({ state: "progressing", stageIndex: 0 });

  await tellAll(installed, replies, { baseline: 1, candidate: 1 });
  await settle();
  expect(await view()).toMatchObject({ state: "progressing", stageIndex: 1 });
  await advance(2);
  expect(await view()).toMatchObject({ state: "completed" });
});
