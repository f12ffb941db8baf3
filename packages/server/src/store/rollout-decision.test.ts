import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sql } from "kysely";
import type { DecisionInputs, Json } from "@spillway/core";
import { canonicalJson, judge, replayDecision, sha256Hex } from "@spillway/core";
import {
  answersOf,
  createRolloutKit,
  HOUR_MS,
  QUICK_STRATEGY,
  type RolloutKit,
  START_MS,
} from "../../../testkit/src/rollout-kit.ts";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { commitDecision, findDecision, listDecisions } from "./decision-store.ts";
import { verifyStoredLedger } from "./ledger-verification.ts";
import { decideRollout } from "./rollout-decision.ts";
import { claimDueRollouts, findRollout } from "./rollout-store.ts";
import { loadNewestSnapshot } from "./snapshot-store.ts";

let test: TestDatabase;
let kit: RolloutKit;

beforeAll(async () => {
  test = await createTestDatabase("rollout-decision");
  kit = createRolloutKit(test.database);
});

afterAll(() => test.drop());

/** Whatever a test did: every stored decision decides alike again, and the ledger is whole. */
afterEach(async () => {
  for (const record of await kit.decisions()) {
    const { agrees, sentence } = replayDecision(record);
    if (!agrees && record.rolloutId !== null) throw new Error(`${record.id}: ${sentence}`);
  }
  const ledger = await verifyStoredLedger(test.database);
  if (!ledger.isIntact) throw new Error(ledger.sentence);
});

const counts = async () => {
  const { rows } = await sql<Record<string, number>>`select
    (select count(*) from decisions) as decisions, (select count(*) from ledger) as ledger,
    (select count(*) from snapshots) as snapshots, (select count(*) from outbox) as notices,
    (select sum(version) from rollouts) as versions`.execute(test.database.kysely);
  return rows[0]!;
};

const rolloutOf = async (id: string) => (await findRollout(test.database.kysely, id))!;

describe("starting a rollout", () => {
  it("commits state, decision, ledger entry, snapshot with the route, and notice as one", async () => {
    await kit.addFeature("started");
    const id = await kit.prepare("started");
    const before = await counts();
    const revision = (await loadNewestSnapshot(test.database))!.revision;

    const result = await kit.decide(id, "start");

    expect(result).toMatchObject({ kind: "decided", snapshotRevision: revision + 1 });
    const stored = await rolloutOf(id);
    expect(stored.rollout.state).toEqual({
      kind: "progressing",
      stageIndex: 0,
      enteredAtMs: START_MS,
    });
    expect(stored.rollout.version).toBe(1);
    const [decision] = await listDecisions(test.database, {
      rolloutId: id,
      limit: 5,
      beforeVersion: null,
    });
    expect(decision).toMatchObject({
      version: 1,
      decision: "advance",
      fromState: "pending",
      toState: "progressing",
      actor: "ana",
      snapshotRevision: revision + 1,
    });
    const snapshot = (await loadNewestSnapshot(test.database))!;
    expect(snapshot.revision).toBe(revision + 1);
    expect(snapshot.features["started"]?.rollout).toMatchObject({
      rolloutId: id,
      candidate: "started@2",
      stageIndex: 0,
      shareBps: 1_000,
    });
    const after = await counts();
    expect(after["decisions"]).toBe(before["decisions"]! + 1);
    expect(after["ledger"]).toBe(before["ledger"]! + 1);
    expect(after["snapshots"]).toBe(before["snapshots"]! + 1);
    const notices = await test.database.kysely
      .selectFrom("outbox as o")
      .select(["o.notice_key", "o.text"])
      .where("o.notice_key", "like", `${decision!.id}:%`)
      .execute();
    expect(notices).toHaveLength(1);
  });

  it("seals the inputs in the ledger by their digest", async () => {
    await kit.addFeature("sealed");
    const id = await kit.start("sealed");
    const [decision] = await listDecisions(test.database, {
      rolloutId: id,
      limit: 1,
      beforeVersion: null,
    });
    const entry = await test.database.kysely
      .selectFrom("ledger as l")
      .select(["l.body", "l.action"])
      .where("l.subject", "=", decision!.id)
      .executeTakeFirstOrThrow();
    const inputs = decision!.inputs as unknown as Json;
    expect(entry.action).toBe("decision.advance");
    expect(entry.body).toMatchObject({ inputsSha256: sha256Hex(canonicalJson(inputs)) });
  });
});

describe("evidence", () => {
  it("of harm takes the candidate back at the next tick", async () => {
    await kit.addFeature("harmed");
    const id = await kit.start("harmed");
    const feature = { feature: "harmed" };
    await kit.observe(answersOf(id, { count: 1_000, baseline: 1, candidate: 0 }, feature));
    const due = await claimDueRollouts(test.database, {
      lease: { owner: "loop", wallNowMs: 1, untilWallMs: 2 },
      nowMs: START_MS,
      limit: 10,
    });
    expect(due).toContain(id);

    const result = await kit.decide(id, "tick");

    expect(result.kind).toBe("decided");
    const { rollout, sentence, report } = await rolloutOf(id);
    expect(rollout.state).toMatchObject({ kind: "rolled_back", cause: "gate", stageIndex: 0 });
    expect(sentence).toContain("quality fell by 100%");
    expect(report?.culprit?.observations).toEqual({ baseline: 900, candidate: 100, pairs: 0 });
    const snapshot = (await loadNewestSnapshot(test.database))!;
    expect(snapshot.features["harmed"]).toMatchObject({ baseline: "harmed@1", rollout: null });
  });

  it("of no harm carries it to the end, where it becomes the baseline", async () => {
    await kit.addFeature("healthy");
    const id = await kit.start("healthy");
    let nowMs = START_MS;
    for (const [stageIndex, propensityBps] of [1_000, 5_000, 10_000, 10_000].entries()) {
      const parts = { feature: "healthy", stageIndex, propensityBps };
      const prefix = `healthy-${stageIndex}`;
      await kit.observe(answersOf(id, { count: 1_500, baseline: 1, candidate: 1, prefix }, parts));
      nowMs += 2 * HOUR_MS;
      await kit.decide(id, "tick", nowMs);
    }
    expect((await rolloutOf(id)).rollout.state).toEqual({ kind: "completed", atMs: nowMs });
    const snapshot = (await loadNewestSnapshot(test.database))!;
    expect(snapshot.features["healthy"]).toMatchObject({ baseline: "healthy@2", rollout: null });
  });

  it("that does not suffice leaves everything as it is, and says what is missing", async () => {
    await kit.addFeature("scarce");
    const id = await kit.start("scarce");
    const parts = { feature: "scarce" };
    await kit.observe(answersOf(id, { count: 20, baseline: 1, candidate: 1 }, parts));
    const before = await counts();
    expect(await kit.decide(id, "tick", START_MS + HOUR_MS)).toEqual({ kind: "waiting" });
    expect(await counts()).toEqual(before);
    const { unmet, sentence, rollout } = await rolloutOf(id);
    expect(rollout.version).toBe(1);
    expect(unmet.map(({ code }) => code)).toContain("gate");
    expect(sentence).not.toBe("");
  });

  it("that is not split as planned holds it for that, and not for a suspected harm", async () => {
    await kit.addFeature("unsplit");
    const id = await kit.start("unsplit");
    const half = { feature: "unsplit", propensityBps: 5_000 };
    const answers = answersOf(id, { count: 500, baseline: 1, candidate: 1 }, half);
    await kit.observe(answers.map((of) => ({ ...of, propensityBps: 1_000 })));
    await kit.decide(id, "tick", START_MS + 2 * HOUR_MS);
    const { rollout, report, unmet } = await rolloutOf(id);
    expect(report?.warnings.map(({ kind }) => kind)).toEqual(["sample_ratio_mismatch"]);
    expect(rollout.state).toMatchObject({ kind: "held", code: "integrity" });
    expect(unmet[0]?.code).toBe("integrity");
  });
});

describe("two who decide at once on one version", () => {
  it("make one decision: the loser decides again and finds nothing left to do", async () => {
    for (let round = 0; round < 6; round++) {
      const feature = `raced-${round}`;
      await kit.addFeature(feature);
      const id = await kit.start(feature);
      const parts = { feature };
      await kit.observe(answersOf(id, { count: 300, baseline: 1, candidate: 0 }, parts));
      const results = await Promise.all([1, 2, 3, 4].map(() => kit.decide(id, "tick")));
      expect(results.filter(({ kind }) => kind === "decided")).toHaveLength(1);
      expect((await rolloutOf(id)).rollout.version).toBe(2);
    }
    const { rows } = await sql<{ gaps: number }>`select count(*) as gaps from (
      select max(version) - count(*) as missing from decisions group by rollout_id) as d
      where missing <> 0`.execute(test.database.kysely);
    expect(rows[0]?.gaps).toBe(0);
  });

  it("of which each wants something else are done one after the other", async () => {
    await kit.addFeature("busy");
    const id = await kit.start("busy");
    const results = await Promise.all([
      kit.decide(id, "pause"),
      kit.decide(id, "pause"),
      kit.decide(id, "rollback"),
      kit.decide(id, "tick"),
    ]);
    expect(results[2]?.kind).toBe("decided");
    const { rollout } = await rolloutOf(id);
    expect(rollout.state.kind).toBe("rolled_back");
    const versions = (await kit.decisions())
      .filter((of) => of.rolloutId === id)
      .map(({ version }) => version)
      .toSorted((left, right) => left - right);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  });
});

describe("a decision that cannot be committed", () => {
  const draftOn = async (id: string, ofId: string) => {
    const { rollout } = await rolloutOf(id);
    const inputs: DecisionInputs = {
      rollout,
      event: { kind: "rollback", by: "ana", note: "" },
      gate: null,
      stageObservations: 0,
      nowMs: START_MS,
    };
    const { outcome, report } = judge(inputs);
    if (outcome.kind !== "decided") throw new Error(`the rollback is ${outcome.kind}`);
    const [decision] = await listDecisions(test.database, {
      rolloutId: id,
      limit: 1,
      beforeVersion: null,
    });
    const draft = {
      ...decision!,
      id: ofId as (typeof decision & {})["id"],
      version: rollout.version + 1,
      inputs,
      outcome: outcome as unknown as Json,
      report,
    };
    const { next, approvals, reason: sentence, unmet, checkAgainAtMs, effects } = outcome;
    const change = {
      rollout,
      next,
      approvals,
      sentence,
      unmet,
      checkAtMs: checkAgainAtMs,
      effects,
    };
    return { draft, change };
  };

  it("is stale when the rollout has moved on, and writes nothing", async () => {
    await kit.addFeature("moved-on");
    const id = await kit.start("moved-on");
    const { draft, change } = await draftOn(id, "dec_stale");
    await kit.decide(id, "pause");
    const before = await counts();
    expect(await commitDecision(test.database, draft, change)).toEqual({ kind: "stale" });
    expect(await counts()).toEqual(before);
  });

  it("is gone when there is no such rollout", async () => {
    await kit.addFeature("gone");
    const id = await kit.start("gone");
    const { draft, change } = await draftOn(id, "dec_gone");
    const before = await counts();
    const rollout = { ...change.rollout, id: "roll_none" as typeof change.rollout.id };
    const outcome = await commitDecision(test.database, draft, { ...change, rollout });
    expect(outcome).toEqual({ kind: "gone" });
    expect(await kit.decide("roll_none", "tick")).toEqual({ kind: "gone" });
    expect(await counts()).toEqual(before);
  });

  it("leaves nothing behind when its last step fails", async () => {
    await kit.addFeature("broken");
    const id = await kit.start("broken");
    const { draft, change } = await draftOn(id, "dec_broken");
    const before = await counts();
    const taken = (await kit.decisions())[0]!.id;
    await expect(commitDecision(test.database, { ...draft, id: taken }, change)).rejects.toThrow(
      /decisions_pkey/,
    );
    expect(await counts()).toEqual(before);
    expect((await rolloutOf(id)).rollout.state.kind).toBe("progressing");
  });

  it("that is refused writes nothing", async () => {
    await kit.addFeature("refused");
    const id = await kit.start("refused");
    const before = await counts();
    for (const event of ["start", "resume", "promote", "approve"] as const) {
      expect((await kit.decide(id, event)).kind).toBe("refused");
    }
    expect(await counts()).toEqual(before);
  });
});

describe("the inputs of a decision", () => {
  it("come back from the database as they went in, whatever the numbers", async () => {
    await kit.addFeature("numbers");
    const id = await kit.start("numbers");
    const [decision] = await listDecisions(test.database, {
      rolloutId: id,
      limit: 1,
      beforeVersion: null,
    });
    const numbers = [-0, 1e-300, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, -1e21, 2 ** 53 - 1];
    const outcome = { ...(decision!.outcome as object), numbers, text: "é\u2028😀" } as Json;
    await test.database.kysely
      .insertInto("decisions")
      .values({
        id: "dec_numbers",
        rollout_id: null,
        feature: "numbers",
        version: 0,
        decision: "hold",
        from_state: null,
        to_state: null,
        stage: null,
        reason: "",
        actor: "ana",
        at_ms: START_MS,
        inputs: "null",
        outcome: JSON.stringify(outcome),
        report: null,
        method: "",
        snapshot_revision: 1,
      })
      .execute();
    const found = await findDecision(test.database, "dec_numbers");
    expect(canonicalJson(found!.outcome)).toBe(canonicalJson(outcome));
  });

  it("hold very large evidence, whose verdict is finite and replays", async () => {
    await kit.addFeature("huge");
    const id = await kit.start("huge");
    const cell = (bin: number, count: number) => JSON.stringify({ bins: { [bin]: count } });
    const key = { rollout_id: id, stage_index: 0, propensity_bps: 1_000, slice: "*" };
    await test.database.kysely
      .insertInto("evidence_totals")
      .values([
        { ...key, metric: "quality", arm: "baseline", cell: cell(100, 9_000_000_000) },
        { ...key, metric: "quality", arm: "candidate", cell: cell(0, 1_000_000_000) },
      ])
      .execute();
    const result = await decideRollout(kit.deps, {
      rolloutId: id,
      event: { kind: "tick" },
      nowMs: START_MS,
    });
    expect(result.kind).toBe("decided");
    const { report, rollout } = await rolloutOf(id);
    expect(rollout.state.kind).toBe("rolled_back");
    expect(() => canonicalJson(report as unknown as Json)).not.toThrow();
    expect(report?.culprit?.logHarm).toBeGreaterThan(1e6);
  });

  it("freeze the strategy: a document that changes later changes no decision", async () => {
    await kit.addFeature("frozen");
    const id = await kit.prepare("frozen", { ...QUICK_STRATEGY, strategy: "as-it-was" });
    await kit.registry.applyBundle(
      {
        features: [],
        components: [],
        releases: [],
        baselines: [],
        strategies: [{ ...QUICK_STRATEGY, strategy: "as-it-was", description: "Changed." }],
      },
      { actor: "ben", nowMs: START_MS },
    );
    await kit.decide(id, "start");
    expect((await rolloutOf(id)).rollout.strategy.description).toBe("");
  });
});
