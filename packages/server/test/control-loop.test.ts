/** The control loop on a real database and a clock moved by hand: evidence in, decisions out. */
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Exchange } from "@spillway/core";
import { emptyEvidence, evaluateBatch, withBatch } from "@spillway/core";
import { createCatalogue } from "../src/compose-evaluate.ts";
import { loadEvidence } from "../src/store/evidence-store.ts";
import { claimExchanges, insertExchanges, saveEvaluated } from "../src/store/exchange-store.ts";
import { loadNewestSnapshot } from "../src/store/snapshot-store.ts";
import {
  FEATURE,
  HOUR_MS,
  act,
  advance,
  applyFeature,
  close,
  context,
  database,
  evaluateAll,
  everyDecisionReplays,
  exchangeOf,
  now,
  pairOf,
  pairsOf,
  ports,
  startRollout,
  stateOf,
  tick,
  versionsOf,
} from "./control-loop-kit.ts";

beforeAll(applyFeature);
afterAll(close);

describe("a rollout on a real database", () => {
  it("starts with a decision, a ledger entry and a snapshot that routes it", async () => {
    const before = await ports.snapshot.revision();
    const id = await startRollout("qa@2");
    const snapshot = await loadNewestSnapshot(database);
    expect(snapshot?.revision).toBe(before + 1);
    expect(snapshot?.features[FEATURE]?.rollout).toMatchObject({
      rolloutId: id,
      shadowBps: 10_000,
    });
    expect(await versionsOf(id)).toEqual([1]);
    const { items } = await ports.ledger.list({ limit: 3 });
    expect(items.map((entry) => entry.action)).toContain("decision.advance");
    await act(id, "rollback");
  });

  it("is taken back in shadow when the candidate's answers are wrong, and says on what", async () => {
    const id = await startRollout("qa@2");
    await insertExchanges(database, await pairsOf(id, "41", 30));
    await evaluateAll();
    expect(await tick(id)).toBe("decided");
    const { rollout, sentence, report } = await stateOf(id);
    expect(rollout.state).toMatchObject({ kind: "rolled_back", cause: "gate" });
    expect(sentence).toContain("quality");
    expect(report?.culprit?.observations.pairs).toBe(30);
    expect((await loadNewestSnapshot(database))?.features[FEATURE]?.rollout).toBeNull();
  });

  it("never advances without data, however long it waits", async () => {
    const id = await startRollout("qa@2");
    advance(100 * HOUR_MS);
    expect(await tick(id)).toBe("waiting");
    expect((await stateOf(id)).rollout.state).toMatchObject({ stageIndex: 0 });
    await act(id, "rollback");
  });

  it("goes through all stages when the candidate is as good, and becomes the baseline", async () => {
    const id = await startRollout("qa@3");
    await insertExchanges(database, await pairsOf(id, "42", 80));
    await evaluateAll();
    advance(HOUR_MS);
    await tick(id);
    expect((await stateOf(id)).rollout.state).toMatchObject({ stageIndex: 1 });
    const arms = await Promise.all(
      Array.from({ length: 80 }, (_, index) =>
        exchangeOf(id, { arm: index % 2 === 0 ? "baseline" : "candidate" }),
      ),
    );
    await insertExchanges(database, arms);
    await evaluateAll();
    advance(HOUR_MS);
    await tick(id);
    await insertExchanges(database, [await exchangeOf(id, { arm: "candidate" })]);
    await evaluateAll();
    advance(HOUR_MS);
    await tick(id);
    expect((await stateOf(id)).rollout.state.kind).toBe("completed");
    const status = await ports.rollouts.status(FEATURE);
    expect(status?.baseline).toBe("qa@3");
    const versions = await versionsOf(id);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  });

  it("rolls a feature back without a rollout, whole or one component, and undoes it", async () => {
    const moved = await ports.rollouts.rollbackFeature({
      feature: FEATURE,
      by: "ana",
      note: "why",
    });
    expect(moved).toMatchObject({ kind: "moved", from: "qa@3", to: "qa@1" });
    const again = await ports.rollouts.rollbackFeature({ feature: FEATURE, by: "ben", note: "" });
    expect(again).toMatchObject({ kind: "moved", from: "qa@1", to: "qa@1" });
    const undone = await ports.rollouts.undoFeature({ feature: FEATURE, by: "ana", note: "" });
    expect(undone).toMatchObject({ kind: "moved", to: "qa@3" });
    const part = await ports.rollouts.rollbackFeature({
      feature: FEATURE,
      component: "model",
      by: "ana",
      note: "",
    });
    // Only the model differs, so the tuple with it reverted is the release that is there already.
    expect(part).toMatchObject({ kind: "moved", to: "qa@1" });
  });

  it("answers who served at a time, before and after a move", async () => {
    const before = now();
    advance(HOUR_MS);
    await ports.rollouts.rollbackFeature({ feature: FEATURE, to: "qa@3", by: "ana", note: "" });
    const ask = (atMs: number) =>
      ports.whoServed.whoServed({ feature: FEATURE, atMs, tenant: null });
    expect((await ask(before))?.baseline).toBe("qa@1");
    expect((await ask(now()))?.baseline).toBe("qa@3");
    await ports.rollouts.rollbackFeature({ feature: FEATURE, to: "qa@1", by: "ana", note: "" });
  });
});

describe("many at once", () => {
  it("one version is decided once, whoever races for it", async () => {
    const id = await startRollout("qa@2");
    await insertExchanges(database, await pairsOf(id, "41", 30));
    await evaluateAll();
    await Promise.all(Array.from({ length: 8 }, () => tick(id)));
    expect(await versionsOf(id)).toEqual([1, 2]);
  });

  it("a batch that is delivered twice counts once", async () => {
    const id = await startRollout("qa@2");
    const batch = await pairsOf(id, "42", 10);
    expect(await insertExchanges(database, batch)).toMatchObject({ accepted: 20 });
    expect(await insertExchanges(database, batch)).toMatchObject({ duplicates: 20 });
    await evaluateAll();
    const { exposures } = await stateOf(id);
    expect(exposures).toMatchObject([{ baseline: 10, candidate: 0, pairs: 10 }]);
    await act(id, "rollback");
  });

  it("two workers share the exchanges, and one whose lease ran out writes nothing", async () => {
    const id = await startRollout("qa@2");
    await insertExchanges(database, await pairsOf(id, "42", 10));
    const wallNowMs = context.wall.nowMs();
    const short = { owner: "slow", wallNowMs, untilWallMs: wallNowMs };
    const claimed = await claimExchanges(database, { lease: short, limit: 500 });
    expect(claimed).toHaveLength(20);
    await evaluateAll("quick");
    const late = await saveEvaluated(database, {
      owner: "slow",
      evaluatedIds: claimed.map(({ exchange }) => exchange.id),
      scores: [],
      evidence: [],
      exposures: [],
    });
    expect(late).toEqual({ kind: "lost" });
    expect((await stateOf(id)).exposures).toMatchObject([{ pairs: 10 }]);
    await act(id, "rollback");
  });

  it("a shadow that arrives before its primary waits for it and is paired", async () => {
    const id = await startRollout("qa@2");
    const [primary, shadow] = await pairOf(id, "42");
    await insertExchanges(database, [shadow as Exchange]);
    await evaluateAll();
    expect((await stateOf(id)).exposures).toEqual([]);
    await insertExchanges(database, [primary as Exchange]);
    await sql`update exchanges set lease_until_wall_ms = 0`.execute(database.kysely);
    await evaluateAll();
    expect((await stateOf(id)).exposures).toMatchObject([{ pairs: 1, baseline: 1 }]);
    await act(id, "rollback");
  });

  it("stored totals are the sum of the minutes, and what memory gives", async () => {
    const id = await startRollout("qa@2");
    const exchanges = [...(await pairsOf(id, "42", 6)), ...(await pairsOf(id, "41", 3))];
    await insertExchanges(database, exchanges);
    const catalogue = createCatalogue(context);
    await catalogue.prepare(exchanges);
    const primaries = new Map(exchanges.map((of) => [of.id as string, of]));
    const batch = evaluateBatch({ exchanges, primaries, knowledgeOf: catalogue.knowledgeOf });
    await evaluateAll();
    const stored = await loadEvidence(database.kysely, id);
    expect(stored).toEqual(withBatch(emptyEvidence(), batch));
    await act(id, "rollback");
  });
});

describe("people", () => {
  it("a pause stops the stage's time, and resume goes on", async () => {
    const id = await startRollout("qa@2");
    await act(id, "pause");
    advance(50 * HOUR_MS);
    await act(id, "resume");
    await tick(id);
    const { unmet } = await stateOf(id);
    expect(unmet.map((of) => of.code)).toContain("duration");
    await act(id, "abort");
  });

  it("a promotion with unmet requirements is refused, lists them, and writes nothing", async () => {
    const id = await startRollout("qa@2");
    const refused = await ports.rollouts.act(id, {
      kind: "promote",
      by: "ana",
      note: "",
      full: false,
      override: false,
    });
    expect(refused).toMatchObject({ kind: "refused", code: "requirements_unmet" });
    expect(await versionsOf(id)).toEqual([1]);
    await act(id, "rollback");
  });

  it("the kill switch gives everyone the baseline at once", async () => {
    await ports.rollouts.setKilled({ feature: FEATURE, isKilled: true, by: "ana", note: "" });
    expect((await loadNewestSnapshot(database))?.features[FEATURE]?.isKilled).toBe(true);
    await ports.rollouts.setKilled({ feature: FEATURE, isKilled: false, by: "ana", note: "" });
  });

  it("a second rollout of a feature is refused while one is under way", async () => {
    const id = await startRollout("qa@2");
    await expect(startRollout("qa@3")).rejects.toMatchObject({ code: "conflict" });
    await act(id, "rollback");
  });
});

it("every decision above comes out the same when it is made again, and the ledger is intact", async () => {
  await everyDecisionReplays();
  expect(await ports.ledger.verify(null)).toMatchObject({ isIntact: true });
});
