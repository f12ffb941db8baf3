import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { freePort, startInstallation } from "./installation.ts";

let dataDir = "";
afterEach(async () => rm(dataDir, { recursive: true, force: true }));

test("a start that is given up leaves no server behind", async () => {
  dataDir = await mkdtemp(join(tmpdir(), "spillway-given-up-"));
  // Where the tests run as root, PostgreSQL runs as somebody else, who has to get there.
  await chmod(dataDir, 0o711);
  const giveUp = new AbortController();
  const started = startInstallation({
    dataDir,
    gatewayPort: await freePort(),
    controlPort: await freePort(),
    env: { SPILLWAY_LOG_LEVEL: "error", DATABASE_URL: "" },
    // In the middle of the start: PostgreSQL is being made ready.
    onWords: (words) => {
      if (words.startsWith("starting PostgreSQL")) giveUp.abort(new Error("changed my mind"));
    },
    signal: giveUp.signal,
  });
  await expect(started).rejects.toThrow("changed my mind");
  expect(existsSync(join(dataDir, "spillway.lock"))).toBe(false);
  expect(existsSync(join(dataDir, "postgres", "postmaster.pid"))).toBe(false);
}, 60_000);
