import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  exampleFeature,
  exampleFeatureMove,
  exampleRolloutDetail,
  exampleRolloutSummary,
} from "@spillway/testkit/control-examples";
import type { FakeControlApi } from "@spillway/testkit/fake-control-api";
import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";

let api: FakeControlApi;
const FEATURE = "discharge-summary";

beforeEach(async () => {
  api = await startFakeControlApi();
  api.answer("getFeature", exampleFeature());
  api.answer("listRollouts", { items: [], nextCursor: null });
  api.answer("createRollout", exampleRolloutDetail({ state: "pending", stageIndex: null }));
  api.answer("getRollout", exampleRolloutDetail({ state: "pending", stageIndex: null }));
  api.answer("rolloutAction", exampleRolloutDetail({ sentence: "It has begun." }));
});
afterEach(() => api.close());

const run = (argv: string[], cwd = import.meta.dirname) =>
  runCli([...argv, "--url", api.url, "--key", "k"], { cwd });

const sent = (route: string) => api.requests.filter((request) => request.route === route);
const underWay = (over = {}) =>
  api.answer("listRollouts", { items: [exampleRolloutSummary(over)], nextCursor: null });

describe("start", () => {
  const argv = ["start", FEATURE, "--candidate", "discharge-summary@14", "--strategy", "careful"];

  it("says what the traffic cannot decide", async () => {
    const warnings = ["edit_rate in canary cannot be decided in 1 day at this traffic."];
    const prepared = exampleRolloutDetail({ state: "pending", stageIndex: null, warnings });
    api.answer("createRollout", prepared);
    const { code, stderr } = await run(argv);
    expect(code).toBe(0);
    expect(stderr).toContain(`warning: ${warnings[0]}`);
  });

  it("groups many warnings by their kind, so that what is replaced stays in sight", async () => {
    const undecided = ["a", "b", "c", "d"].map(
      (id) => `${id} in canary cannot be decided in 1 day.`,
    );
    const warnings = [...undecided, "e in shadow is never seen there: it is not compared."];
    const prepared = exampleRolloutDetail({ state: "pending", stageIndex: null, warnings });
    api.answer("createRollout", prepared);
    const { stderr } = await run(argv);
    expect(stderr).toMatchInlineSnapshot(`
      "warning: 4 checks cannot be decided at this traffic:
        a in canary cannot be decided in 1 day.
        b in canary cannot be decided in 1 day.
        and 2 more
      warning: e in shadow is never seen there: it is not compared.
      Each of them: \`spillway plan discharge-summary\` (a slice's with \`--slice\`).
      discharge-summary: what will be replaced
      Follow it with \`spillway get rollout discharge-summary -w\`.
      "
    `);
    const asJson = await run([...argv, "--json"]);
    for (const warning of warnings) expect(asJson.stderr).toContain(`warning: ${warning}\n`);
  });

  it("creates, shows what is replaced, and starts", async () => {
    const { code, stdout, stderr } = await run([...argv, "--note", "why not"]);
    expect({ code, stderr }).toMatchInlineSnapshot(`
      {
        "code": 0,
        "stderr": "discharge-summary: what will be replaced
      Follow it with \`spillway get rollout discharge-summary -w\`.
      ",
      }
    `);
    expect(stdout).toMatchInlineSnapshot(`
      "discharge-summary@13 → discharge-summary@14
      ~ prompt discharge-prompt v3.1 becomes v3.2
          messages[0].content
          - Be brief.
          + Be brief and exact.
      It has begun.
      "
    `);
    expect(sent("createRollout")[0]?.body).toEqual({
      feature: FEATURE,
      candidate: "discharge-summary@14",
      strategy: "careful",
      note: "why not",
    });
    expect(sent("rolloutAction")[0]?.params).toEqual({ id: "rol_1", action: "start" });
  });

  it("takes a strategy from a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "spillway-cli-"));
    await writeFile(join(folder, "s.yaml"), "kind: strategy\nstrategy: mine\nstages: []\n");
    await run([...argv.slice(0, -1), "s.yaml"], folder);
    expect(sent("createRollout")[0]?.body).toMatchObject({
      strategy: { strategy: "mine", stages: [] },
    });
    await writeFile(join(folder, "s.yaml"), "name: mine\nstages: [\n");
    const bad = await run([...argv.slice(0, -1), "s.yaml"], folder);
    expect(bad.code).toBe(2);
    expect(bad.stderr).toMatch(/s\.yaml:[23]: /);
  });

  it("says what is left when it cannot start, and takes that up the next time", async () => {
    const detail = "This tier wants a shadow stage.";
    api.refuse("rolloutAction", { status: 422, code: "invalid_configuration", detail });
    const failed = await run(argv);
    expect(failed.code).toBe(2);
    expect(failed.stderr).toContain("rol_1 is prepared but not started");
    underWay({ state: "pending", stageIndex: null });
    api.answer("rolloutAction", exampleRolloutDetail());
    expect((await run(argv)).code).toBe(0);
    expect(sent("createRollout")).toHaveLength(1);
  });

  it("refuses while another rollout is under way", async () => {
    underWay();
    const { code, stderr } = await run(argv);
    expect(code).toBe(1);
    expect(stderr).toContain("has a rollout already: discharge-summary@14 by careful");
  });

  it("--json prints one object only", async () => {
    const { stdout } = await run([...argv, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ id: "rol_1", sentence: "It has begun." });
  });
});

describe("actions on a rollout", () => {
  it.each(["promote", "approve", "pause", "resume", "abort"])("%s", async (action) => {
    underWay();
    const { code, stdout } = await run([action, FEATURE, "--note", "because"]);
    expect(code).toBe(0);
    expect(stdout).toContain("◌ progressing  discharge-summary  rol_1\nIt has begun.");
    expect(sent("rolloutAction")[0]).toMatchObject({
      params: { id: "rol_1", action },
      body: { note: "because", full: false, override: false },
    });
  });

  it("promote passes --full and --override", async () => {
    underWay();
    await run(["promote", FEATURE, "--full", "--override", "--note", "hotfix"]);
    expect(sent("rolloutAction")[0]?.body).toMatchObject({ full: true, override: true });
  });

  it("unmet requirements are not decided yet: 3, and all of them", async () => {
    underWay();
    const unmet = [{ code: "approval", sentence: "A reviewer must approve." }];
    const problem = { status: 409, code: "requirements_unmet", detail: "Not yet.", unmet };
    api.refuse("rolloutAction", problem);
    const { code, stderr } = await run(["promote", FEATURE]);
    expect(code).toBe(3);
    expect(stderr).toBe("error: Not yet.\n  approval: A reviewer must approve.\n");
  });

  it("a detail that strings requirements together is shown as a list, one a line", async () => {
    underWay();
    const unmet = [
      { code: "duration", sentence: "canary lasts 24 hours; 3 hours are left." },
      { code: "gate", sentence: "quality is not settled on 118 answers." },
    ];
    const detail = `2 unmet: ${unmet.map(({ sentence }) => sentence).join(" ")}`;
    const problem = { status: 409, code: "requirements_unmet", title: "Unmet", detail, unmet };
    api.refuse("rolloutAction", problem);
    const { code, stdout, stderr } = await run(["promote", FEATURE, "--json"]);
    expect(code).toBe(3);
    expect(stderr).toMatchInlineSnapshot(`
      "error: 2 requirements are unmet.
        duration: canary lasts 24 hours; 3 hours are left.
        gate: quality is not settled on 118 answers.
      "
    `);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: "requirements_unmet", title: "Unmet", detail, status: 409, unmet },
    });
  });

  it("says that there is none, and what to do", async () => {
    const { code, stderr } = await run(["pause", FEATURE]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "has no rollout under way. Start one with `spillway start discharge-summary",
    );
  });
});

describe("moves of a feature", () => {
  it("rollback is a single request, whether or not there is a rollout", async () => {
    api.answer("rollbackFeature", exampleFeatureMove());
    const argv = ["rollback", FEATURE, "--to", "discharge-summary@13", "--component", "prompt"];
    const { code, stdout } = await run(argv);
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "discharge-summary: discharge-summary@14 → discharge-summary@13
      discharge-summary@13 answers everyone again.
      decision dec_5, snapshot 13
      "
    `);
    expect(api.requests).toHaveLength(1);
    expect(api.requests[0]?.body).toEqual({
      note: "",
      to: "discharge-summary@13",
      component: "prompt",
    });
  });

  it("undo", async () => {
    api.answer("undoFeature", exampleFeatureMove());
    expect((await run(["undo", FEATURE])).stdout).toContain("discharge-summary@13");
  });

  it("kill and revive", async () => {
    api.answer("killFeature", exampleFeature({ isKilled: true }));
    api.answer("reviveFeature", exampleFeature());
    const killed = await run(["kill", FEATURE]);
    expect(killed.stdout).toBe(
      "discharge-summary is killed: discharge-summary@13 answers everyone.\n",
    );
    const revived = await run(["revive", FEATURE]);
    expect(revived.stdout).toBe(
      "discharge-summary is not killed: it serves discharge-summary@13 and its rollout rol_1.\n",
    );
  });
});
