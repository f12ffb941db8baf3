import { access, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { keepChildRunning } from "./compose-kept-child.ts";
import { createRuntime } from "./compose-runtime.ts";
import { startSupervisor } from "./compose-supervisor.ts";
import { parseConfig } from "./config.ts";
import { locateCluster } from "./store/embedded/cluster-location.ts";
import { lockDataFolder } from "./store/lock/data-folder-lock.ts";
import { silentLog } from "./store/silent-log.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "spillway-supervisor-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const config = () => parseConfig({ SPILLWAY_DATA_DIR: folder });
const wall = () => createRuntime(config(), "supervisor").wall;

describe("a kept child", () => {
  const keep = async (ending: AbortSignal) => {
    const entry = join(folder, "child.mjs");
    await writeFile(entry, `process.send("ready"); setInterval(() => {}, 1_000);`);
    const said: string[] = [];
    const log = { ...silentLog, warn: (words: string) => void said.push(words) };
    const options = { role: "control", env: process.env, entry, wall: wall(), ending } as const;
    const child = keepChildRunning({ ...options, log, onChange: () => undefined });
    await child.ready;
    return { child, said };
  };

  it("that ends by itself is started again", async () => {
    const { child, said } = await keep(new AbortController().signal);
    const { pid } = child.process();
    process.kill(pid, "SIGKILL");
    await vi.waitFor(() => expect([0, pid]).not.toContain(child.process().pid), 10_000);
    expect(said).toEqual(["The control process ended; it is started again"]);
    await child.stop();
  });

  it("that ends because everything ends is not, and nothing is said of it", async () => {
    const ending = new AbortController();
    const { child, said } = await keep(ending.signal);
    ending.abort();
    process.kill(child.process().pid, "SIGINT");
    await vi.waitFor(() => expect(child.process().pid).toBe(0), 10_000);
    await child.stop();
    expect(child.process().pid).toBe(0);
    expect(said).toEqual([]);
  });
});

describe("a start that fails after PostgreSQL runs", () => {
  it("stops it before the folder is given back", async () => {
    // No token can be put where a folder is.
    await mkdir(join(folder, "gateway-token"));
    const steps: string[] = [];
    const failing = startSupervisor({
      config: config(),
      env: {},
      entry: "unused",
      log: silentLog,
      wall: wall(),
      onProgress: (words) => steps.push(words),
      told: new Promise(() => {}),
    });
    await expect(failing).rejects.toThrow("gateway-token");
    expect(steps).toContain("PostgreSQL is ready");
    const { cluster, isInitialised } = await locateCluster(folder);
    expect(isInitialised).toBe(true);
    await expect(access(join(cluster, "postmaster.pid"))).rejects.toThrow("ENOENT");
    const lock = await lockDataFolder({ dataDir: folder, onRecovered: () => undefined });
    await lock.release();
  });
});
