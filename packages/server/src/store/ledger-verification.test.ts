import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { createRolloutKit } from "../../../testkit/src/rollout-kit.ts";
import type { Log } from "../ports.ts";
import { openLedgerHeadFile } from "./ledger-head-file.ts";
import { loadLedgerHead } from "./ledger-store.ts";
import { verifyStoredLedger } from "./ledger-verification.ts";
import { silentLog } from "./silent-log.ts";

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase("ledger-verification");
  const kit = createRolloutKit(test.database);
  await kit.addFeature("sealed");
  await kit.start("sealed");
});
afterAll(() => test.drop());

const newestHead = async () => (await loadLedgerHead(test.database))!;
const run = (statement: string) => sql.raw(statement).execute(test.database.kysely);

/** As somebody who owns the table could do it. Put back afterwards. */
async function withoutLastEntry(work: () => Promise<void>): Promise<void> {
  await run("create table last_entry as select * from ledger order by seq desc limit 1");
  await run("alter table ledger disable trigger user");
  await run("delete from ledger where seq = (select seq from last_entry)");
  try {
    await work();
  } finally {
    await run("insert into ledger select * from last_entry");
    await run("drop table last_entry");
    await run("alter table ledger enable always trigger ledger_refuse_row_change");
    await run("alter table ledger enable always trigger ledger_refuse_change");
  }
}

describe("verifyStoredLedger", () => {
  it("takes the head that it found, and an earlier one", async () => {
    const head = await newestHead();
    const found = await verifyStoredLedger(test.database, head);
    expect(found).toMatchObject({ isIntact: true, entries: head.seq, head: head.hash });
    const other = await verifyStoredLedger(test.database, { seq: 1, hash: "0".repeat(64) });
    expect(other).toMatchObject({ isIntact: false, brokenAtSeq: 1 });
  });

  it("finds a cut at the end by a head that was kept elsewhere", async () => {
    const head = await newestHead();
    await withoutLastEntry(async () => {
      expect((await verifyStoredLedger(test.database)).isIntact).toBe(true);
      const found = await verifyStoredLedger(test.database, head);
      expect(found).toMatchObject({ isIntact: false, brokenAtSeq: head.seq });
    });
  });

  it("finds a decision whose inputs are not those that were sealed", async () => {
    await run("create table kept_inputs as select id, inputs from decisions");
    await run(`update decisions set inputs = jsonb_set(inputs, '{nowMs}', '1')`);
    const found = await verifyStoredLedger(test.database);
    await run("update decisions d set inputs = k.inputs from kept_inputs k where k.id = d.id");
    await run("drop table kept_inputs");
    expect(found).toMatchObject({ isIntact: false });
    expect(found.sentence).toContain("has other inputs by now");
    expect((await verifyStoredLedger(test.database)).isIntact).toBe(true);
  });
});

describe("the kept head", () => {
  let dataDir: string;
  let errors: string[];
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "spillway-ledger-head-"));
    errors = [];
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  const log: Log = { ...silentLog, error: (words) => errors.push(words) };
  const wall = { nowMs: () => 0, sleep: async () => {} };
  const path = () => join(dataDir, "ledger-head");
  const open = () => openLedgerHeadFile({ database: test.database, dataDir, wall, log });
  const keepOnce = async () => (await open()).run(AbortSignal.abort());

  it("is written for us alone, and found again at the next start", async () => {
    const { seq, hash } = await newestHead();
    await keepOnce();
    expect(await readFile(path(), "utf8")).toBe(`${seq}:${hash}\n`);
    expect((await stat(path())).mode & 0o777).toBe(0o600);
    await open();
    expect(errors).toEqual([]);
  });

  it("that the ledger does not contain is told, and is not written over", async () => {
    await keepOnce();
    const kept = await readFile(path(), "utf8");
    await withoutLastEntry(keepOnce);
    expect(errors[0]).toContain("does not contain entry");
    expect(await readFile(path(), "utf8")).toBe(kept);
  });

  it("that is no head is replaced", async () => {
    await writeFile(path(), "");
    await keepOnce();
    expect(errors).toEqual([]);
    expect(await readFile(path(), "utf8")).toContain((await newestHead()).hash);
  });
});
