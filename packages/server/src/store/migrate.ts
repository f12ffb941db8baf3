import { createHash } from "node:crypto";
import { AppError } from "@spillway/core";
import pg from "pg";
import type { Log } from "../ports.ts";
import { silentLog } from "./silent-log.ts";

/**
 * One step of the schema. SQL text and not a function, because its checksum must be the same
 * whatever tool loads the file; a change of data is written as SQL too.
 */
export type Migration = {
  /** Four digits and words, e.g. `0001-ledger`. */
  readonly name: string;
  readonly sql: string;
};

export type AppliedMigration = { readonly name: string; readonly checksum: string };

export type MigrationDecision =
  | { readonly kind: "apply"; readonly pending: readonly Migration[] }
  | { readonly kind: "refuse"; readonly reason: string };

export type MigrateOptions = {
  readonly url: string;
  readonly migrations: readonly Migration[];
  readonly log?: Log;
};

/** Any fixed number: "Spil" in ASCII. Whoever migrates this database takes this lock first. */
const LOCK_KEY = 0x5370696c;

/** How long to wait for another process that migrates the same database. */
const LOCK_TIMEOUT_MS = 120_000;

/**
 * Brings the database to the newest schema and returns the names it applied. Any number of
 * processes may call it at once: a session lock lets one work, and the others then find nothing to
 * do. Each migration commits together with its record, so a kill leaves a whole number of them.
 */
export async function migrateDatabase(options: MigrateOptions): Promise<readonly string[]> {
  const log = options.log ?? silentLog;
  const client = new pg.Client({
    connectionString: options.url,
    application_name: "spillway-migrate",
    keepAlive: true,
  });
  client.on("error", (error) => log.debug(`migrating connection: ${error.message}`));
  await client.connect();
  try {
    await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
    // Held by the session: it ends with the connection, also after a kill.
    await client.query("select pg_advisory_lock($1)", [LOCK_KEY]);
    const decision = decideMigrations(await loadApplied(client), options.migrations);
    if (decision.kind === "refuse") {
      throw new AppError("database_incompatible", decision.reason);
    }
    for (const migration of decision.pending) {
      await applyMigration(client, migration);
      log.info(`applied migration ${migration.name}`);
    }
    return decision.pending.map((migration) => migration.name);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What the database has must be, in order and unchanged, the beginning of what the code knows. */
export function decideMigrations(
  applied: readonly AppliedMigration[],
  known: readonly Migration[],
): MigrationDecision {
  const misnumbered = known.find(({ name }, index) => {
    return !name.startsWith(`${String(index + 1).padStart(4, "0")}-`);
  });
  if (misnumbered !== undefined) {
    return refuse(`The migration ${misnumbered.name} does not carry its number in the list.`);
  }
  const knownNames = new Set(known.map((migration) => migration.name));
  const unknown = applied.filter((record) => !knownNames.has(record.name));
  if (unknown.length > 0) return refuse(describeUnknown(unknown, known));
  for (const [index, record] of applied.entries()) {
    const migration = known[index];
    if (migration?.name !== record.name) {
      return refuse(
        `The database has ${record.name} where this Spillway expects ` +
          `${migration?.name ?? "nothing"}: a migration was left out. Restore a backup.`,
      );
    }
    if (checksumOf(migration) !== record.checksum) {
      return refuse(
        `The migration ${record.name} was edited after this database applied it. ` +
          "Migrations are never edited: bring the old text back and add a new migration.",
      );
    }
  }
  return { kind: "apply", pending: known.slice(applied.length) };
}

export function checksumOf(migration: Migration): string {
  return createHash("sha256").update(`${migration.name}\n${migration.sql}`).digest("hex");
}

/** One digest for the whole list: the name of the schema that it makes. */
export function fingerprintMigrations(known: readonly Migration[]): string {
  return createHash("sha256").update(known.map(checksumOf).join("\n")).digest("hex");
}

function describeUnknown(
  unknown: readonly AppliedMigration[],
  known: readonly Migration[],
): string {
  const names = unknown.map((record) => record.name);
  const newest = known.at(-1)?.name ?? "0000";
  const isNewer = names.every((name) => name > newest);
  const listed = names.slice(0, 5).join(", ") + (names.length > 5 ? ", ..." : "");
  return isNewer
    ? `The database is newer than this Spillway: it has ${listed}, and this version knows ` +
        `migrations up to ${newest}. Start the newer version, or restore a backup.`
    : `The database has migrations that this Spillway does not know (${listed}). It was made by ` +
        "another build; start that one, or restore a backup.";
}

function refuse(reason: string): MigrationDecision {
  return { kind: "refuse", reason };
}

async function loadApplied(client: pg.Client): Promise<readonly AppliedMigration[]> {
  await client.query(`create table if not exists schema_migrations (
    name text primary key,
    checksum text not null,
    applied_at_ms bigint not null
  )`);
  const { rows } = await client.query<AppliedMigration>(
    "select m.name, m.checksum from schema_migrations as m order by m.name",
  );
  return rows;
}

async function applyMigration(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query("begin");
    await client.query(migration.sql);
    await client.query(
      `insert into schema_migrations (name, checksum, applied_at_ms)
       values ($1, $2, (extract(epoch from clock_timestamp()) * 1000)::bigint)`,
      [migration.name, checksumOf(migration)],
    );
    await client.query("commit");
  } catch (cause) {
    await client.query("rollback").catch(() => undefined);
    throw new AppError("database_incompatible", `${migration.name} failed.`, { cause });
  }
}
