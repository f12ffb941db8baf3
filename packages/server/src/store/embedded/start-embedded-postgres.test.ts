import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isProcessAlive, readProcessStart } from "../lock/process-identity.ts";
import { silentLog } from "../silent-log.ts";
import { keepEmbeddedPostgresRunning } from "./keep-embedded-postgres-running.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "./start-embedded-postgres.ts";

const isRoot = process.getuid?.() === 0;
const holdScript = fileURLToPath(new URL("./hold-postgres.fixture.ts", import.meta.url));
let dataDir = "";
let server: { readonly stop: () => Promise<void> } | null = null;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "spillway-postgres-"));
  // As root the server runs as another user, who must be able to enter.
  await chmod(dataDir, 0o711);
});

afterEach(async () => {
  await server?.stop();
  server = null;
  await rm(dataDir, { recursive: true, force: true });
});

async function start(): Promise<EmbeddedPostgres> {
  const started = await startEmbeddedPostgres({ dataDir, log: silentLog, durability: "none" });
  server = started;
  return started;
}

async function query(url: string, text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

async function exitOf(started: EmbeddedPostgres): Promise<void> {
  await new Promise<void>((resolve) => started.onExit(() => resolve()));
}

describe("the first start", () => {
  test("makes a private UTF8 cluster that asks for a password", async () => {
    const words: string[] = [];
    const started = await startEmbeddedPostgres({
      dataDir,
      log: silentLog,
      durability: "none",
      onProgress: (step) => words.push(step),
    });
    server = started;
    expect(words).toEqual([
      "preparing PostgreSQL (first start, ~5 s)",
      "starting PostgreSQL",
      "PostgreSQL is ready",
    ]);
    const settings = await query(
      started.url,
      `select current_setting('server_encoding') as encoding, d.datcollate as collation,
         current_setting('listen_addresses') as addresses
       from pg_database as d where d.datname = current_database()`,
    );
    expect(settings).toEqual([{ encoding: "UTF8", collation: "C", addresses: "127.0.0.1" }]);
    expect((await stat(join(dataDir, "postgres"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(dataDir, "postgres-password"))).mode & 0o777).toBe(0o600);
    const guessed = started.url.replace(/:[^:@]+@/, ":guessed@");
    await expect(query(guessed, "select 1")).rejects.toThrow(/password authentication failed/);
  });

  test("killed in the middle leaves nothing that troubles the next one", async () => {
    const holder = spawn(process.execPath, [holdScript, dataDir], { stdio: "ignore" });
    await vi.waitFor(
      async () =>
        expect(await readdir(dataDir, { recursive: true })).toContainEqual(
          expect.stringMatching(/^postgres\.initialising-.*base.1$/),
        ),
      { timeout: 15_000, interval: 5 },
    );
    const ended = once(holder, "exit");
    holder.kill("SIGKILL");
    await ended;
    const started = await start();
    expect(await query(started.url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect((await readdir(dataDir)).toSorted()).toEqual(["postgres", "postgres-password"]);
  });

  test.skipIf(!isRoot)("as root the server runs as another user without groups", async () => {
    const started = await start();
    const status = await readFile(`/proc/${started.pid}/status`, "utf8");
    expect(status).not.toMatch(/^Uid:\s+0\b/m);
    expect(status).toMatch(/^Groups:\s*$/m);
  });
});

test.skipIf(!isRoot)(
  "as root below a folder that only root may enter, the cluster lies where its user can",
  async () => {
    const home = await mkdtemp(join(tmpdir(), "spillway-home-"));
    const inside = join(home, "project", "data");
    const messages: string[] = [];
    const log = { ...silentLog, info: (message: string) => void messages.push(message) };
    const options = { dataDir: inside, log, durability: "none" } as const;
    let parent = "";
    try {
      const first = await startEmbeddedPostgres(options);
      server = first;
      const record: unknown = JSON.parse(
        await readFile(join(inside, "postgres-location.json"), "utf8"),
      );
      parent = (record as { parent: string }).parent;
      expect(parent).toMatch(/^\/var\/lib\/spillway\//);
      expect(messages.join()).toContain(`cannot enter ${home}`);
      expect((await stat(home)).mode & 0o777).toBe(0o700);
      await query(first.url, "create table kept as select 1 as one");
      await first.stop();
      const second = await startEmbeddedPostgres(options);
      server = second;
      expect(await query(second.url, "select one from kept")).toEqual([{ one: 1 }]);
      await second.stop();
      await rm(parent, { recursive: true });
      await expect(startEmbeddedPostgres(options)).rejects.toThrow(/which is gone/);
    } finally {
      await server?.stop();
      if (parent !== "") await rm(parent, { recursive: true, force: true });
      await rm(home, { recursive: true, force: true });
    }
  },
);

describe("after a kill -9", () => {
  test("of the postmaster the next start has the data", async () => {
    const first = await start();
    await query(first.url, "create table kept as select 1 as one");
    const killed = exitOf(first);
    process.kill(first.pid, "SIGKILL");
    await killed;
    const second = await start();
    expect(await query(second.url, "select one from kept")).toEqual([{ one: 1 }]);
  });

  test("of the postmaster a busy child is ended, and a reused pid is not mistaken", async () => {
    const first = await start();
    const busy = query(first.url, "do $$ begin loop end loop; end $$").catch(() => "cut");
    await vi.waitFor(async () => {
      const text = "select 1 from pg_stat_activity as a where a.query like 'do $$%'";
      expect(await query(first.url, text)).toHaveLength(1);
    });
    const killed = exitOf(first);
    process.kill(first.pid, "SIGKILL");
    await killed;
    const pidFile = join(dataDir, "postgres", "postmaster.pid");
    const lines = (await readFile(pidFile, "utf8")).split("\n");
    await writeFile(pidFile, [String(process.pid), ...lines.slice(1)].join("\n"));
    const second = await start();
    expect(await busy).toBe("cut");
    expect(await query(second.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("of Spillway the orphaned server is stopped by the next start", async () => {
    const holder = spawn(process.execPath, [holdScript, dataDir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface(holder.stdout), "line")) as [string];
    const orphan = JSON.parse(line) as { pid: number; url: string };
    await query(orphan.url, "create table kept as select 1 as one");
    const ended = once(holder, "exit");
    holder.kill("SIGKILL");
    await ended;
    expect(isProcessAlive(orphan.pid)).toBe(true);
    const second = await start();
    expect(await readProcessStart(orphan.pid)).toBeNull();
    expect(await query(second.url, "select one from kept")).toEqual([{ one: 1 }]);
  });
});

test("a kept server comes back on the same port after a kill -9", async () => {
  const kept = await keepEmbeddedPostgresRunning({ dataDir, log: silentLog, durability: "none" });
  server = kept;
  const firstPid = kept.pid();
  process.kill(firstPid, "SIGKILL");
  await vi.waitFor(
    async () => expect(await query(kept.url, "select 1 as one")).toEqual([{ one: 1 }]),
    { timeout: 15_000, interval: 50 },
  );
  expect(kept.pid()).not.toBe(firstPid);
});
