import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../../testkit/src/database.ts";

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase("ledger");
  await testDatabase.database.kysely
    .insertInto("ledger")
    .values({
      seq: 1,
      at_ms: 1_700_000_000_000,
      actor: "alice",
      action: "rollout.created",
      subject: "roll_1",
      body: JSON.stringify({ stage: 0 }),
      previous_hash: "",
      hash: "h1",
    })
    .execute();
});
afterAll(() => testDatabase.drop());

const refused = [
  ["update", "update ledger set actor = 'mallory'"],
  ["update of no row", "update ledger set actor = 'mallory' where seq = 99"],
  ["delete", "delete from ledger"],
  ["truncate", "truncate ledger"],
  ["truncate with cascade", "truncate ledger cascade"],
  ["upsert", "insert into ledger select * from ledger on conflict (seq) do update set actor = 'm'"],
  ["merge", "merge into ledger using (values (1)) as v(s) on seq = s when matched then delete"],
  ["replica role", "set local session_replication_role = replica; delete from ledger"],
] as const;

test.each(refused)("the ledger refuses: %s", async (_, statement) => {
  const attempt = testDatabase.database.kysely.transaction().execute(async (transaction) => {
    for (const part of statement.split("; ")) await sql.raw(part).execute(transaction);
  });
  await expect(attempt).rejects.toMatchObject({
    code: "23001",
    message: expect.stringContaining("append-only") as unknown,
  });
  const entries = await testDatabase.database.kysely.selectFrom("ledger").selectAll().execute();
  expect(entries).toMatchObject([{ seq: 1, at_ms: 1_700_000_000_000, body: { stage: 0 } }]);
});
