import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { describe, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";

const NOWHERE = ["--url", "http://127.0.0.1:1"];

describe("wrong usage ends with 2 and says what to do", () => {
  it.each([
    [["statsu", "a"], "Did you mean status?"],
    [["status", "a", "--wiat"], "Did you mean --wait?"],
    [["get", "rolout", "a"], "Did you mean rollout?"],
    [["status"], "missing required argument 'feature'"],
    [["status", "a", "--timeout", "soon"], "Wanted a duration such as 90s"],
    [["start", "a", "--strategy", "careful"], "'--candidate <release>' not specified"],
    [["rollback", "a", "--component", "moddel"], "Allowed choices are prompt, model"],
    [["replay"], "wanted one decision, or --rollout <id>"],
    [["replay", "dec_1", "--rollout", "rol_1"], "wanted one decision, or --rollout <id>"],
    [["who-served", "a", "--at", "lately"], '"lately" is not a time'],
    [["keys", "create", "ci"], "needs a role"],
    [["keys", "create", "app", "--scope", "gateway", "--role", "admin"], "has no role"],
    [["backtest", "--recordings", "x"], "wanted --pair <id> (repeatable) or --all"],
    [["backtest", "--recordings", "x", "--all", "--seed", "-1"], "Wanted a whole number"],
    [["apply", "-f", "not-there.yaml"], "cannot read not-there.yaml"],
    [["status", "a", "--url", "localhost:4200"], "is not the address of a control API"],
  ])("%j", async (argv, words) => {
    const { code, stdout, stderr } = await runCli([...NOWHERE, ...argv]);
    expect(stderr).toContain(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

describe("--json prints the failure as an object too", () => {
  const errorOf = async (argv: string[]) => {
    const { code, stdout, stderr } = await runCli([...NOWHERE, ...argv, "--json"]);
    return { code, hasWords: stderr !== "", ...(JSON.parse(stdout) as { error: unknown }) };
  };

  it("for what this command finds wrong", async () => {
    expect(await errorOf(["statsu", "a"])).toMatchObject({
      code: 2,
      hasWords: true,
      error: { code: "usage", title: "Wrong usage", status: null },
    });
    expect(await errorOf(["status", "a", "--wiat"])).toMatchObject({ error: { code: "usage" } });
    expect(await errorOf(["replay"])).toMatchObject({
      error: { code: "usage", detail: expect.stringContaining("wanted one decision") as string },
    });
  });

  it("for a server that does not answer", async () => {
    expect(await errorOf(["get", "features"])).toMatchObject({
      code: 1,
      error: { code: "unreachable", status: null },
    });
    expect(await errorOf(["status", "a"])).toMatchObject({
      code: 3,
      error: {
        code: "unreachable",
        detail: expect.stringContaining("The state of a is not known.") as string,
      },
    });
  });

  it("and help is no failure", async () => {
    const { stdout } = await runCli(["status", "--help", "--json"]);
    expect(stdout).not.toContain('"error"');
  });
});

it("says that nothing listens, with 1, and with 3 where the state is asked", async () => {
  const api = await startFakeControlApi();
  await api.close();
  const get = await runCli(["get", "features", "--url", api.url]);
  expect(get.code).toBe(1);
  expect(get.stderr).toContain("connection refused; is `spillway up` running?");
  const status = await runCli(["status", "a", "--url", api.url]);
  expect(status.code).toBe(3);
  expect(status.stderr).toContain("The state of a is not known.");
});

it("prints help and version with 0", async () => {
  expect(await runCli(["--version"])).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
  const help = await runCli(["status", "--help"]);
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("--timeout <duration>");
  expect(help.stdout).toContain("--json");
});

it("up passes its arguments, the environment and the exit code on", async () => {
  const seen: unknown[] = [];
  const env = { SPILLWAY_DATA_DIR: "x" };
  const { code } = await runCli(["up", "--port", "9", "extra"], {
    env,
    runServer: (...given) => {
      seen.push(given);
      return Promise.resolve(17);
    },
  });
  expect(code).toBe(17);
  expect(seen).toEqual([[["--port", "9", "extra"], env]]);
});
