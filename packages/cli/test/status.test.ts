import type { FeatureStatus } from "@spillway/contract";
import { exampleFeatureStatus, exampleRolloutSummary } from "@spillway/testkit/control-examples";
import type { FakeControlApi } from "@spillway/testkit/fake-control-api";
import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";

let api: FakeControlApi;

beforeEach(async () => {
  api = await startFakeControlApi();
});
afterEach(() => api.close());

const status = (...argv: string[]) =>
  runCli(["status", "discharge-summary", ...argv, "--url", api.url, "--key", "k"]);

const healthy = exampleFeatureStatus({
  health: "healthy",
  rollout: null,
  unmet: [],
  sentence: "discharge-summary@14 serves everyone.",
});

it.each<[string, Partial<FeatureStatus>, number]>([
  ["healthy", healthy, 0],
  ["degraded", { health: "degraded" }, 1],
  ["undecided", { health: "undecided" }, 3],
  ["healthy, but serving nothing", { ...healthy, baseline: null }, 3],
])("%s", async (_, over, code) => {
  api.answer("featureStatus", exampleFeatureStatus(over));
  expect((await status()).code).toBe(code);
});

it("prints the sentence, what is unmet, and who is behind", async () => {
  const rollout = exampleRolloutSummary({ state: "held", stateCode: "approval" });
  const unmet = [{ code: "approval", sentence: "ramp 50% needs the approval of a reviewer." }];
  const gateways = [{ id: "gw_1", snapshotRevision: 11 }];
  api.answer("featureStatus", exampleFeatureStatus({ rollout, unmet, gateways }));
  expect((await status()).stdout).toMatchInlineSnapshot(`
    "? undecided  discharge-summary  ⚠ held (approval) discharge-summary@13 → discharge-summary@14
    canary needs 400 answers of the candidate; 118 are there.
      • approval: ramp 50% needs the approval of a reviewer.
      • gateway gw_1 still serves snapshot 11, not 12
    "
  `);
});

it("points to what a margin is where a sentence names one", async () => {
  const sentence = "quality is not yet proven to stay below 20%, the margin of this stage.";
  const unmet = [{ code: "gate", sentence }] as const;
  api.answer("featureStatus", exampleFeatureStatus({ unmet: [...unmet] }));
  expect((await status()).stdout).toContain(
    "  margin: what must be ruled out before the next stage, more of it before a small share (docs/statistics.md, Margins)\n",
  );
});

it("--wait waits for the end, with each new sentence on stderr", async () => {
  let turn = 0;
  api.answer("featureStatus", () => (turn++ < 3 ? exampleFeatureStatus() : healthy));
  const { code, stdout, stderr } = await status("--wait", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual(healthy);
  expect(stderr).toBe("canary needs 400 answers of the candidate; 118 are there.\n");
});

it("--wait ends with 3 at the timeout, and still prints where it is", async () => {
  api.answer("featureStatus", exampleFeatureStatus());
  const { code, stdout, stderr } = await status("--wait", "--timeout", "5s");
  expect(code).toBe(3);
  expect(stdout).toContain("? undecided");
  expect(stderr).toContain("Not decided after 5s.");
});

it("--wait outlives a server that is away for a while", async () => {
  let turn = 0;
  api.answer("featureStatus", () => {
    if (turn++ < 2) throw new Error("restarting");
    return healthy;
  });
  expect((await status("--wait")).code).toBe(0);
});

it("an unknown feature is wrong usage, at once", async () => {
  api.refuse("featureStatus", { status: 404, code: "feature_not_found", detail: "No feature." });
  expect((await status("--wait")).code).toBe(2);
});

it("a refused key says where it came from", async () => {
  api.refuse("featureStatus", { status: 401, code: "unauthenticated", detail: "Unknown key." });
  const { code, stderr } = await status();
  expect(code).toBe(2);
  expect(stderr).toContain("The key came from --key.");
});
