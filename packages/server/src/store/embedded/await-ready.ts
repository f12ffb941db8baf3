import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@spillway/core";
import pg from "pg";
import { DATABASE_NAME } from "./init-cluster.ts";

/** Errors that pass by themselves while a server starts: no listener yet, or still recovering. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "57P03", // cannot_connect_now: recovery after a crash is running
  "57P01", // admin_shutdown
  "53300", // too_many_connections
]);

const POLL_MS = 50;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Waits until the server answers a query, at most until the deadline. Resolves to false as soon as
 * `hasEnded` says that the process is gone.
 */
export async function awaitReady(options: {
  readonly maintenanceUrl: string;
  readonly timeoutMs: number;
  readonly hasEnded: () => boolean;
}): Promise<boolean> {
  const deadlineMs = performance.now() + options.timeoutMs;
  let last: unknown = null;
  while (performance.now() < deadlineMs) {
    if (options.hasEnded()) return false;
    try {
      await withClient(options.maintenanceUrl, ensureDatabase);
      return true;
    } catch (error) {
      if (!isPassing(error)) {
        throw new AppError("database_unavailable", "PostgreSQL runs but refuses Spillway.", {
          cause: error,
        });
      }
      last = error;
    }
    await sleep(POLL_MS);
  }
  const message = `PostgreSQL did not become ready within ${options.timeoutMs} ms.`;
  throw new AppError("database_unavailable", message, { cause: last });
}

/** Not in the same step as initdb: a kill between the two must not leave a cluster without it. */
async function ensureDatabase(client: pg.Client): Promise<void> {
  const found = await client.query("select 1 from pg_database as d where d.datname = $1", [
    DATABASE_NAME,
  ]);
  if (found.rowCount === 0) await client.query(`create database ${DATABASE_NAME}`);
}

async function withClient(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "spillway-start",
  });
  // A connection that breaks between two queries would otherwise end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string") return PASSING_CODES.has(error.code);
  return /terminated|timeout/i.test(error.message);
}
