import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { AppError } from "@spillway/core";
import pg from "pg";
import { startEmbeddedPostgres } from "../../server/src/store/embedded/start-embedded-postgres.ts";
import { lockDataFolder } from "../../server/src/store/lock/data-folder-lock.ts";
import type { Log } from "../../server/src/ports.ts";

/**
 * The process that holds the test server; `node database-host.ts <folder>`.
 *
 *   locking --lock is taken--> ended            locking --got it--> starting --ready--> announced
 *   announced --no lease for a while--> withdrawn --still none--> stopped, folder removed
 *   withdrawn --a lease came meanwhile--> announced
 *
 * Who may run at once: any number of hosts and test processes. The lock of the folder lets one
 * host work. A test process counts as a user once it is connected AND the announcement is still
 * there; the host withdraws it before it counts, so a user is either counted or looks again.
 */
export const LEASE_APPLICATION_NAME = "spillway-test-lease";

/** The comment on databases that must survive the end of the run. */
export const KEPT_MARK = "kept for inspection";

export type ServerAnnouncement = { readonly id: string; readonly url: string };

/** Test files follow each other within a second or two; longer only costs a start of 1 s. */
const IDLE_MS = 5_000;
const POLL_MS = 500;
const SETTLE_MS = 300;

/** No test run takes this long; a bound, should a lease ever be left open. */
const LIFETIME_MAX_MS = 2 * 3_600_000;

export async function readServerFile(folder: string): Promise<ServerAnnouncement | null> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, "server.json"), "utf8"));
    if (typeof value !== "object" || value === null) return null;
    if (!("id" in value) || !("url" in value)) return null;
    const { id, url } = value;
    return typeof id === "string" && typeof url === "string" ? { id, url } : null;
  } catch {
    // Absent: no host yet, or it has just withdrawn.
    return null;
  }
}

async function hostTestServer(folder: string): Promise<void> {
  const log = fileLog(join(folder, "log"));
  const lock = await lockDataFolder({ dataDir: folder });
  await rm(join(folder, "server.json"), { force: true });
  const server = await startEmbeddedPostgres({ dataDir: folder, log, durability: "none" });
  const stopped = new AbortController();
  server.onExit(() => stopped.abort());
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => stopped.abort());
  }
  const announcement: ServerAnnouncement = { id: randomUUID(), url: server.url };
  const kept = await serveUntilIdle({ folder, announcement, ended: stopped.signal });
  await rm(join(folder, "server.json"), { force: true });
  await server.stop();
  if (kept === 0) await removeServerFiles(folder);
  await lock.release();
  // Fails when something was kept or the next host is here already, as it should.
  await rmdir(folder).catch(() => undefined);
}

/** Under the lock, so that the files of the next host are never touched. */
async function removeServerFiles(folder: string): Promise<void> {
  for (const name of ["postgres", "postgres-password", "log"]) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

type Serving = {
  readonly folder: string;
  readonly announcement: ServerAnnouncement;
  readonly ended: AbortSignal;
};

/** Resolves to the number of databases to keep, or to 1 when that could not be found out. */
async function serveUntilIdle(serving: Serving): Promise<number> {
  const client = new pg.Client({ connectionString: serving.announcement.url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await dropOldDatabases(client);
    await announce(serving);
    const endAtMs = performance.now() + LIFETIME_MAX_MS;
    let usedAtMs = performance.now();
    while (!serving.ended.aborted && performance.now() < endAtMs) {
      await sleep(POLL_MS);
      if ((await countLeases(client)) > 0) usedAtMs = performance.now();
      if (performance.now() - usedAtMs < IDLE_MS) continue;
      await rm(join(serving.folder, "server.json"), { force: true });
      await sleep(SETTLE_MS);
      if ((await countLeases(client)) === 0) break;
      await announce(serving);
      usedAtMs = performance.now();
    }
    return (await loadTestDatabases(client)).filter((found) => found.isKept).length;
  } catch {
    // The server was killed under us: the next host repairs the cluster.
    return 1;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function announce({ folder, announcement }: Serving): Promise<void> {
  const path = join(folder, "server.json");
  await writeFile(`${path}.partial`, JSON.stringify(announcement), { mode: 0o600 });
  await rename(`${path}.partial`, path);
}

async function countLeases(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ leases: string }>(
    "select count(*) as leases from pg_stat_activity as a where a.application_name = $1",
    [LEASE_APPLICATION_NAME],
  );
  return Number(rows[0]?.leases ?? 0);
}

type FoundDatabase = { readonly name: string; readonly isKept: boolean };

async function loadTestDatabases(client: pg.Client): Promise<readonly FoundDatabase[]> {
  const { rows } = await client.query<FoundDatabase>(
    `select d.datname as name,
       coalesce(shobj_description(d.oid, 'pg_database') = $1, false) as "isKept"
     from pg_database as d where d.datname like 'test\\_%'`,
    [KEPT_MARK],
  );
  return rows;
}

/** What an earlier run kept was there to be looked at until now; what it lost goes as well. */
async function dropOldDatabases(client: pg.Client): Promise<void> {
  if (process.env["SPILLWAY_KEEP_TEST_DATABASES"] === "1") return;
  for (const { name } of await loadTestDatabases(client)) {
    await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`);
  }
}

function fileLog(path: string): Log {
  const write = (message: string): void => appendFileSync(path, `${message}\n`);
  return { debug: write, info: write, warn: write, error: write };
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) throw new Error("usage: node database-host.ts <folder>");
  await hostTestServer(folder).catch((error: unknown) => {
    const isLate = error instanceof AppError && error.code === "data_folder_in_use";
    if (!isLate) appendFileSync(join(folder, "log"), `${inspect(error)}\n`);
  });
  process.exit();
}
