import { Kysely, PostgresDialect, type IsolationLevel, type Transaction } from "kysely";
import pg from "pg";
import { columnTypes } from "./column-types.ts";
import { classifyDatabaseError } from "./database-error.ts";
import { createListener, type NotificationCallback } from "./listener.ts";
import type { Schema } from "./schema.ts";
import type { Log } from "../ports.ts";
import { silentLog } from "./silent-log.ts";

export type Database = {
  readonly kysely: Kysely<Schema>;
  /**
   * Calls back for every notification of the channel, and once with null after a reconnect.
   * Resolves when listening; the function it gives stops the callback.
   */
  readonly listen: (channel: string, callback: NotificationCallback) => Promise<() => void>;
  readonly close: () => Promise<void>;
};

export type DatabaseOptions = {
  /** Shown in pg_stat_activity; say which role it is, e.g. `spillway-worker`. */
  readonly applicationName: string;
  readonly log?: Log;
  readonly poolSize?: number;
  readonly statementTimeoutMs?: number;
};

/** The embedded server takes 200 sessions; ten processes of this size leave half of them free. */
const POOL_SIZE = 10;

/** Every query has a bound and an index; one that runs longer is a mistake and holds locks. */
const STATEMENT_TIMEOUT_MS = 30_000;

/** A transaction that waits for its own process this long belongs to one that hangs. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_CONNECTION_MS = 30_000;

/** Opens the pool; no connection is made before the first query. */
export function openDatabase(url: string, options: DatabaseOptions): Database {
  const log = options.log ?? silentLog;
  const config = connectionConfig(url, options);
  const pool = new pg.Pool({
    ...config,
    max: options.poolSize ?? POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
  });
  pool.on("error", (error) => log.debug(`idle database connection: ${error.message}`));
  // The pool listens to idle clients only. One that is checked out and between two queries would
  // end the process when the server restarts; its next query fails anyway and says so.
  pool.on("connect", (client) => {
    client.on("error", (error) => log.debug(`database connection: ${error.message}`));
  });
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  const listener = createListener({ ...config, statement_timeout: 0 }, log);
  return {
    kysely,
    listen: listener.listen,
    close: async () => {
      await listener.close();
      await kysely.destroy();
    },
  };
}

function connectionConfig(url: string, options: DatabaseOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    types: columnTypes,
  };
}

/** Three conflicts in a row mean a queue at one row, which a fourth attempt would only lengthen. */
const CONFLICT_ATTEMPTS_MAX = 3;

/**
 * Runs `work` in one transaction. After a serialization failure or deadlock nothing was written,
 * and it runs again: `work` must have no effect outside of the transaction. After a lost
 * connection it does not, because the commit may have taken effect; the caller knows what to do.
 */
export async function inTransaction<Result>(
  database: Database,
  work: (transaction: Transaction<Schema>) => Promise<Result>,
  isolation: IsolationLevel = "read committed",
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.kysely.transaction().setIsolationLevel(isolation).execute(work);
    } catch (error) {
      const isLast = attempt >= CONFLICT_ATTEMPTS_MAX;
      if (isLast || classifyDatabaseError(error) !== "conflict") throw error;
    }
  }
}
