import {
  EXAMPLE_NOW_MS,
  exampleDecisionSummary,
  exampleFeature,
  exampleRolloutDetail,
  exampleRolloutSummary,
} from "@spillway/testkit/control-examples";
import type { FakeControlApi } from "@spillway/testkit/fake-control-api";
import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";

let api: FakeControlApi;
const FEATURE = "discharge-summary";

beforeEach(async () => {
  api = await startFakeControlApi();
  const clock = { nowMs: EXAMPLE_NOW_MS, speed: 1 };
  api.answer("health", { status: "ok", database: "ok", version: "0.1.0", clock });
  api.answer("getFeature", exampleFeature());
  api.answer("listRollouts", { items: [exampleRolloutSummary()], nextCursor: null });
  api.answer("getRollout", exampleRolloutDetail());
  api.answer("listDecisions", { items: [exampleDecisionSummary()], nextCursor: null });
});
afterEach(() => api.close());

const run = (argv: string[], isTerminal = false) =>
  runCli([...argv, "--url", api.url, "--key", "k"], { isTerminal });

it("get rollout shows the rollout under way", async () => {
  const { code, stdout, stderr } = await run(["get", "rollout", FEATURE]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("⟳ discharge-summary  ◌ progressing  rol_1, version 4");
  expect(stdout).toContain("for 12m");
  expect(stdout).not.toContain("\u001B");
});

it("get rollout shows the last one when none is under way", async () => {
  const older = exampleRolloutSummary({ id: "rol_0", state: "completed", createdAtMs: 1 });
  const newer = exampleRolloutSummary({ id: "rol_2", state: "rolled_back", createdAtMs: 2 });
  api.answer("listRollouts", { items: [older, newer], nextCursor: null });
  await run(["get", "rollout", FEATURE]);
  const asked = api.requests.find(({ route }) => route === "getRollout");
  expect(asked?.params["id"]).toBe("rol_2");
});

it("get rollout --json is the API's object", async () => {
  const { stdout } = await run(["get", "rollout", FEATURE, "--json"]);
  expect(JSON.parse(stdout)).toEqual(exampleRolloutDetail());
});

it("get rollout -w prints each change and ends with the rollout", async () => {
  const states = ["progressing", "progressing", "held", "rolled_back"] as const;
  let turn = 0;
  api.answer("getRollout", () => {
    const state = states[Math.min(turn++, states.length - 1)] ?? "held";
    return exampleRolloutDetail({ state, sentence: `It is ${state}.` });
  });
  const { code, stdout } = await run(["get", "rollout", FEATURE, "-w"]);
  expect(code).toBe(1);
  expect(stdout.match(/It is \w+\./g)).toEqual([
    "It is progressing.",
    "It is held.",
    "It is rolled_back.",
  ]);
});

it("get rollout -w draws over itself on a screen, and ends with 0 when complete", async () => {
  api.answer("getRollout", exampleRolloutDetail({ state: "completed", stageIndex: null }));
  const { code, stdout } = await run(["get", "rollout", FEATURE, "-w"], true);
  expect(code).toBe(0);
  expect(stdout.startsWith("\u001B[H\u001B[2J")).toBe(true);
  expect(stdout).toContain("\u001B[32m✔ complete\u001B[39m");
});

it("NO_COLOR is honoured on a screen", async () => {
  const argv = ["get", "rollouts", "--url", api.url, "--key", "k"];
  const { stdout } = await runCli(argv, { isTerminal: true, env: { NO_COLOR: "1" } });
  expect(stdout).not.toContain("\u001B");
});

it("get rollouts keeps the order of the API", async () => {
  const held = exampleRolloutSummary({ state: "held", stateCode: "approval", feature: "b" });
  api.answer("listRollouts", { items: [held, exampleRolloutSummary()], nextCursor: "more" });
  const { stdout, stderr } = await run(["get", "rollouts", "--active"]);
  expect(stdout.split("\n")[1]).toMatch(/^b {18}⚠ held \(approval\)/);
  expect(stderr).toContain("Only the first 2 are shown");
  expect(api.requests[0]?.query).toEqual({ active: "true" });
});

it("get features shows what serves", async () => {
  api.answer("listFeatures", { items: [exampleFeature({ isKilled: true })] });
  const { stdout } = await run(["get", "features"]);
  expect(stdout).toMatchInlineSnapshot(`
    "feature            tier  serves                         rollout  owner        title
    discharge-summary  1     discharge-summary@13 (killed)  rol_1    clinical-ai  Discharge summary
    "
  `);
});

it("a feature without a rollout, and one that does not exist, are two things", async () => {
  api.answer("listRollouts", { items: [], nextCursor: null });
  const none = await run(["get", "rollout", FEATURE]);
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("has had no rollout. Start one with `spillway start");
  api.refuse("getFeature", { status: 404, code: "feature_not_found", detail: 'No feature "x".' });
  const unknown = await run(["get", "rollout", "x"]);
  expect(unknown).toEqual({ code: 2, stdout: "", stderr: 'error: No feature "x".\n' });
});
