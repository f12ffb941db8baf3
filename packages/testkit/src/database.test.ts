import { sql } from "kysely";
import pg from "pg";
import { expect, test, vi } from "vitest";
import { acquireTestServer, createTestDatabase } from "./database.ts";

async function onServer(text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: await acquireTestServer() });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

function databaseNamed(name: string): Promise<readonly unknown[]> {
  return onServer(`select 1 as found from pg_database as d where d.datname = '${name}'`);
}

test("each test database is migrated, empty and its own; drop removes it", async () => {
  const [one, two] = await Promise.all([
    createTestDatabase("Same name"),
    createTestDatabase("Same name"),
  ]);
  await sql`create table only_here (id int)`.execute(one.database.kysely);
  expect(await two.database.kysely.selectFrom("ledger").selectAll().execute()).toEqual([]);
  const { rows } = await sql`select to_regclass('only_here') as r`.execute(two.database.kysely);
  expect(rows).toEqual([{ r: null }]);
  await Promise.all([one.drop(), two.drop()]);
  expect(await databaseNamed(one.name)).toEqual([]);
});

test("the database of a file that failed is kept", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const kept = await createTestDatabase("kept");
  await kept.drop("failed");
  expect(warn.mock.calls.join()).toContain(kept.name);
  warn.mockRestore();
  expect(await databaseNamed(kept.name)).toEqual([{ found: 1 }]);
  await onServer(`drop database ${kept.name}`);
});
