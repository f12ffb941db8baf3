import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runServer } from "./main.ts";

const entry = fileURLToPath(new URL("./main.ts", import.meta.url));
let dataDir = "";
let silent: Server;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "spillway-main-"));
  // A database that takes connections and says nothing: the start waits for it.
  silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
});

afterEach(async () => {
  silent.close();
  await rm(dataDir, { recursive: true, force: true });
});

it("a folder of recordings that is not there ends the start as wrong usage", async () => {
  const missing = join(dataDir, "nothing-here");
  expect(
    await runServer([], { SPILLWAY_RECORDINGS_DIR: missing, SPILLWAY_DATA_DIR: dataDir }),
  ).toBe(2);
});

describe("a process whose supervisor is gone", () => {
  it("ends also in the middle of its start", async () => {
    const { port } = silent.address() as AddressInfo;
    const child = spawn(process.execPath, [entry], {
      env: {
        ...process.env,
        SPILLWAY_ROLE: "control",
        SPILLWAY_DATA_DIR: dataDir,
        SPILLWAY_CONTROL_PORT: "0",
        SPILLWAY_GATEWAY_TOKEN: "the-token",
        DATABASE_URL: `postgres://nobody:nothing@127.0.0.1:${port}/none`,
      },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const exited = once(child, "exit");
    await once(silent, "connection");
    child.disconnect();
    const startMs = performance.now();
    expect(await exited).toEqual([0, null]);
    // Well under the ten seconds after which the connection would have failed by itself.
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});
