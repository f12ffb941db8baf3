import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { sql } from "kysely";
import type { DecisionRecord } from "../../core/src/index.ts";
import { openDatabase, type Database } from "../../server/src/store/database.ts";
import { findDecision } from "../../server/src/store/decision-store.ts";
import { fingerprintMigrations, migrateDatabase } from "../../server/src/store/migrate.ts";
import { migrations } from "../../server/src/store/migrations/index.ts";
import { assertReplays } from "./replay-decisions.ts";
import { KEPT_MARK, LEASE_APPLICATION_NAME, readServerFile } from "./database-host.ts";

/**
 * A database of its own for one test file.
 *
 * One PostgreSQL server serves every test process of this checkout. It lives in a host process of
 * its own (database-host.ts), started by whoever needs it first, and ends when nobody holds a
 * lease any more. A lease is an open connection, so that a killed test process gives it back.
 */
export type TestDatabase = {
  readonly url: string;
  readonly name: string;
  readonly database: Database;
  /** Closes the pool and drops the database, unless it is to be kept. */
  readonly drop: (outcome?: "passed" | "failed") => Promise<void>;
};

export async function createTestDatabase(name: string): Promise<TestDatabase> {
  const serverUrl = await acquireTestServer();
  const template = await ensureTemplate(serverUrl);
  const databaseName = `test_${slug(name)}_${process.pid}_${++created}`;
  await onServer(serverUrl, async (client) => {
    await client.query(`drop database if exists ${databaseName} with (force)`);
    await client.query(`create database ${databaseName} template ${template}`);
  });
  const url = withDatabase(serverUrl, databaseName);
  const database = openDatabase(url, { applicationName: "spillway-test", poolSize: 5 });
  const drop = async (outcome: "passed" | "failed" = "passed"): Promise<void> => {
    await database.close();
    if (outcome === "failed" || process.env["SPILLWAY_KEEP_TEST_DATABASES"] === "1") {
      await keepDatabase(serverUrl, databaseName);
      return;
    }
    await replayStoredDecisions(serverUrl, url).catch(async (error: unknown) => {
      await keepDatabase(serverUrl, databaseName);
      throw error;
    });
    await onServer(serverUrl, async (client) => {
      await client.query(`drop database if exists ${databaseName} with (force)`);
    });
  };
  return { url, name: databaseName, database, drop };
}

/** Every decision that a test has left behind must come out the same from what is stored of it. */
async function replayStoredDecisions(serverUrl: string, url: string): Promise<void> {
  if (!(await isThere(serverUrl, url))) return;
  const database = openDatabase(url, { applicationName: "spillway-test-replay", poolSize: 1 });
  try {
    assertReplays(await loadDecisions(database));
  } finally {
    await database.close();
  }
}

/** A test may have taken its own database away, to see what happens without. */
async function isThere(serverUrl: string, url: string): Promise<boolean> {
  const name = new URL(url).pathname.slice(1);
  let count = 0;
  await onServer(serverUrl, async (client) => {
    const found = await client.query("select 1 from pg_database as d where d.datname = $1", [name]);
    count = found.rowCount ?? 0;
  });
  return count > 0;
}

async function loadDecisions(database: Database): Promise<DecisionRecord[]> {
  // A test of migrations may have a database without the table.
  const { rows } = await sql<{ found: string | null }>`
    select to_regclass('decisions')::text as found`.execute(database.kysely);
  if ((rows[0]?.found ?? null) === null) return [];
  const ids = await database.kysely.selectFrom("decisions as d").select("d.id").execute();
  const records: DecisionRecord[] = [];
  for (const { id } of ids) {
    const record = await findDecision(database, id);
    if (record !== null) records.push(record);
  }
  return records;
}

let created = 0;
let lease: Promise<string> | null = null;

/** The URL of the server that tests share; the lease is held until this process ends. */
export function acquireTestServer(): Promise<string> {
  lease ??= takeLease().catch((error: unknown) => {
    lease = null;
    throw error;
  });
  return lease;
}

/** Per user and checkout, so that two checkouts with other binaries do not meet. */
function testServerFolder(): string {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const digest = createHash("sha256").update(here).digest("hex").slice(0, 12);
  return join(tmpdir(), `spillway-test-${userInfo().username}-${digest}`);
}

const ACQUIRE_TIMEOUT_MS = 90_000;
const POLL_MS = 50;

/** Then another host is tried; one too many finds the folder locked and ends at once. */
const RESPAWN_AFTER_MS = 3_000;

async function takeLease(): Promise<string> {
  const given = process.env["SPILLWAY_TEST_DATABASE_URL"];
  if (given !== undefined && given !== "") return given;
  const folder = testServerFolder();
  await mkdir(folder, { recursive: true, mode: 0o711 });
  if ((await stat(folder)).uid !== userInfo().uid) throw new Error(`${folder} is not ours.`);
  const deadlineMs = performance.now() + ACQUIRE_TIMEOUT_MS;
  let spawnedAtMs = Number.NEGATIVE_INFINITY;
  while (performance.now() < deadlineMs) {
    const server = await readServerFile(folder);
    if (server !== null && (await connectLease(server.url, folder, server.id))) return server.url;
    if (performance.now() - spawnedAtMs > RESPAWN_AFTER_MS) {
      spawnHost(folder);
      spawnedAtMs = performance.now();
    }
    await sleep(POLL_MS);
  }
  throw new Error(`No test database server within ${ACQUIRE_TIMEOUT_MS} ms; see ${folder}/log.`);
}

/**
 * The lease counts only if the host still announces itself after the connection was made: a host
 * that ends takes its announcement back first and counts the leases afterwards.
 */
async function connectLease(url: string, folder: string, id: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    application_name: LEASE_APPLICATION_NAME,
    connectionTimeoutMillis: 5_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select 1");
    const server = await readServerFile(folder);
    if (server?.id !== id) throw new Error("the host is ending");
  } catch {
    // Not there yet or not any more; the caller looks again until its deadline.
    await client.end().catch(() => undefined);
    return false;
  }
  unrefConnection(client);
  return true;
}

/** The lease must not keep a test process alive. pg shows its socket only in here. */
function unrefConnection(client: pg.Client): void {
  const { connection } = client as unknown as { connection?: { stream?: { unref?: () => void } } };
  connection?.stream?.unref?.();
}

function spawnHost(folder: string): void {
  const script = fileURLToPath(new URL("./database-host.ts", import.meta.url));
  const child = spawn(process.execPath, [script, folder], {
    cwd: "/",
    detached: true,
    stdio: "ignore",
  });
  child.on("error", () => undefined);
  child.unref();
}

let template: Promise<string> | null = null;

/** Migrated once per list of migrations; every test database is a copy of its files. */
function ensureTemplate(serverUrl: string): Promise<string> {
  template ??= makeTemplate(serverUrl).catch((error: unknown) => {
    template = null;
    throw error;
  });
  return template;
}

/** Any number; test processes that need the same template wait here for the first one. */
const TEMPLATE_LOCK_KEY = 0x54657374;

async function makeTemplate(serverUrl: string): Promise<string> {
  const name = `spillway_template_${fingerprintMigrations(migrations).slice(0, 16)}`;
  await onServer(serverUrl, async (client) => {
    await client.query("select pg_advisory_lock($1)", [TEMPLATE_LOCK_KEY]);
    const found = await client.query("select 1 from pg_database as d where d.datname = $1", [name]);
    if (found.rowCount !== 0) return;
    const draft = `${name}_draft`;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft}`);
    await migrateDatabase({ url: withDatabase(serverUrl, draft), migrations });
    await renameWhenUnused(client, draft, name);
  });
  return name;
}

/** The server notices the end of the migrating session a moment after the client has. */
async function renameWhenUnused(client: pg.Client, from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`alter database ${from} rename to ${to}`);
      return;
    } catch (error) {
      const isInUse = error instanceof Error && "code" in error && error.code === "55006";
      if (!isInUse || attempt >= 100) throw error;
      await sleep(POLL_MS);
    }
  }
}

async function keepDatabase(serverUrl: string, name: string): Promise<void> {
  await onServer(serverUrl, async (client) => {
    await client.query(`comment on database ${name} is '${KEPT_MARK}'`);
  });
  console.warn(`test database ${name} is kept; server data in ${testServerFolder()}`);
}

async function onServer(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: "spillway-testkit" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Names end at 63 bytes in PostgreSQL; pid and counter need some of them. */
function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .slice(0, 36);
}
