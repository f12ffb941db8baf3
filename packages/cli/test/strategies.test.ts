import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  exampleRolloutDetail,
  exampleRolloutSummary,
  exampleStrategy,
} from "@spillway/testkit/control-examples";
import type { FakeControlApi } from "@spillway/testkit/fake-control-api";
import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";

let api: FakeControlApi;
beforeEach(async () => {
  api = await startFakeControlApi();
});
afterEach(() => api.close());

const run = (argv: string[], cwd = import.meta.dirname) =>
  runCli([...argv, "--url", api.url, "--key", "k"], { cwd });

describe("get strategies", () => {
  it("tells built-in ones from stored ones", async () => {
    api.answer("listStrategies", {
      items: [
        exampleStrategy({ name: "prompt-canary", isBuiltIn: true }),
        exampleStrategy({ name: "ours" }),
      ],
    });
    const { code, stdout } = await run(["get", "strategies"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/prompt-canary +built in/);
    expect(stdout).toMatch(/ours +stored/);
  });
});

describe("revise", () => {
  it("sends the file of the strategy, and prints what is different", async () => {
    const folder = await mkdtemp(join(tmpdir(), "spillway-revise-"));
    await writeFile(join(folder, "longer.yaml"), "strategy: longer\nstages: []\n");
    api.answer("listRollouts", { items: [exampleRolloutSummary()], nextCursor: null });
    api.answer("reviseRollout", exampleRolloutDetail({ sentence: "ada revised it.", revision: 2 }));
    const argv = ["revise", "discharge-summary", "--strategy", "longer.yaml", "--note", "slow"];
    const { code, stdout } = await run(argv, folder);
    expect(code).toBe(0);
    expect(stdout).toContain("ada revised it.");
    const [request] = api.requests.filter(({ route }) => route === "reviseRollout");
    expect(request).toMatchObject({
      params: { id: "rol_1" },
      body: { strategy: { strategy: "longer", stages: [] }, note: "slow" },
    });
  });

  it("that the rollout cannot take is wrong usage, and not undecided", async () => {
    api.answer("listRollouts", { items: [exampleRolloutSummary()], nextCursor: null });
    const detail = "Nothing would change: the rollout runs by this strategy already.";
    api.refuse("reviseRollout", { status: 422, code: "invalid_configuration", detail });
    const { code, stderr } = await run(["revise", "discharge-summary", "--strategy", "careful"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: `error: ${detail}\n` });
  });

  it("names the line, and the stage as it is written, of what the rollout cannot take", async () => {
    const folder = await mkdtemp(join(tmpdir(), "spillway-revise-"));
    const text = "strategy: own\nstages:\n  - stage: ramp\n    share:\n      - 5%\n      - 20%\n";
    await writeFile(join(folder, "own.yaml"), text);
    api.answer("listRollouts", { items: [exampleRolloutSummary()], nextCursor: null });
    const message = "ramp 20% is a ramp at 10% and would become a ramp at 20%.";
    const problems = [{ path: "stages[1]", message }];
    const code = "invalid_configuration";
    api.refuse("reviseRollout", { status: 422, code, detail: message, problems });
    const argv = ["revise", "discharge-summary", "--strategy", "own.yaml"];
    const answer = await run([...argv, "--json"], folder);
    expect(answer.code).toBe(2);
    expect(answer.stderr).toBe(
      `error: The strategy cannot be used.\nown.yaml:6: stages[0].share[1]: ${message}\n`,
    );
    expect(JSON.parse(answer.stdout)).toMatchObject({ error: { code, problems } });
    const named = await run(["revise", "discharge-summary", "--strategy", "own"], folder);
    expect(named.stderr).toBe(`error: ${message}\n  stages[1]: ${message}\n`);
  });
});
