import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { classifyDatabaseError, isTransientDatabaseError } from "./database-error.ts";
import { inTransaction, openDatabase } from "./database.ts";
import { keepEmbeddedPostgresRunning } from "./embedded/keep-embedded-postgres-running.ts";
import { silentLog } from "./silent-log.ts";

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase("database");
  await sql`create table counter (id int primary key, n bigint)`.execute(
    testDatabase.database.kysely,
  );
  await sql`insert into counter values (1, 0), (2, 0)`.execute(testDatabase.database.kysely);
});
afterAll(() => testDatabase.drop());

async function failureOf(statement: Promise<unknown>): Promise<unknown> {
  return statement.then(
    () => null,
    (error: unknown) => error,
  );
}

describe("columns", () => {
  test("bigint is a number, and one that does not fit is refused", async () => {
    const { kysely } = testDatabase.database;
    const { rows } = await sql`select 1700000000000::bigint as n`.execute(kysely);
    expect(rows).toEqual([{ n: 1_700_000_000_000 }]);
    await expect(sql`select 9007199254740993::bigint as n`.execute(kysely)).rejects.toThrow(
      /does not fit a number/,
    );
  });

  test("dates stay text", async () => {
    const { rows } = await sql`select date '2026-01-02' as d`.execute(testDatabase.database.kysely);
    expect(rows).toEqual([{ d: "2026-01-02" }]);
  });
});

describe("inTransaction", () => {
  test("runs again after a serialization failure, and no update is lost", async () => {
    const increment = () =>
      inTransaction(
        testDatabase.database,
        async (transaction) => {
          const { rows } = await sql<{ n: number }>`select n from counter where id = 1`.execute(
            transaction,
          );
          const next = (rows[0]?.n ?? 0) + 1;
          await sql`update counter set n = ${next} where id = 1`.execute(transaction);
        },
        "serializable",
      );
    await Promise.all([increment(), increment()]);
    const { rows } = await sql`select n from counter where id = 1`.execute(
      testDatabase.database.kysely,
    );
    expect(rows).toEqual([{ n: 2 }]);
  });

  test("undoes everything when the work throws", async () => {
    const work = inTransaction(testDatabase.database, async (transaction) => {
      await sql`update counter set n = 9 where id = 2`.execute(transaction);
      throw new Error("no");
    });
    await expect(work).rejects.toThrow("no");
    const { rows } = await sql`select n from counter where id = 2`.execute(
      testDatabase.database.kysely,
    );
    expect(rows).toEqual([{ n: 0 }]);
  });
});

describe("classifyDatabaseError", () => {
  test("tells a lost connection from a wrong statement", async () => {
    const { kysely } = testDatabase.database;
    const wrong = await failureOf(sql`select 1 / 0`.execute(kysely));
    expect(isTransientDatabaseError(wrong)).toBe(false);
    const terminated = await failureOf(
      sql`select pg_terminate_backend(pg_backend_pid())`.execute(kysely),
    );
    expect(classifyDatabaseError(terminated)).toBe("connection");
    const nobody = openDatabase("postgres://x:y@127.0.0.1:1/z", { applicationName: "test" });
    const refused = await failureOf(sql`select 1`.execute(nobody.kysely));
    await nobody.close();
    expect(classifyDatabaseError(refused)).toBe("connection");
  });
});

test("pool and listener come back after a kill -9 of the server, and nothing is missed", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "spillway-listen-"));
  await chmod(dataDir, 0o711);
  const server = await keepEmbeddedPostgresRunning({ dataDir, log: silentLog, durability: "none" });
  const database = openDatabase(server.url, { applicationName: "test", poolSize: 2 });
  const send = (payload: string) =>
    sql`select pg_notify('things', ${payload})`.execute(database.kysely);
  try {
    const heard: (string | null)[] = [];
    await database.listen("things", (payload) => heard.push(payload));
    await send("one");
    await vi.waitFor(() => expect(heard).toEqual(["one"]));
    const inFlight = failureOf(
      inTransaction(database, async (transaction) => {
        process.kill(server.pid(), "SIGKILL");
        await vi.waitFor(() => expect(server.pid()).toBe(0));
        await sql`select 1`.execute(transaction);
        await sql`select pg_sleep(5)`.execute(transaction);
      }),
    );
    expect(classifyDatabaseError(await inFlight)).toBe("connection");
    await vi.waitFor(() => expect(heard).toEqual(["one", null]), { timeout: 15_000 });
    await send("two");
    await vi.waitFor(() => expect(heard).toEqual(["one", null, "two"]));
  } finally {
    await database.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
