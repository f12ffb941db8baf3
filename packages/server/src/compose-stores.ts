import type { Json, MetricDefinition } from "@spillway/core";
import {
  AppError,
  createScorer,
  DEFAULT_CONFIDENCE,
  explainDecision,
  invariant,
  isJsonObject,
  METRIC_CATALOGUE,
  metricsOfFeature,
  parseCriteria,
  parseStrategy,
  promptProblems,
  replayDecision,
  strategyProblems,
  withFeatureLevels,
  unreachableProblems,
  withExpected,
} from "@spillway/core";
import type { DecisionRecord } from "@spillway/core";
import { leaseOf } from "./compose-evaluate.ts";
import { createScorerPorts } from "./compose-scorer-ports.ts";
import type { BuiltInStrategies } from "./compose-built-in-strategies.ts";
import { loadBuiltInStrategies, withBuiltIn } from "./compose-built-in-strategies.ts";
import type { Runtime } from "./compose-runtime.ts";
import type { ControlPorts, DecisionRecord as ShownDecision } from "./control/control-ports.ts";
import type { ReconcilePort } from "./reconcile/reconcile-loop.ts";
import type { ChangeFeed } from "./store/change-feed.ts";
import type { Database } from "./store/database.ts";
import { findDecision, listDecisions } from "./store/decision-store.ts";
import * as exchanges from "./store/exchange-store.ts";
import * as feedback from "./store/feedback-store.ts";
import { loadFeatureDefinitions } from "./store/evaluation-reader.ts";
import { listFeedback } from "./store/feedback-list.ts";
import { setKilled } from "./store/feature-moves.ts";
import { loadFeatureTraffic } from "./store/feature-traffic.ts";
import { listGateways, saveGatewayReport } from "./store/gateway-store.ts";
import { appendLedger, listLedger } from "./store/ledger-store.ts";
import { verifyStoredLedger } from "./store/ledger-verification.ts";
import { numberOfCursor } from "./store/registry/page-cursor.ts";
import type { DeclaringFeature, StrategyParse } from "./store/registry/registry-hooks.ts";
import { createKeyStore } from "./store/registry/key-store.ts";
import { recentTraffic } from "./store/recent-traffic.ts";
import { createRegistryStore } from "./store/registry-store.ts";
import { createRollout } from "./store/rollout-creation.ts";
import type { DecideResult } from "./store/rollout-decision.ts";
import { decideRollout } from "./store/rollout-decision.ts";
import { reviseRollout } from "./store/rollout-revision.ts";
import type { StoredRollout } from "./store/rollout-store.ts";
import * as rollouts from "./store/rollout-store.ts";
import { takeBackFeature } from "./store/take-back.ts";
import type { RolloutView } from "./store/rollout-views.ts";
import { viewRollouts } from "./store/rollout-views.ts";
import {
  loadNewestName,
  loadNewestRevision,
  loadNewestSnapshot,
  publishSnapshot,
} from "./store/snapshot-store.ts";
import { whoServed } from "./store/who-served.ts";

export type StoreContext = Runtime & {
  readonly database: Database;
  readonly changes: ChangeFeed;
};

/** The tier with the fewest rules. */
const LOWEST_TIER = 3;
const ANY_SLA_MS = 1_000;

const METRICS: readonly MetricDefinition[] = METRIC_CATALOGUE;
const hooks = { appendLedger, publishSnapshot };
const scorerPorts = createScorerPorts();

/**
 * Strategies as people write them, with the metrics that this version knows or one of these features
 * declares, and fit for some feature: what only a higher tier forbids, and whether the metrics are those of
 * the feature, is checked when a rollout is made.
 */
export function parseStrategyDocument(
  document: Json,
  features: readonly DeclaringFeature[] = [],
): StrategyParse {
  const declaring = features.filter(({ metrics = [] }) => metrics.length > 0);
  let closest = parseWith(document, METRICS);
  for (const feature of declaring) {
    if (closest.kind === "strategy") return closest;
    const parsed = parseWith(document, metricsOfFeature(feature, METRICS));
    const isCloser = parsed.kind === "strategy" || parsed.problems.length < closest.problems.length;
    if (isCloser) closest = parsed;
  }
  return closest;
}

function parseWith(document: Json, metrics: readonly MetricDefinition[]): StrategyParse {
  // A feature's own levels are put in when a rollout is made; any number shows whether the rest is right.
  const levelled = isJsonObject(document)
    ? withFeatureLevels(document, { slaLatencyMs: ANY_SLA_MS }).document
    : document;
  const parsed = parseStrategy(levelled, {
    parseGate: (gate) => parseCriteria(gate, metrics),
    defaultConfidence: DEFAULT_CONFIDENCE,
  });
  if (parsed.kind === "problems") return parsed;
  const expecting = metrics.map((metric) => withExpected(metric, parsed.strategy));
  const problems = [
    ...strategyProblems(parsed.strategy, LOWEST_TIER),
    ...unreachableProblems(parsed.strategy.criteria, expecting),
  ];
  return problems.length > 0 ? { kind: "problems", problems } : parsed;
}

/** Read once, when it is first asked for. */
let builtIn: BuiltInStrategies | null = null;

export function builtInStrategies(): BuiltInStrategies {
  builtIn ??= loadBuiltInStrategies((document) => parseStrategyDocument(document));
  return builtIn;
}

export function createKeys(context: StoreContext) {
  return createKeyStore({ database: context.database, hooks, ids: context.ids });
}

export function createControlPorts(context: StoreContext): ControlPorts {
  const { database, clock, wall } = context;
  return {
    registry: createRegistryPort(database),
    keys: createKeys(context),
    rollouts: createRolloutPort(context),
    decisions: createDecisionPort(database),
    decisionFunctions: {
      replayDecision: (record) => replayDecision(record as unknown as DecisionRecord),
      explainDecision: (record) => explainDecision(record as unknown as DecisionRecord),
    },
    ledger: {
      list: async ({ limit, cursor }) => {
        const beforeSeq = numberOfCursor(cursor);
        const items = await listLedger(database, { limit, beforeSeq });
        return { items, nextCursor: nextCursor(items, limit, (entry) => entry.seq) };
      },
      verify: (expectedHead) => verifyStoredLedger(database, expectedHead),
    },
    snapshot: {
      current: async () => {
        const content = await loadNewestSnapshot(database);
        return content === null ? null : { revision: content.revision, content };
      },
      newest: () => loadNewestName(database),
      revision: () => loadNewestRevision(database),
    },
    gateways: {
      report: (report) =>
        saveGatewayReport(database, report, { atMs: clock.nowMs(), atWallMs: wall.nowMs() }),
      list: () => listGateways(database, wall.nowMs()),
    },
    exchanges: {
      ingest: (batch) => exchanges.insertExchanges(database, batch.exchanges),
      get: (id) => exchanges.findExchange(database, id),
    },
    feedback: {
      ingest: (batch) => feedback.insertFeedback(database, batch, wall.nowMs()),
      list: async ({ cursor, ...query }) => {
        const beforeSeq = numberOfCursor(cursor);
        const found = await listFeedback(database, { ...query, beforeSeq });
        return { items: found, nextCursor: nextCursor(found, query.limit, ({ seq }) => seq) };
      },
    },
    whoServed: { whoServed: (query) => whoServed(database, query) },
    traffic: { ofFeature: (feature) => loadFeatureTraffic(database, feature, clock.nowMs()) },
    changes: context.changes,
    health: {
      database: async () => {
        try {
          await loadNewestRevision(database);
          return "ok";
        } catch {
          return "unreachable";
        }
      },
    },
  };
}

function createRegistryPort(database: Database): ControlPorts["registry"] {
  const store = createRegistryStore({
    database,
    hooks,
    checks: {
      parseStrategy: parseStrategyDocument,
      promptProblems: (content) => promptProblems(content).filter((of) => of.level === "error"),
      scorerProblems: (config) => {
        const outcome = createScorer(config, scorerPorts);
        return outcome.kind === "problems" ? outcome.problems : [];
      },
    },
  });
  return {
    ...store,
    listStrategies: async () => withBuiltIn(builtInStrategies(), await store.listStrategies()),
  };
}

function nextCursor<Item>(
  items: readonly Item[],
  limit: number,
  keyOf: (item: Item) => number,
): string | null {
  const last = items.at(-1);
  return last === undefined || items.length < limit ? null : String(keyOf(last));
}

function createRolloutPort(context: StoreContext): ControlPorts["rollouts"] {
  const { database, ids, clock } = context;
  const deps = { database, ids, metrics: METRICS, builtInStrategies: builtInStrategies() };
  const view = async (stored: StoredRollout | null): Promise<RolloutView | null> =>
    stored === null ? null : ((await viewRollouts(database, [stored]))[0] ?? null);
  const viewById = async (id: string) => view(await rollouts.findRollout(database.kysely, id));

  const outcomeOf = async (
    id: string,
    result: DecideResult,
  ): ReturnType<ControlPorts["rollouts"]["act"]> => {
    if (result.kind === "gone") return { kind: "gone" };
    if (result.kind === "refused") return result.outcome;
    const applied = await viewById(id);
    return applied === null ? { kind: "gone" } : { kind: "applied", view: applied };
  };
  const act: ControlPorts["rollouts"]["act"] = async (id, event) =>
    outcomeOf(id, await decideRollout(deps, { rolloutId: id, event, nowMs: clock.nowMs() }));

  return {
    act,
    revise: async (id, revision) =>
      outcomeOf(id, await reviseRollout(deps, { rolloutId: id, ...revision }, clock.nowMs())),
    create: async (draft) => {
      const { id, warnings } = await createRollout(deps, draft, clock.nowMs());
      const created = await viewById(id);
      invariant(created !== null, "a rollout that was created is there");
      return { ...created, warnings };
    },
    view: viewById,
    list: async ({ limit, cursor, feature, isActive }) => {
      const offset = numberOfCursor(cursor) ?? 0;
      const filter = { feature: feature ?? null, isActive: isActive ?? null, limit, offset };
      const found = await rollouts.listRollouts(database, filter);
      const next = found.length < limit ? null : String(offset + limit);
      return { items: await viewRollouts(database, found), nextCursor: next };
    },
    rollbackFeature: (wanted) => rollBack(context, act, { ...wanted, isUndo: false }),
    undoFeature: (wanted) => rollBack(context, act, { ...wanted, isUndo: true }),
    setKilled: async (wanted) => {
      const isFound = await setKilled(database, { ...wanted, nowMs: clock.nowMs() });
      return isFound ? { kind: "applied" } : { kind: "gone" };
    },
    status: async (feature) => {
      const [definition] = await loadFeatureDefinitions(database, [feature]);
      if (definition === undefined) return null;
      const stored =
        (await rollouts.findLiveRollout(database, feature)) ??
        (await rollouts.findLatestRollout(database, feature));
      const { baseline, isKilled } = definition;
      const recent = await recentTraffic(database, { feature, nowMs: clock.nowMs() });
      return { baseline, isKilled, rollout: await view(stored), recent };
    },
  };
}

/** A rollback of a feature as the control API tells of it. */
async function rollBack(
  context: StoreContext,
  act: ControlPorts["rollouts"]["act"],
  wanted: Parameters<ControlPorts["rollouts"]["rollbackFeature"]>[0] & { readonly isUndo: boolean },
): ReturnType<ControlPorts["rollouts"]["rollbackFeature"]> {
  const { database, ids, clock } = context;
  const deps = {
    database,
    ids,
    nowMs: () => clock.nowMs(),
    act: async (id: string, event: Parameters<typeof act>[1]) => {
      const outcome = await act(id, event);
      return outcome.kind === "applied" ? null : outcome;
    },
  };
  try {
    const done = await takeBackFeature(deps, {
      ...wanted,
      to: wanted.to ?? null,
      component: wanted.component ?? null,
    });
    return "refusal" in done ? done.refusal : { kind: "moved", ...done };
  } catch (error) {
    if (error instanceof AppError && error.code === "illegal_transition") {
      return { kind: "refused", code: error.code, reason: error.message, unmet: [] };
    }
    if (error instanceof AppError && error.code === "feature_not_found") return { kind: "gone" };
    throw error;
  }
}

function createDecisionPort(database: Database): ControlPorts["decisions"] {
  const shown = (record: DecisionRecord): ShownDecision => ({
    ...record,
    fromState: record.fromState as ShownDecision["fromState"],
    toState: record.toState as ShownDecision["toState"],
    inputs: record.inputs,
  });
  return {
    list: async (rolloutId, { limit, cursor }) => {
      if ((await rollouts.findRollout(database.kysely, rolloutId)) === null) return null;
      const beforeVersion = numberOfCursor(cursor);
      const items = await listDecisions(database, { rolloutId, limit, beforeVersion });
      const next = nextCursor(items, limit, (record) => record.version);
      return { items: items.map(shown), nextCursor: next };
    },
    get: async (id) => {
      const record = await findDecision(database, id);
      return record === null ? null : shown(record);
    },
  };
}

export function createReconcilePort(context: StoreContext): ReconcilePort {
  const { database, ids, wall } = context;
  const deps = { database, ids, metrics: METRICS };
  return {
    claimDue: ({ nowMs, limit, ...claim }) =>
      rollouts.claimDueRollouts(database, { lease: leaseOf(wall, claim), nowMs, limit }),
    tick: async (rolloutId, nowMs) => {
      const result = await decideRollout(deps, { rolloutId, event: { kind: "tick" }, nowMs });
      return result.kind === "refused" ? "waiting" : result.kind;
    },
    releaseLease: (id, owner) => rollouts.releaseLease(database, id, owner),
  };
}
