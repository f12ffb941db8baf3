/** A feature, its stores and its loops on a database of their own; time moves by hand. */
import { sql } from "kysely";
import { expect } from "vitest";
import type { Exchange } from "@spillway/core";
import { exchangeId, replayDecision } from "@spillway/core";
import { createTestDatabase } from "../../testkit/src/database.ts";
import { createMemoryLog } from "../../testkit/src/memory-sink.ts";
import {
  createCatalogue,
  createEvaluatePort,
  createFeedbackPort,
} from "../src/compose-evaluate.ts";
import type { StoreContext } from "../src/compose-stores.ts";
import { createControlPorts, createReconcilePort } from "../src/compose-stores.ts";
import { createEvaluateLoop } from "../src/evaluate/evaluate-loop.ts";
import { createChangeFeed } from "../src/store/change-feed.ts";
import { findDecision, listDecisions } from "../src/store/decision-store.ts";
import { createSystemWall } from "../src/telemetry/clocks.ts";
import { createIds } from "../src/telemetry/ids.ts";

export const HOUR_MS = 3_600_000;
export const FEATURE = "qa";
const ACTOR = { actor: "ana" };

const test = await createTestDatabase("control-loop");
const wall = createSystemWall();
let nowMs = 1_000 * HOUR_MS;
let asked = 0;

export const context: StoreContext = {
  database: test.database,
  changes: await createChangeFeed(test.database),
  clock: { nowMs: () => nowMs, speed: Infinity, sleep: async () => {} },
  wall,
  ids: createIds({ nowMs: wall.nowMs }),
  log: createMemoryLog().log,
};
export const { database } = context;
export const ports = createControlPorts(context);

export const now = (): number => nowMs;

export function advance(durationMs: number): void {
  nowMs += durationMs;
}

export async function close(): Promise<void> {
  context.changes.close();
  await test.drop();
}

export async function applyFeature(): Promise<void> {
  const model = (label: string) => ({
    kind: "model" as const,
    name: "m",
    label,
    message: "",
    content: { provider: "recorded", id: `qa/${label}`, parameters: {} },
  });
  const references = (label: string) => ({
    prompt: "qa:v1",
    model: `m:${label}`,
    index: null,
    guardrails: null,
    dataset: "qa:v1",
    app: null,
  });
  await ports.registry.applyBundle(
    {
      features: [
        {
          key: FEATURE,
          title: "Questions",
          owner: "ana",
          tier: 2,
          assignment: { unit: "request", attribute: null, onMissing: "error", salt: FEATURE },
          rules: [],
          slices: ["kind"],
          fallback: { kind: "static", text: "sorry" },
          scorers: [{ kind: "normalised_match", metric: "quality", settings: {} }],
          slaLatencyMs: null,
        },
      ],
      components: [
        {
          kind: "prompt",
          name: "qa",
          label: "v1",
          message: "",
          content: {
            messages: [{ role: "system", content: "Answer." }],
            fewShot: [],
            variables: {},
          },
        },
        model("a"),
        model("b"),
        model("c"),
        {
          kind: "dataset",
          name: "qa",
          label: "v1",
          message: "",
          content: { cases: [{ id: "one", reference: "42" }] },
        },
      ],
      releases: ["a", "b", "c"].map((label) => ({
        feature: FEATURE,
        references: references(label),
        message: "",
      })),
      strategies: [],
      baselines: [{ feature: FEATURE, release: `${FEATURE}@1` }],
    },
    { ...ACTOR, nowMs },
  );
}

const STRATEGY = {
  strategy: "short",
  gate: { quality: { hold: "-5%", rollback: "-10%" } },
  stages: [
    { stage: "shadow", least: { duration: "1h", observations: 20 } },
    { stage: "canary", share: "50%", least: { duration: "1h", observations: 5 } },
    { stage: "verify", least: { duration: "1h" } },
  ],
};

export async function startRollout(candidate: string): Promise<string> {
  const view = await ports.rollouts.create({
    feature: FEATURE,
    candidate,
    strategy: { kind: "document", document: STRATEGY },
    author: "ana",
    note: "",
  });
  const started = await act(view.rollout.id, "start");
  expect(started.kind).toBe("applied");
  return view.rollout.id;
}

export const act = (id: string, kind: "start" | "pause" | "resume" | "rollback" | "abort") =>
  ports.rollouts.act(id, { kind, by: "ana", note: "" });

export async function tick(id: string): Promise<string> {
  return await createReconcilePort(context).tick(id, nowMs);
}

export async function stateOf(id: string) {
  const view = await ports.rollouts.view(id);
  if (view === null) throw new Error(`no rollout ${id}`);
  return view;
}

/** An exchange as a gateway records it, in the rollout's present stage. */
export async function exchangeOf(id: string, parts: Partial<Exchange>): Promise<Exchange> {
  const { rollout } = await stateOf(id);
  const stageIndex = "stageIndex" in rollout.state ? rollout.state.stageIndex : 0;
  const arm = parts.arm ?? "baseline";
  asked += 1;
  return {
    id: exchangeId(`exch_${String(asked).padStart(6, "0")}`),
    feature: FEATURE,
    release: arm === "baseline" ? rollout.baseline : rollout.candidate,
    arm,
    role: "primary",
    shadowOf: null,
    rolloutId: id,
    stageIndex,
    propensityBps: rollout.strategy.stages[stageIndex]?.shareBps ?? 0,
    assignmentReason: "split",
    isRandomised: true,
    isRepeat: false,
    isFallback: false,
    unit: "u",
    tenant: null,
    user: null,
    conversation: null,
    attributes: { item_id: "one", kind: "sum" },
    snapshotRevision: 1,
    startedAtMs: nowMs,
    outcome: "ok",
    errorCode: null,
    attempts: [],
    latencyMs: 900,
    firstTokenMs: null,
    inputTokens: 10,
    outputTokens: 2,
    costMicroUsd: null,
    modelServed: null,
    finishReason: "stop",
    input: [],
    output: "42",
    ...parts,
  };
}

export async function pairOf(id: string, candidateOutput: string): Promise<Exchange[]> {
  const primary = await exchangeOf(id, {});
  const shadow = await exchangeOf(id, {
    arm: "candidate",
    role: "shadow",
    shadowOf: primary.id,
    output: candidateOutput,
  });
  return [primary, shadow];
}

export async function pairsOf(
  id: string,
  candidateOutput: string,
  count: number,
): Promise<Exchange[]> {
  const pairs: Exchange[] = [];
  for (let index = 0; index < count; index++) pairs.push(...(await pairOf(id, candidateOutput)));
  return pairs;
}

function evaluateLoop(owner: string) {
  return createEvaluateLoop({
    port: createEvaluatePort(context),
    feedbackPort: createFeedbackPort(context),
    catalogue: createCatalogue(context),
    owner,
    wall: context.wall,
    log: context.log,
  });
}

export async function evaluateAll(owner = "worker"): Promise<void> {
  const loop = evaluateLoop(owner);
  while ((await loop.pass()) > 0);
}

export async function everyDecisionReplays(): Promise<void> {
  const { rows } = await sql<{ id: string }>`select d.id from decisions d`.execute(
    test.database.kysely,
  );
  expect(rows.length).toBeGreaterThan(5);
  for (const { id } of rows) {
    const record = await findDecision(test.database, id);
    expect(record).not.toBeNull();
    if (record === null) continue;
    // A person's move of a feature without a rollout has nothing to be decided from.
    const agrees = record.rolloutId === null ? null : true;
    expect({ id, ...replayDecision(record) }).toMatchObject({ agrees });
  }
}

export async function versionsOf(id: string): Promise<number[]> {
  const page = { rolloutId: id, limit: 500, beforeVersion: null };
  return (await listDecisions(test.database, page)).map((of) => of.version).toReversed();
}
