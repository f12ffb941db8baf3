import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { checksumOf, decideMigrations, migrateDatabase, type Migration } from "./migrate.ts";
import { migrations } from "./migrations/index.ts";

const first: Migration = { name: "0001-first", sql: "select 1" };
const second: Migration = { name: "0002-second", sql: "select 2" };

function applied(...list: readonly Migration[]) {
  return list.map((migration) => ({ name: migration.name, checksum: checksumOf(migration) }));
}

function reasonOf(decision: ReturnType<typeof decideMigrations>): string {
  return decision.kind === "refuse" ? decision.reason : "";
}

describe("decideMigrations", () => {
  test("applies what the database lacks, in order", () => {
    const decision = decideMigrations(applied(first), [first, second]);
    expect(decision).toEqual({ kind: "apply", pending: [second] });
  });

  test("refuses a database that is newer than the code", () => {
    const reason = reasonOf(decideMigrations(applied(first, second), [first]));
    expect(reason).toContain("newer than this Spillway: it has 0002-second");
  });

  test("refuses when a recorded migration is missing from the code", () => {
    const other = { name: "0001-other", sql: "" };
    expect(reasonOf(decideMigrations(applied(other), [first, second]))).toContain("another build");
  });

  test("refuses a gap, an edited migration and a wrong number", () => {
    const gap = decideMigrations(applied(second), [first, second]);
    expect(reasonOf(gap)).toContain("a migration was left out");
    const edited = decideMigrations(applied(first), [{ ...first, sql: "select 3" }]);
    expect(reasonOf(edited)).toContain("was edited after");
    expect(reasonOf(decideMigrations([], [second]))).toContain("does not carry its number");
  });

  test("the list of this version is well formed", () => {
    expect(decideMigrations([], migrations).kind).toBe("apply");
  });
});

describe("on a database", () => {
  let testDatabase: TestDatabase;
  const expectedFailure: Migration = {
    name: `${String(migrations.length + 1).padStart(4, "0")}-broken`,
    sql: "create table half (id int); select 1 / 0",
  };

  beforeAll(async () => {
    testDatabase = await createTestDatabase("migrate");
  });
  afterAll(() => testDatabase.drop());

  async function rows(text: string): Promise<readonly unknown[]> {
    const client = new pg.Client({ connectionString: testDatabase.url });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  test("a second run changes nothing", async () => {
    expect(await migrateDatabase({ url: testDatabase.url, migrations })).toEqual([]);
  });

  test("many processes at once apply each migration once", async () => {
    await rows("drop schema public cascade; create schema public");
    const { url } = testDatabase;
    const runs = await Promise.all([1, 2, 3].map(() => migrateDatabase({ url, migrations })));
    expect(runs.flat()).toEqual(migrations.map((migration) => migration.name));
  });

  test("a migration that fails leaves nothing of itself", async () => {
    const run = migrateDatabase({
      url: testDatabase.url,
      migrations: [...migrations, expectedFailure],
    });
    await expect(run).rejects.toThrow(/broken failed/);
    expect(await rows("select to_regclass('half') as half")).toEqual([{ half: null }]);
  });

  test("a newer database is refused before anything runs", async () => {
    await rows(`insert into schema_migrations (name, checksum, applied_at_ms)
      values ('9999-future', 'x', 0)`);
    const run = migrateDatabase({ url: testDatabase.url, migrations });
    await expect(run).rejects.toMatchObject({ code: "database_incompatible" });
    await expect(run).rejects.toThrow(/newer than this Spillway/);
  });
});
