import { afterEach, describe, expect, it } from "vitest";
import type { JsonObject } from "@spillway/core";
import { createSystem, type System, type SystemOptions } from "../../testkit/src/system-kit.ts";

let system: System | null = null;

afterEach(async () => {
  await system?.close();
  system = null;
});

const HEALTHY = { baseline: 1, candidate: 1 };
const HARMFUL = { baseline: 1, candidate: 0 };

const given = async (scores: SystemOptions["scores"], feature?: JsonObject): Promise<System> => {
  system = await createSystem({
    name: "system",
    scores,
    ...(feature === undefined ? {} : { feature }),
  });
  return system;
};

const strategyOf = (stages: readonly JsonObject[]): JsonObject => ({
  strategy: "test",
  gate: { quality: { hold: "-5%", rollback: "-10%" } },
  stages: [...stages],
});

const least = { duration: "1h", observations: 5 };
const SHADOW = { stage: "shadow", shadow: "100%", least, most: "14d" };
const CANARY = { stage: "canary", share: "10%", least, most: "14d" };
const RAMP = { stage: "ramp", share: ["25%", "50%", "100%"], least: { duration: "1h" } };
const VERIFY = { stage: "verify", least: { duration: "1h" } };
const ALL = strategyOf([SHADOW, CANARY, RAMP, VERIFY]);
const LIVE = strategyOf([CANARY, RAMP, VERIFY]);

const armsOf = (replies: readonly { readonly arm: string | null }[]) =>
  Object.fromEntries(
    ["baseline", "candidate"].map((arm) => [arm, replies.filter((of) => of.arm === arm).length]),
  );

describe("in shadow", () => {
  it("no user ever receives the candidate's answer, and every pair is counted", async () => {
    const { start, ask, settle, view } = await given(HEALTHY);
    await start(ALL);
    const replies = await ask(200);
    expect(armsOf(replies)).toEqual({ baseline: 200, candidate: 0 });
    await settle();
    expect((await view()).exposures).toMatchObject([
      { stageIndex: 0, baseline: 200, candidate: 0, pairs: 200 },
    ]);
  });

  it("a harm that is proven there reaches no user at all", async () => {
    const { start, ask, settle, view } = await given(HARMFUL);
    await start(ALL);
    const replies = await ask(100);
    await settle();
    const found = await view();
    expect(found).toMatchObject({ state: "rolled_back", stateCode: "gate", stageIndex: 0 });
    expect(found.sentence).toContain("quality fell by 100%");
    expect(armsOf([...replies, ...(await ask(50))])).toEqual({ baseline: 150, candidate: 0 });
  });
});

describe("a rollback", () => {
  it("by the gate reaches the gateway with the next snapshot", async () => {
    const { start, ask, settle, view } = await given(HARMFUL);
    await start(LIVE);
    // Users keep their arm, so harm is judged by groups of users, from fifty answers of each arm on.
    expect(armsOf(await ask(900))["candidate"]).toBeGreaterThan(50);
    await settle();
    expect(await view()).toMatchObject({ state: "rolled_back", stateCode: "gate" });
    expect(armsOf(await ask(100))).toEqual({ baseline: 100, candidate: 0 });
  });

  it("by a person is never gated, and nobody may be refused it but by role", async () => {
    const { start, ask, act, call, settle, view } = await given(HEALTHY);
    await start(LIVE);
    await ask(20);
    const body = { note: "A customer called." };
    const path = "/api/v1/features/support/actions/rollback";
    expect((await call("POST", path, { body, as: "viewer" })).status).toBe(403);
    expect((await call("POST", path, { body, as: "operator" })).status).toBe(200);
    await settle();
    expect(await view()).toMatchObject({ state: "rolled_back", stateCode: "person" });
    expect(armsOf(await ask(50))["candidate"]).toBe(0);
    const again = await act("rollback", body);
    expect(again.status).toBe(409);
    expect(again.body["detail"]).toContain("rolled back");
  });
});

describe("without its database", () => {
  it("the gateway serves its last snapshot, also when it starts anew", async () => {
    const installed = await given(HARMFUL);
    const { start, ask, settle } = installed;
    await start(LIVE);
    await ask(900);
    await settle();
    await installed.loseDatabase();
    expect(armsOf(await ask(30))).toEqual({ baseline: 30, candidate: 0 });
    await installed.restartGateway();
    expect(armsOf(await ask(30))).toEqual({ baseline: 30, candidate: 0 });
  });
});

describe("a rollout does not advance", () => {
  it("without data, however long it waits, and ends as the policy says", async () => {
    const { start, advance, view } = await given(HEALTHY);
    await start(strategyOf([{ ...CANARY, most: "48h" }, RAMP, VERIFY]));
    await advance(24);
    expect(await view()).toMatchObject({ state: "progressing", stageIndex: 0 });
    await advance(25);
    expect(await view()).toMatchObject({ state: "held", stateCode: "undecided", stageIndex: 0 });
    await advance(24 * 8);
    expect(await view()).toMatchObject({ state: "rolled_back", stateCode: "undecided" });
  });

  it("on answers that nobody judged", async () => {
    const { start, ask, advance, view } = await given({ baseline: null, candidate: null });
    await start(LIVE);
    await ask(200);
    await advance(3);
    const found = await view();
    expect(found).toMatchObject({ state: "progressing", stageIndex: 0 });
    expect(found.unmet.map(({ code }) => code)).toContain("gate");
  });

  it("on too few answers to be sure", async () => {
    const { start, ask, advance, view } = await given(HEALTHY);
    await start(LIVE);
    await ask(60);
    await advance(3);
    expect(await view()).toMatchObject({ state: "progressing", stageIndex: 0, setShareBps: 1_000 });
  });

  it("before its least duration, whatever the evidence", async () => {
    const { start, ask, settle, advance, view } = await given(HEALTHY);
    await start(ALL);
    await ask(600);
    await settle();
    expect((await view()).unmet.map(({ code }) => code)).toEqual(["duration"]);
    await advance(1);
    expect(await view()).toMatchObject({ state: "progressing", stageIndex: 1 });
  });
});

describe("assignment", () => {
  it("is stable for a user and only grows over a ramp", async () => {
    const { start, ask, act, settle } = await given(HEALTHY);
    await start(LIVE);
    const users = (index: number) => `person-${index}`;
    let before = new Set<string>();
    for (const share of [0.1, 0.25, 0.5, 1]) {
      const replies = await ask(240, { userOf: users });
      const again = await ask(240, { userOf: users });
      expect(again.map(({ arm }) => arm)).toEqual(replies.map(({ arm }) => arm));
      const chosen = new Set(replies.filter((of) => of.arm === "candidate").map((of) => of.user));
      for (const user of before) expect(chosen).toContain(user);
      expect(Math.abs(chosen.size / 240 - share)).toBeLessThan(0.12);
      before = chosen;
      const promoted = await act("promote", { override: true, note: "Go on." });
      expect(promoted.status).toBe(200);
      await settle();
    }
    expect(before.size).toBe(240);
  });
});

describe("people", () => {
  it("who started a rollout cannot approve it; another reviewer can, and then it goes on", async () => {
    const { start, ask, act, advance, view } = await given(HEALTHY);
    await start(strategyOf([SHADOW, { ...CANARY, approval: "reviewer" }, RAMP, VERIFY]));
    await ask(600);
    await advance(2);
    expect(await view()).toMatchObject({ state: "held", stateCode: "approval", stageIndex: 0 });
    const own = await act("approve");
    expect(own.status).toBe(403);
    expect(own.body["detail"]).toContain("cannot approve it too");
    expect((await act("approve", {}, "viewer")).status).toBe(403);
    expect((await act("approve", {}, "reviewer")).status).toBe(200);
    await advance(0.1);
    expect(await view()).toMatchObject({ state: "progressing", stageIndex: 1, setShareBps: 1_000 });
  });

  it("who pause a rollout stop its time, and it goes on where it was", async () => {
    const { start, ask, act, advance, view } = await given(HEALTHY);
    await start(ALL);
    await ask(600);
    await advance(0.5);
    expect((await act("pause")).status).toBe(200);
    await advance(10);
    expect(await view()).toMatchObject({ state: "paused", stageIndex: 0 });
    expect((await act("resume")).status).toBe(200);
    await advance(0.4);
    expect(await view()).toMatchObject({ state: "progressing", stageIndex: 0 });
    await advance(0.2);
    expect(await view()).toMatchObject({ state: "progressing", stageIndex: 1 });
  });

  it("cannot promote what is unmet, and are told each requirement", async () => {
    const { start, act, view } = await given(HEALTHY);
    await start(LIVE);
    const { status, body } = await act("promote");
    expect(status).toBe(409);
    expect(body["code"]).toBe("requirements_unmet");
    const told = JSON.stringify(body);
    for (const words of ["lasts at least", "answers of the candidate"])
      expect(told).toContain(words);
    expect((await view()).version).toBe(1);
  });

  it("who may only look are refused every action", async () => {
    const { start, act, call, view } = await given(HEALTHY);
    await start(LIVE);
    for (const action of ["promote", "pause", "resume", "rollback", "abort", "approve"]) {
      expect((await act(action, {}, "viewer")).status).toBe(403);
    }
    expect((await call("GET", "/api/v1/features", { as: "viewer" })).status).toBe(200);
    expect((await view()).version).toBe(1);
  });
});

describe("the control plane", () => {
  it("that starts anew in the middle goes on with the rollout, and counts nothing twice", async () => {
    const { start, ask, advance, settle, view, call, restartControl } = await given(HEALTHY);
    await start(ALL);
    await ask(300);
    await settle();
    const before = await view();
    await restartControl();
    expect(await view()).toEqual(before);
    await ask(300);
    await advance(1);
    const after = await view();
    expect(after).toMatchObject({ state: "progressing", stageIndex: 1 });
    expect(after.exposures[0]).toMatchObject({ stageIndex: 0, pairs: 600 });
    const verified = await call("GET", "/api/v1/ledger/verify");
    expect(verified.status).toBe(200);
    expect(verified.body["isIntact"]).toBe(true);
  });
});
