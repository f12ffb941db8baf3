import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { findConnection } from "./connection.ts";

let cwd: string;
const writeKey = (text: string) => writeFile(join(cwd, "admin-key"), text);
const inFolder = (env = {}) => ({ cwd, env: { SPILLWAY_DATA_DIR: ".", ...env } });

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "spillway-cli-"));
});

describe("findConnection", () => {
  it("takes the option before the environment before the default", async () => {
    const env = { SPILLWAY_URL: "http://env:1", SPILLWAY_CONTROL_PORT: "4300", SPILLWAY_KEY: "e" };
    const option = await findConnection({ url: "http://o", key: "o" }, { cwd, env });
    expect(option).toEqual({ baseUrl: "http://o", key: "o", keySource: "--key" });
    const fromEnv = await findConnection({}, { cwd, env });
    expect(fromEnv).toEqual({ baseUrl: "http://env:1", key: "e", keySource: "SPILLWAY_KEY" });
    const port = await findConnection({}, { cwd, env: { ...env, SPILLWAY_URL: " " } });
    expect(port.baseUrl).toBe("http://127.0.0.1:4300");
    expect((await findConnection({}, { cwd, env: {} })).baseUrl).toBe("http://127.0.0.1:4200");
  });

  it.each(["sk_1\n", '{"secret":"sk_1"}', '{"key":"sk_1"}'])("reads %j", async (text) => {
    await writeKey(text);
    const found = await findConnection({}, inFolder());
    expect(found).toMatchObject({ key: "sk_1", keySource: join(cwd, "admin-key") });
  });

  it.each(["", "two words", "{", '{"secret":7}'])("refuses %j as a key", async (text) => {
    await writeKey(text);
    await expect(findConnection({}, inFolder())).rejects.toThrow("holds no key");
  });

  it("goes on without a key when the file is not there", async () => {
    const found = await findConnection({}, inFolder());
    expect(found.key).toBeNull();
    expect(found.keySource).toContain("there is no");
  });

  it("does not show this machine's key to another host", async () => {
    await writeKey("sk_1");
    const far = await findConnection({ url: "https://spillway.example" }, inFolder());
    expect(far.key).toBeNull();
    for (const url of ["http://127.0.0.1.evil.example", "http://127.0.0.1@evil.example"]) {
      expect((await findConnection({ url }, inFolder())).key).toBeNull();
    }
    for (const url of ["http://localhost:9", "http://[::1]:9", "http://127.0.0.1:9"]) {
      expect((await findConnection({ url }, inFolder())).key).toBe("sk_1");
    }
  });
});
