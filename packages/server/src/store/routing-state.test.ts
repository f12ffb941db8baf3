import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "kysely";
import {
  answerOf,
  answersOf,
  createRolloutKit,
  HOUR_MS,
  type RolloutKit,
  START_MS,
} from "../../../testkit/src/rollout-kit.ts";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { createChangeFeed } from "./change-feed.ts";
import { inTransaction } from "./database.ts";
import type { MoveRequest } from "./feature-moves.ts";
import { moveFeature, setKilled } from "./feature-moves.ts";
import { appendLedger } from "./ledger-store.ts";
import { verifyStoredLedger } from "./ledger-verification.ts";
import { loadReleases } from "./release-reader.ts";
import { loadNewestSnapshot, publishSnapshot } from "./snapshot-store.ts";
import { whoServed } from "./who-served.ts";

let test: TestDatabase;
let kit: RolloutKit;

beforeAll(async () => {
  test = await createTestDatabase("routing-state");
  kit = createRolloutKit(test.database);
});

afterAll(() => test.drop());

const publish = () =>
  inTransaction(test.database, (trx) => publishSnapshot(trx, { nowMs: START_MS, cause: "test" }));

const revisions = async () =>
  (
    await test.database.kysely
      .selectFrom("snapshots as s")
      .select("s.revision")
      .orderBy("s.revision")
      .execute()
  ).map((row) => row.revision);

const history = (feature: string) =>
  test.database.kysely
    .selectFrom("route_history as h")
    .select(["h.baseline", "h.candidate", "h.share_bps", "h.is_killed"])
    .where("h.feature", "=", feature)
    .orderBy("h.revision")
    .execute();

const move = async (feature: string, parts: Partial<MoveRequest> = {}) => {
  const outcome = await moveFeature(kit, {
    feature,
    to: null,
    component: null,
    isUndo: false,
    by: "ben",
    note: "",
    nowMs: START_MS,
    ...parts,
  });
  if (outcome.kind !== "moved") throw new Error(`${outcome.rolloutId} is under way`);
  return outcome.move;
};

/** As if the release had come out by a rollout. */
const serve = async (feature: string, baseline: string, nowMs = START_MS) => {
  await test.database.kysely
    .updateTable("features")
    .set({ baseline })
    .where("key", "=", feature)
    .execute();
  await inTransaction(test.database, (trx) => publishSnapshot(trx, { nowMs, cause: "test" }));
};

const routeOf = async (feature: string) =>
  (await loadNewestSnapshot(test.database))?.features[feature];

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "was done",
    (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
  );

describe("snapshots", () => {
  it("are numbered without gaps, however many publish at once", async () => {
    await kit.addFeature("numbered");
    const before = (await revisions()).at(-1)!;
    const published = await Promise.all(Array.from({ length: 12 }, publish));
    expect(published.toSorted((a, b) => a - b)).toEqual(
      published.map((_, index) => before + 1 + index),
    );
  });

  it("that are not committed leave no hole", async () => {
    const before = await publish();
    await inTransaction(test.database, async (trx) => {
      await publishSnapshot(trx, { nowMs: START_MS, cause: "undone" });
      throw new Error("undone");
    }).catch(() => undefined);
    expect(await publish()).toBe(before + 1);
  });

  it("keep the newest 500", async () => {
    const newest = await publish();
    await test.database.kysely
      .insertInto("snapshots")
      .columns(["revision", "created_at_ms", "cause", "content"])
      .expression((from) =>
        from
          .selectFrom("snapshots as s")
          .select((select) => [
            sql<number>`s.revision + g.step`.as("revision"),
            "s.created_at_ms",
            select.val("filler").as("cause"),
            sql<string>`jsonb_set(s.content, '{revision}', to_jsonb(s.revision + g.step))`.as(
              "content",
            ),
          ])
          .innerJoin(sql<{ step: number }>`generate_series(1, 600)`.as<"g">(sql`g(step)`), (join) =>
            join.onTrue(),
          )
          .where("s.revision", "=", newest),
      )
      .execute();
    const revision = await publish();
    expect(revision).toBe(newest + 601);
    const kept = await revisions();
    expect(kept).toHaveLength(500);
    expect(kept[0]).toBe(revision - 499);
  });

  it("record a route only when it changes", async () => {
    await kit.addFeature("recorded");
    const id = await kit.prepare("recorded");
    expect(await history("recorded")).toHaveLength(1);
    await publish();
    await kit.decide(id, "start");
    await kit.decide(id, "pause");
    await kit.decide(id, "resume");
    await kit.decide(id, "rollback");
    expect(await history("recorded")).toEqual([
      { baseline: "recorded@1", candidate: null, share_bps: 0, is_killed: false },
      { baseline: "recorded@1", candidate: "recorded@2", share_bps: 1_000, is_killed: false },
      { baseline: "recorded@1", candidate: null, share_bps: 0, is_killed: false },
    ]);
  });

  it("hold the releases that they route to, and a fallback release, and no other", async () => {
    await kit.addFeature("held-releases");
    await kit.registry.putFeature(
      {
        ...(await kit.registry.loadFeature("held-releases"))!.definition,
        fallback: { kind: "release", releaseId: "held-releases@3" },
      },
      { actor: "ana", nowMs: START_MS },
    );
    const ofFeature = async () =>
      Object.keys((await loadNewestSnapshot(test.database))!.releases).filter((id) =>
        id.startsWith("held-releases@"),
      );
    expect((await ofFeature()).toSorted()).toEqual(["held-releases@1", "held-releases@3"]);
    await kit.start("held-releases");
    expect(await ofFeature()).toHaveLength(3);
  });

  it("are announced when they are committed, and not before", async () => {
    const feed = await createChangeFeed(test.database);
    const seen: number[] = [];
    const stop = feed.subscribe(({ snapshotRevision }) => {
      if (snapshotRevision !== null) seen.push(snapshotRevision);
    });
    await inTransaction(test.database, async (trx) => {
      await publishSnapshot(trx, { nowMs: START_MS, cause: "undone" });
      throw new Error("undone");
    }).catch(() => undefined);
    const revision = await publish();
    await expect.poll(() => seen).toEqual([revision]);
    stop();
    feed.close();
  });
});

describe("taking a feature back", () => {
  it("serves what it served before, at once, and an undo returns", async () => {
    await kit.addFeature("returned");
    await serve("returned", "returned@2");
    const back = await move("returned", { isUndo: true, note: "worse in German" });
    expect(back).toMatchObject({ from: "returned@2", to: "returned@1" });
    expect(back.sentence).toBe(
      'ben rolled returned back from returned@2 to returned@1. "worse in German"',
    );
    const route = await routeOf("returned");
    expect(route?.baseline).toBe("returned@1");
    expect((await loadNewestSnapshot(test.database))?.revision).toBe(back.snapshotRevision);
    const again = { isUndo: true };
    expect(await move("returned", again)).toMatchObject({ from: "returned@1", to: "returned@2" });
  });

  it("once is enough: asked again it stays, unless a release is named", async () => {
    await kit.addFeature("twice");
    await serve("twice", "twice@2");
    await serve("twice", "twice@3");
    await move("twice", { to: "twice@2" });
    const before = await revisions();
    const again = await move("twice");
    expect(again).toMatchObject({ from: "twice@2", to: "twice@2" });
    expect(again.sentence).toContain("twice is back on twice@2 already: ben rolled twice back");
    expect(await revisions()).toEqual(before);
    expect((await move("twice", { to: "twice@1" })).to).toBe("twice@1");
  });

  it("refuses where there is nothing to go back to, and writes nothing", async () => {
    await kit.addFeature("only-one");
    const before = await revisions();
    expect(await refusal(move("only-one"))).toBe(
      "illegal_transition: only-one has served nothing but only-one@1; name one with `spillway rollback only-one --to <release>`.",
    );
    expect(await refusal(move("nobody"))).toContain("feature_not_found");
    expect(await refusal(move("only-one", { to: "only-one@9" }))).toContain("not_found");
    expect(await refusal(move("only-one", { to: "only-one@2" }))).toContain(
      "only-one@2 has never been the baseline of only-one",
    );
    expect(await refusal(move("only-one", { to: "returned@2" }))).toContain("invalid_request");
    expect(await revisions()).toEqual(before);
  });

  it("of one component makes a new release of the present one with that part", async () => {
    await kit.addFeature("parts");
    await serve("parts", "parts@3");
    const moved = await move("parts", { component: "model" });
    expect(moved).toMatchObject({ from: "parts@3", to: "parts@4" });
    const releases = await loadReleases(test.database.kysely, ["parts@1", "parts@3", "parts@4"]);
    const made = releases.get("parts@4")!.components;
    expect(made.prompt).toEqual(releases.get("parts@3")!.components.prompt);
    expect(made.model).toEqual(releases.get("parts@1")!.components.model);
    expect((await routeOf("parts"))?.baseline).toBe("parts@4");
  });

  it("of one component uses a release that is there already", async () => {
    await kit.addFeature("reused");
    await serve("reused", "reused@2");
    const moved = await move("reused", { component: "prompt", to: "reused@1" });
    expect(moved.to).toBe("reused@1");
    expect(await refusal(move("reused", { component: "model", to: "reused@2" }))).toContain(
      "have the same model",
    );
  });
});

describe("the kill switch", () => {
  it("is in the next snapshot and in the ledger, and is turned back", async () => {
    await kit.addFeature("killed");
    const change = { feature: "killed", by: "ben", note: "leaks", nowMs: START_MS };
    expect(await setKilled(test.database, { ...change, isKilled: true })).toBe(true);
    expect(await routeOf("killed")).toMatchObject({ isKilled: true });
    expect(await setKilled(test.database, { ...change, isKilled: false })).toBe(true);
    expect(await routeOf("killed")).toMatchObject({ isKilled: false });
    expect((await history("killed")).map((row) => row.is_killed)).toEqual([false, true, false]);
    expect(await setKilled(test.database, { ...change, feature: "no", isKilled: true })).toBe(
      false,
    );
  });
});

describe("who served", () => {
  it("names what was routed before, during and after a rollout", async () => {
    await kit.addFeature("asked");
    const at = (hours: number) => START_MS + hours * HOUR_MS;
    const id = await kit.prepare("asked");
    await kit.decide(id, "start", at(2));
    await kit.decide(id, "rollback", at(4));
    await serve("asked", "asked@3", at(6));
    const served = (atMs: number) =>
      whoServed(test.database, { feature: "asked", atMs, tenant: null });
    expect(await served(at(-1))).toMatchObject({ baseline: null, candidate: null });
    expect(await served(at(1))).toMatchObject({ baseline: "asked@1", candidate: null });
    expect(await served(at(3))).toMatchObject({
      baseline: "asked@1",
      candidate: "asked@2",
      setShareBps: 1_000,
    });
    expect(await served(at(4))).toMatchObject({ candidate: null, setShareBps: 0 });
    expect(await served(at(9))).toMatchObject({ baseline: "asked@3" });
    expect(
      await whoServed(test.database, { feature: "nobody", atMs: at(1), tenant: null }),
    ).toBeNull();
  });

  it("counts who really answered around then, without shadows, by tenant if asked", async () => {
    await kit.addFeature("counted");
    const id = await kit.start("counted");
    const parts = { feature: "counted", tenant: "north" };
    const answers = answersOf(id, { count: 20, baseline: 1, candidate: 1 }, parts);
    const primary = answers[0]!;
    await kit.observe([
      ...answers,
      answerOf(
        id,
        { id: "counted-shadow", arm: "candidate", score: 1 },
        { ...parts, role: "shadow", shadowOf: primary.id },
      ),
      answerOf(
        id,
        { id: "counted-later", arm: "candidate", score: 1 },
        { ...parts, startedAtMs: START_MS + HOUR_MS },
      ),
      answerOf(
        id,
        { id: "counted-south", arm: "baseline", score: 1 },
        { ...parts, tenant: "south" },
      ),
    ]);
    const query = { feature: "counted", atMs: START_MS, tenant: null };
    const found = await whoServed(test.database, query);
    expect(found?.served.map(({ release, exchanges }) => [release, exchanges])).toEqual([
      ["counted@1", 19],
      ["counted@2", 2],
    ]);
    const south = await whoServed(test.database, { ...query, tenant: "south" });
    expect(south?.served.map(({ release, exchanges }) => [release, exchanges])).toEqual([
      ["counted@1", 1],
    ]);
  });
});

describe("the ledger", () => {
  const tampered = async (change: ReturnType<typeof sql>) => {
    const { kysely } = test.database;
    await sql`create table ledger_copy as select * from ledger`.execute(kysely);
    try {
      await sql`alter table ledger disable trigger user`.execute(kysely);
      await change.execute(kysely);
      return await verifyStoredLedger(test.database);
    } finally {
      await sql`delete from ledger`.execute(kysely);
      await sql`insert into ledger select * from ledger_copy`.execute(kysely);
      await sql`alter table ledger enable always trigger ledger_refuse_row_change`.execute(kysely);
      await sql`alter table ledger enable always trigger ledger_refuse_change`.execute(kysely);
      await sql`drop table ledger_copy`.execute(kysely);
    }
  };

  it("is numbered without gaps and whole, however many append at once", async () => {
    const draft = { atMs: START_MS, actor: "ana", action: "test", subject: "s", body: { n: -0 } };
    await Promise.all(
      Array.from({ length: 10 }, () =>
        inTransaction(test.database, (trx) => appendLedger(trx, draft)),
      ),
    );
    const verdict = await verifyStoredLedger(test.database);
    expect(verdict).toMatchObject({ isIntact: true, brokenAtSeq: null });
    const { rows } = await sql<{ last: number }>`select max(seq) as last from ledger`.execute(
      test.database.kysely,
    );
    expect(verdict.entries).toBe(rows[0]?.last);
  });

  it("refuses to be changed, cut or emptied", async () => {
    const { kysely } = test.database;
    for (const attempt of [
      sql`update ledger set actor = 'nobody' where seq = 1`,
      sql`delete from ledger where seq = 1`,
      sql`truncate ledger`,
    ]) {
      await expect(attempt.execute(kysely)).rejects.toThrow("append-only");
    }
  });

  it.each([
    ["another actor", sql`update ledger set actor = 'nobody' where seq = 3`, 3],
    ["another body", sql`update ledger set body = '{"note":"other"}' where seq = 3`, 3],
    ["another time", sql`update ledger set at_ms = at_ms + 1 where seq = 3`, 3],
    ["a missing entry", sql`delete from ledger where seq = 3`, 3],
    ["a missing beginning", sql`delete from ledger where seq = 1`, 1],
    [
      "two entries in the other order",
      sql`update ledger set seq = case seq when 3 then 900003 when 4 then 900004 else seq end
          where seq in (3, 4)`,
      3,
    ],
  ])("verified after somebody got round the triggers, shows %s", async (_, change, seq) => {
    const verdict = await tampered(change);
    expect(verdict.isIntact).toBe(false);
    expect(verdict.brokenAtSeq).toBeGreaterThanOrEqual(seq);
    expect((await verifyStoredLedger(test.database)).isIntact).toBe(true);
  });
});
