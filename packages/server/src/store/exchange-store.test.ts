import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Exchange, RolloutEvidence } from "@spillway/core";
import { canonicalJson, emptyEvidence, exchangeId, withBatch } from "@spillway/core";
import {
  answerOf,
  answersOf,
  createRolloutKit,
  evaluateClaimed,
  evaluatedBatch,
  type RolloutKit,
  START_MS,
  WRITTEN_SCORES,
} from "../../../testkit/src/rollout-kit.ts";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { createMemoryLog } from "../../../testkit/src/memory-sink.ts";
import { createFeedbackPort } from "../compose-evaluate.ts";
import { createEvaluateLoop } from "../evaluate/evaluate-loop.ts";
import { loadEvidence, loadExposures } from "./evidence-store.ts";
import {
  claimExchanges,
  findExchange,
  insertExchanges,
  loadExchanges,
  postponeExchanges,
  saveEvaluated,
  setExchangeAside,
} from "./exchange-store.ts";

let test: TestDatabase;
let kit: RolloutKit;
let feature = 0;

beforeAll(async () => {
  test = await createTestDatabase("exchange-store");
  kit = createRolloutKit(test.database);
});

afterAll(() => test.drop());

/** A rollout in its first stage, on a feature of its own, and nobody's exchanges left to evaluate. */
const started = async () => {
  const key = `feature-${++feature}`;
  await kit.addFeature(key);
  await evaluateClaimed(test.database, "sweeper");
  return { id: await kit.start(key), parts: { feature: key } };
};

const lease = (owner: string, wallNowMs = 1_000, forMs = 100) => ({
  owner,
  wallNowMs,
  untilWallMs: wallNowMs + forMs,
});

const claim = async (owner: string, wallNowMs?: number, limit = 10_000) =>
  (await claimExchanges(test.database, { lease: lease(owner, wallNowMs), limit })).map(
    ({ exchange }) => exchange,
  );

const exposuresOf = async (id: string) => (await loadExposures(test.database, [id])).get(id) ?? [];

/** Object keys and rows in one order, so that equal evidence is equal text. */
const normal = (evidence: RolloutEvidence): string => {
  const metrics = evidence.metrics
    .map((of) => ({ ...of, key: `${of.metric} ${of.slice}` }))
    .toSorted((left, right) => (left.key < right.key ? -1 : 1));
  return canonicalJson(JSON.parse(JSON.stringify({ ...evidence, metrics })));
};

describe("a batch of exchanges", () => {
  it("delivered twice is stored and counted once", async () => {
    const { id, parts } = await started();
    const batch = answersOf(id, { count: 30, baseline: 1, candidate: 1 }, parts);
    const first = await insertExchanges(test.database, batch);
    expect(first).toEqual({ accepted: 30, duplicates: 0, rejected: [] });
    const [again] = await Promise.all([
      insertExchanges(test.database, batch),
      evaluateClaimed(test.database, "worker"),
    ]);
    expect(again).toEqual({ accepted: 0, duplicates: 30, rejected: [] });
    expect((await evaluateClaimed(test.database, "worker")).evaluatedIds).toEqual([]);
    expect(await exposuresOf(id)).toEqual([
      {
        stageIndex: 0,
        propensityBps: 1_000,
        baseline: 27,
        candidate: 3,
        pairs: 0,
        excluded: {},
        firstObservedAtMs: START_MS,
        lastObservedAtMs: START_MS,
      },
    ]);
  });

  it("that repeats an exchange within itself stores it once", async () => {
    const { id, parts } = await started();
    const [one] = answersOf(id, { count: 1, baseline: 1, candidate: 1 }, parts);
    const receipt = await insertExchanges(test.database, [one!, one!, one!]);
    expect(receipt).toEqual({ accepted: 1, duplicates: 2, rejected: [] });
  });

  it("that arrives over several connections at once is counted once", async () => {
    const { id, parts } = await started();
    const batch = answersOf(id, { count: 200, baseline: 1, candidate: 1 }, parts);
    const receipts = await Promise.all(
      [batch, batch.toReversed(), batch].map((of) => insertExchanges(test.database, of)),
    );
    expect(receipts.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(200);
  });

  it("comes back as it was", async () => {
    const { id, parts } = await started();
    const exchange = answerOf(
      id,
      { id: "whole", arm: "candidate", score: 0.25 },
      { ...parts, latencyMs: 12.345, output: "naïve 😀\n\u2028" },
    );
    await insertExchanges(test.database, [exchange]);
    expect((await loadExchanges(test.database, ["whole"])).get("whole")).toEqual(exchange);
    await evaluateClaimed(test.database, "worker");
    expect(await findExchange(test.database, "whole")).toEqual({
      exchange,
      scores: [{ metric: "quality", value: 0.25, scorer: "written", note: null }],
    });
  });
});

describe("workers", () => {
  it("that claim at once never get the same exchange, and leave none", async () => {
    const { id, parts } = await started();
    await insertExchanges(
      test.database,
      answersOf(id, { count: 200, baseline: 1, candidate: 1 }, parts),
    );
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, worker) => claim(`worker-${worker}`, 1_000, 30)),
    );
    const ids = claims.flat().map((exchange) => exchange.id);
    expect(new Set(ids).size).toBe(ids.length);
    const rest = await claim("last", 1_000);
    expect(ids.length + rest.length).toBe(200);
  });

  it("that evaluate at once add up to the same evidence as one", async () => {
    const { id, parts } = await started();
    const all = answersOf(id, { count: 400, baseline: 0.75, candidate: 0.5 }, parts);
    await insertExchanges(test.database, all);
    await Promise.all(
      Array.from({ length: 5 }, async (_, worker) => {
        const owner = `adder-${worker}`;
        for (let claimed = await claim(owner, 5_000, 40); claimed.length > 0;) {
          const batch = await evaluatedBatch(test.database, claimed);
          expect(await saveEvaluated(test.database, { ...batch, owner })).toEqual({
            kind: "saved",
          });
          claimed = await claim(owner, 5_000, 40);
        }
      }),
    );
    const expected = withBatch(emptyEvidence(), await evaluatedBatch(test.database, all));
    expect(normal(await loadEvidence(test.database.kysely, id))).toBe(normal(expected));
  });

  it("whose lease ran out lose their batch to the next, and write nothing", async () => {
    const { id, parts } = await started();
    const all = answersOf(id, { count: 10, baseline: 1, candidate: 1 }, parts);
    await insertExchanges(test.database, all);
    const slow = await claim("slow", 1_000);
    expect(await claim("quick", 1_099)).toEqual([]);
    const quick = await claim("quick", 1_100);
    expect(quick.map((of) => of.id).toSorted()).toEqual(slow.map((of) => of.id).toSorted());

    const batch = await evaluatedBatch(test.database, slow);
    expect(await saveEvaluated(test.database, { ...batch, owner: "slow" })).toEqual({
      kind: "lost",
    });
    expect(await exposuresOf(id)).toEqual([]);
    expect(await saveEvaluated(test.database, { ...batch, owner: "quick" })).toEqual({
      kind: "saved",
    });
    expect(await saveEvaluated(test.database, { ...batch, owner: "quick" })).toEqual({
      kind: "lost",
    });
    expect(await exposuresOf(id)).toMatchObject([{ baseline: 9, candidate: 1 }]);
  });

  it("that saved a part of what another holds write nothing of it", async () => {
    const { id, parts } = await started();
    await insertExchanges(
      test.database,
      answersOf(id, { count: 10, baseline: 1, candidate: 1 }, parts),
    );
    const first = await claim("first", 1_000, 5);
    const second = await claim("second", 1_000, 5);
    const batch = await evaluatedBatch(test.database, [...first, second[0]!]);
    expect(await saveEvaluated(test.database, { ...batch, owner: "first" })).toEqual({
      kind: "lost",
    });
    expect(await exposuresOf(id)).toEqual([]);
    const scores = await test.database.kysely
      .selectFrom("scores as s")
      .select("s.exchange_id")
      .where(
        "s.exchange_id",
        "in",
        first.map((of) => of.id),
      )
      .execute();
    expect(scores).toEqual([]);
  });
});

describe("evidence", () => {
  it("in total is the sum of its minutes, and what the same batches amount to in memory", async () => {
    const { id, parts } = await started();
    let memory = emptyEvidence();
    for (let minute = 0; minute < 4; minute++) {
      const batch = answersOf(
        id,
        { count: 50, baseline: minute / 4, candidate: 0.5, prefix: `${id}-${minute}` },
        {
          ...parts,
          startedAtMs: START_MS + minute * 40_000,
          attributes: { score: String(minute / 4), kind: minute % 2 === 0 ? "even" : "odd" },
        },
      );
      await insertExchanges(test.database, batch);
      memory = withBatch(memory, await evaluateClaimed(test.database, `worker-${minute}`));
    }
    const totals = await loadEvidence(test.database.kysely, id);
    expect(normal(totals)).toBe(normal(memory));
    expect(new Set(totals.metrics.map((of) => of.slice))).toEqual(
      new Set(["*", "kind=even", "kind=odd"]),
    );

    const minutes = await test.database.kysely
      .selectFrom("evidence as e")
      .selectAll("e")
      .where("e.rollout_id", "=", id)
      .execute();
    expect(new Set(minutes.map((row) => row.minute_ms)).size).toBe(3);
    const sum = withBatch(emptyEvidence(), {
      evidence: minutes.map((row) => ({
        rolloutId: row.rollout_id,
        stageIndex: row.stage_index,
        propensityBps: row.propensity_bps,
        slice: row.slice,
        metric: row.metric,
        minuteMs: row.minute_ms,
        arm: row.arm as "baseline" | "candidate",
        cell: row.cell as { bins: Record<string, number> },
      })),
      exposures: [],
    });
    expect(normal({ ...sum, exposures: [] })).toBe(normal({ ...totals, exposures: [] }));
  });

  it("leaves out what chance did not assign, and counts it under its reason", async () => {
    const { id, parts } = await started();
    const score = { arm: "candidate", score: 1 } as const;
    const of = (name: string, rest: Partial<Exchange>) =>
      answerOf(id, { id: `${id}-${name}`, ...score }, { ...parts, ...rest });
    await kit.observe([
      of("counted", {}),
      of("forced", { isRandomised: false, assignmentReason: "rule" }),
      of("repeat", { isRepeat: true }),
      of("fallback", { isFallback: true }),
      of("cancelled", { outcome: "cancelled" }),
      of("outside", { rolloutId: null, stageIndex: null, propensityBps: null }),
    ]);
    expect(await exposuresOf(id)).toMatchObject([
      {
        baseline: 0,
        candidate: 1,
        pairs: 0,
        excluded: { forced: 1, repeat: 1, fallback: 1, cancelled_candidate: 1 },
      },
    ]);
  });

  it("keeps which groups of users left what, and nothing of requests that come once", async () => {
    const { id, parts } = await started();
    const left = (name: string, rest: Partial<Exchange>) =>
      answerOf(
        id,
        { id: `${id}-${name}`, arm: "candidate", score: 1 },
        { ...parts, outcome: "cancelled", ...rest },
      );
    const user = { unit: "user-7", unitKind: "user" } as const;
    await kit.observe([left("first", user), left("second", user), left("single", {})]);
    const kept = (await loadEvidence(test.database.kysely, id)).metrics.find(
      ({ metric }) => metric === "requests:left",
    );
    expect(kept?.strata.map(({ candidate }) => Object.entries(candidate.units ?? {}))).toEqual([
      [[expect.stringMatching(/^\d+:100$/), 2]],
    ]);
  });
});

describe("a shadow", () => {
  const shadowOf = (primary: Exchange): Exchange => ({
    ...primary,
    id: exchangeId(`${primary.id}-shadow`),
    shadowOf: primary.id,
    role: "shadow",
    arm: "candidate",
    release: primary.release.replace("@1", "@2"),
    attributes: { score: "0" },
  });

  /** A worker on this store, with a wall that the test moves. */
  const worker = () => {
    const wall = { nowMs: 10_000 };
    const loop = createEvaluateLoop({
      port: {
        claim: ({ owner, leaseMs, limit }) =>
          claimExchanges(test.database, { lease: lease(owner, wall.nowMs, leaseMs), limit }),
        loadExchanges: (ids) => loadExchanges(test.database, ids),
        save: async (batch) => (await saveEvaluated(test.database, batch)).kind,
        setAside: (aside) => setExchangeAside(test.database, aside),
        postpone: ({ ids, owner, forMs }) =>
          postponeExchanges(test.database, { ids, owner, untilWallMs: wall.nowMs + forMs }),
      },
      feedbackPort: createFeedbackPort({
        database: test.database,
        wall: { nowMs: () => wall.nowMs, sleep: async () => {} },
      }),
      catalogue: { prepare: async () => {}, knowledgeOf: () => WRITTEN_SCORES },
      owner: "loop",
      wall: { nowMs: () => wall.nowMs, sleep: async () => {} },
      log: createMemoryLog(),
    });
    return {
      passAfter: async (ms: number) => {
        wall.nowMs += ms;
        return await loop.pass();
      },
    };
  };

  it("that arrives before its primary waits for it and becomes a pair", async () => {
    const { id, parts } = await started();
    const primary = answerOf(id, { id: `${id}-p`, arm: "baseline", score: 1 }, parts);
    const { passAfter } = worker();
    await insertExchanges(test.database, [shadowOf(primary)]);
    expect(await passAfter(0)).toBe(0);
    expect(await passAfter(499)).toBe(0);
    await insertExchanges(test.database, [primary]);
    expect(await passAfter(0)).toBe(1);
    expect(await exposuresOf(id)).toMatchObject([{ baseline: 1, candidate: 0, pairs: 0 }]);
    expect(await passAfter(500)).toBe(1);
    expect(await exposuresOf(id)).toMatchObject([{ baseline: 1, candidate: 0, pairs: 1 }]);
    const evidence = await loadEvidence(test.database.kysely, id);
    const quality = evidence.metrics.find((of) => of.metric === "quality" && of.slice === "*");
    expect(quality?.strata[0]?.pairs.joint).toEqual({ "100:0": 1 });
    expect(await passAfter(10_000)).toBe(0);
  });

  it("that cannot be evaluated holds up no other, and is set aside in the end", async () => {
    const { id, parts } = await started();
    const sound = ["a", "b", "c"].map((name) =>
      answerOf(id, { id: `${id}-${name}`, arm: "baseline", score: 1 }, parts),
    );
    // Of a rollout that this database does not know: its evidence has nowhere to go.
    const poison = { ...sound[0]!, id: exchangeId(`${id}-aa`), rolloutId: "roll_unknown" };
    const { passAfter } = worker();
    await insertExchanges(test.database, [...sound, poison]);
    await passAfter(0);
    expect(await exposuresOf(id)).toMatchObject([{ baseline: 3, candidate: 0 }]);
    for (let pass = 0; pass < 4; pass += 1) expect(await passAfter(30_000)).toBe(1);
    expect(await passAfter(30_000)).toBe(0);
    expect((await findExchange(test.database, poison.id))?.exchange).toEqual(poison);
  });

  it("whose primary never comes is done after its attempts, as evidence of nothing", async () => {
    const { id, parts } = await started();
    const primary = answerOf(id, { id: `${id}-lost`, arm: "baseline", score: 1 }, parts);
    const { passAfter } = worker();
    await insertExchanges(test.database, [shadowOf(primary)]);
    let passes = 1;
    while ((await passAfter(500)) === 0) passes += 1;
    expect(passes).toBe(40);
    expect(await exposuresOf(id)).toEqual([]);
    expect(await loadEvidence(test.database.kysely, id)).toEqual({ metrics: [], exposures: [] });
    const found = await findExchange(test.database, `${id}-lost-shadow`);
    expect(found?.scores).toMatchObject([{ metric: "quality", value: 0 }]);
    expect(await passAfter(100_000)).toBe(0);
  });
});
