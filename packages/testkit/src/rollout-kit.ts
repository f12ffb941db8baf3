import type {
  DecisionRecord,
  EvaluatedBatch,
  Exchange,
  FeatureKnowledge,
  JsonObject,
  RolloutEvent,
} from "../../core/src/index.ts";
import { evaluateBatch, exchangeId, METRIC_CATALOGUE } from "../../core/src/index.ts";
import { parseStrategyDocument } from "../../server/src/compose-stores.ts";
import type { Ids } from "../../server/src/ports.ts";
import type { Bundle } from "../../server/src/ports/registry-records.ts";
import type { Database } from "../../server/src/store/database.ts";
import { findDecision } from "../../server/src/store/decision-store.ts";
import {
  claimExchanges,
  insertExchanges,
  loadExchanges,
  saveEvaluated,
} from "../../server/src/store/exchange-store.ts";
import { appendLedger } from "../../server/src/store/ledger-store.ts";
import type { RegistryStore } from "../../server/src/store/registry-store.ts";
import { createRegistryStore } from "../../server/src/store/registry-store.ts";
import { createRollout } from "../../server/src/store/rollout-creation.ts";
import type { DecideResult } from "../../server/src/store/rollout-decision.ts";
import { decideRollout } from "../../server/src/store/rollout-decision.ts";
import { publishSnapshot } from "../../server/src/store/snapshot-store.ts";
import { buildFeature, buildModel, buildPrompt } from "./control-builders.ts";
import { buildExchange } from "./control-kit.ts";

export const HOUR_MS = 3_600_000;

/** Rollouts on a real store: features with three releases, and exchanges whose score is written on them. */
export type RolloutKit = {
  readonly database: Database;
  readonly registry: RegistryStore;
  readonly ids: Ids;
  readonly deps: Parameters<typeof decideRollout>[0];
  /** Registers a feature with releases 1 to 3, of which it serves the first. */
  readonly addFeature: (key: string, parts?: Parameters<typeof buildFeature>[0]) => Promise<void>;
  /** Prepares a rollout from release 1 to 2; it has still to be started. */
  readonly prepare: (feature: string, strategy?: JsonObject) => Promise<string>;
  readonly start: (feature: string, strategy?: JsonObject) => Promise<string>;
  readonly decide: (
    rolloutId: string,
    event: Exclude<RolloutEvent["kind"], "revise">,
    nowMs?: number,
  ) => Promise<DecideResult>;
  /** Stores exchanges and adds their evidence, as a worker does. */
  readonly observe: (exchanges: readonly Exchange[]) => Promise<void>;
  readonly decisions: () => Promise<readonly DecisionRecord[]>;
};

export const START_MS = Date.UTC(2026, 0, 5);

/** Canary, ramp and verification of an hour each, judged by quality. */
export const QUICK_STRATEGY: JsonObject = {
  strategy: "quick",
  gate: { quality: { hold: "-5%", rollback: "-10%" } },
  stages: [
    {
      stage: "canary",
      share: "10%",
      least: { duration: "1h", observations: 5 },
      most: "14d",
    },
    { stage: "ramp", share: ["50%", "100%"], least: { duration: "1h" }, most: "14d" },
    { stage: "verify", least: { duration: "1h" }, most: "14d" },
  ],
};

/** Its worker may take an hour; nobody else's clock runs in these tests. */
const LEASE_MS = HOUR_MS;

/** By then every lease that a test has given has run out. */
const LATE_WALL_MS = 1_000_000_000;

export function createRolloutKit(database: Database): RolloutKit {
  const registry = createRegistryStore({
    database,
    hooks: { appendLedger, publishSnapshot },
    checks: {
      parseStrategy: parseStrategyDocument,
      promptProblems: () => [],
      scorerProblems: () => [],
    },
  });
  const ids = countingIds();
  const deps = { database, ids, metrics: METRIC_CATALOGUE };
  const decide: RolloutKit["decide"] = (rolloutId, kind, nowMs = START_MS) =>
    decideRollout(deps, { rolloutId, event: eventOf(kind), nowMs });
  const prepare: RolloutKit["prepare"] = (feature, document = QUICK_STRATEGY) =>
    createRollout(
      deps,
      {
        feature,
        candidate: `${feature}@2`,
        strategy: { kind: "document", document },
        author: "ana",
        note: "",
      },
      START_MS,
    );
  return {
    database,
    registry,
    ids,
    deps,
    decide,
    prepare,
    addFeature: async (key, parts = {}) => {
      await registry.applyBundle(bundleOf(key, parts), { actor: "ana", nowMs: START_MS });
    },
    start: async (feature, strategy) => {
      const id = await prepare(feature, strategy);
      await decide(id, "start");
      return id;
    },
    observe: async (exchanges) => {
      await insertExchanges(database, exchanges);
      await evaluateClaimed(database, "worker");
    },
    decisions: async () => {
      const rows = await database.kysely.selectFrom("decisions as d").select("d.id").execute();
      const records = await Promise.all(rows.map(({ id }) => findDecision(database, id)));
      return records.filter((record) => record !== null);
    },
  };
}

/** Claims what is there and saves what it amounts to. */
export async function evaluateClaimed(
  database: Database,
  owner: string,
): Promise<EvaluatedBatch & { readonly outcome: "saved" | "lost" }> {
  const lease = { owner, wallNowMs: LATE_WALL_MS, untilWallMs: LATE_WALL_MS + LEASE_MS };
  const claimed = await claimExchanges(database, { lease, limit: 10_000 });
  const batch = await evaluatedBatch(
    database,
    claimed.map(({ exchange }) => exchange),
  );
  const { kind } = await saveEvaluated(database, { ...batch, owner });
  return { ...batch, outcome: kind };
}

export async function evaluatedBatch(
  database: Database,
  exchanges: readonly Exchange[],
): Promise<EvaluatedBatch> {
  const primaries = await loadExchanges(
    database,
    exchanges.flatMap(({ shadowOf }) => shadowOf ?? []),
  );
  return evaluateBatch({ exchanges, primaries, knowledgeOf: () => WRITTEN_SCORES });
}

/** The scorer reads the number that the test wrote on the exchange. */
export const WRITTEN_SCORES: FeatureKnowledge = {
  feature: { slices: ["kind"] },
  metrics: METRIC_CATALOGUE,
  scorers: [
    ({ exchange }) => {
      const { score } = (exchange as Exchange).attributes;
      const value = score === undefined ? null : Number(score);
      return { metric: "quality", value, scorer: "written", note: null };
    },
  ],
  caseOf: () => null,
};

/** An answer of one arm in the first stage, with its score. */
export function answerOf(
  rolloutId: string,
  of: { readonly id: string; readonly arm: "baseline" | "candidate"; readonly score: number },
  parts: Partial<Exchange> = {},
): Exchange {
  const feature = parts.feature ?? "search";
  return buildExchange({
    feature,
    id: exchangeId(of.id),
    arm: of.arm,
    release: `${feature}@${of.arm === "baseline" ? 1 : 2}`,
    rolloutId,
    stageIndex: 0,
    propensityBps: 1_000,
    assignmentReason: "split",
    isRandomised: true,
    attributes: { score: String(of.score) },
    startedAtMs: START_MS,
    ...parts,
  });
}

/** So many answers, of which the candidate has its planned share. */
export function answersOf(
  rolloutId: string,
  of: {
    readonly count: number;
    readonly baseline: number;
    readonly candidate: number;
    readonly prefix?: string;
  },
  parts: Partial<Exchange> = {},
): Exchange[] {
  const share = parts.propensityBps ?? 1_000;
  return Array.from({ length: of.count }, (_, index) => {
    // Spread evenly: the candidate answers whenever its share of them has grown by one.
    const isCandidate = ((index + 1) * share) % 10_000 < share;
    const arm = isCandidate ? "candidate" : "baseline";
    const id = `${of.prefix ?? rolloutId}-${index}`;
    return answerOf(rolloutId, { id, arm, score: of[arm] }, parts);
  });
}

function bundleOf(key: string, parts: Parameters<typeof buildFeature>[0]): Bundle {
  const labels = ["v1", "v2", "v3"];
  return {
    features: [buildFeature({ key, tier: 2, fallback: { kind: "static", text: "" }, ...parts })],
    components: [
      ...labels.map((label) =>
        buildPrompt(`${key} answers as ${label}.`, { name: `${key}-prompt`, label }),
      ),
      buildModel("gpt-4.1-2025-04-14", { name: `${key}-model` }),
      buildModel("gpt-4o-2024-11-20", { name: `${key}-model`, label: "v2" }),
    ],
    releases: labels.map((label) => ({
      feature: key,
      references: {
        prompt: `${key}-prompt:${label}`,
        model: `${key}-model:${label === "v3" ? "v2" : "v1"}`,
        index: null,
        guardrails: null,
        dataset: null,
        app: null,
      },
      message: "",
    })),
    strategies: [],
    baselines: [{ feature: key, release: `${key}@1` }],
  };
}

function eventOf(kind: Exclude<RolloutEvent["kind"], "revise">): RolloutEvent {
  if (kind === "tick") return { kind };
  const by = kind === "approve" ? "ben" : "ana";
  if (kind === "promote") return { kind, by, note: "", full: false, override: false };
  return { kind, by, note: "" };
}

function countingIds(): Ids {
  let count = 0;
  return {
    next: (prefix) => `${prefix}_${String(++count).padStart(6, "0")}`,
    secret: () => `secret-${++count}`,
  };
}
