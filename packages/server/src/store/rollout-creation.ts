import type { Feature, Json, JsonObject, MetricDefinition, Strategy } from "@spillway/core";
import {
  AppError,
  baselineProblems,
  DEFAULT_CONFIDENCE,
  parseCriteria,
  parseReleaseId,
  parseStrategy,
  rolloutId,
  strategyProblems,
} from "@spillway/core";
import type { Ids } from "../ports.ts";
import type { Database } from "./database.ts";
import { decidabilityWarnings } from "./decidability.ts";
import { insertRollout } from "./rollout-store.ts";

export type RolloutRequest = {
  readonly feature: string;
  readonly candidate: string;
  readonly strategy:
    | { readonly kind: "named"; readonly name: string }
    | { readonly kind: "document"; readonly document: JsonObject };
  readonly author: string;
  readonly note: string;
};

/**
 * Prepares a rollout: everything is checked and frozen here, before anything is routed. Throws
 * AppError with every problem of the strategy, by its path; nothing is stored then. What the
 * traffic cannot decide is a warning, or a refusal when the strategy says so.
 */
export async function createRollout(
  deps: {
    readonly database: Database;
    readonly ids: Ids;
    readonly metrics: readonly MetricDefinition[];
  },
  request: RolloutRequest,
  nowMs: number,
): Promise<{ readonly id: string; readonly warnings: readonly string[] }> {
  const { feature, baseline } = await loadFeature(deps.database, request.feature);
  const candidate = await requireRelease(deps.database, request);
  if (candidate === baseline) {
    throw new AppError(
      "invalid_request",
      `${candidate} is the baseline already; nothing would change.`,
    );
  }
  const document = await strategyDocument(deps.database, request.strategy);
  const strategy = fitStrategy({ document, feature, metrics: deps.metrics });
  const warnings = await decidabilityWarnings(deps.database, {
    feature: feature.key,
    strategy,
    metrics: deps.metrics,
    nowMs,
  });
  const id = rolloutId(deps.ids.next("roll"));
  await insertRollout(deps.database, {
    id,
    feature: feature.key,
    tier: feature.tier,
    baseline,
    candidate,
    strategy,
    strategyDocument: document,
    author: request.author,
    note: request.note,
    warnings,
    nowMs,
  });
  return { id, warnings };
}

async function loadFeature(database: Database, key: string) {
  const row = await database.kysely
    .selectFrom("features as f")
    .select(["f.definition", "f.baseline"])
    .where("f.key", "=", key)
    .executeTakeFirst();
  if (row === undefined) throw new AppError("feature_not_found", `There is no feature "${key}".`);
  if (row.baseline === null) {
    throw new AppError(
      "invalid_request",
      `${key} serves no release yet, so there is nothing to compare with. Give it a baseline first (spillway apply, "baselines").`,
    );
  }
  return {
    feature: row.definition as Feature,
    baseline: parseReleaseId(row.baseline).id,
  };
}

async function requireRelease(database: Database, request: RolloutRequest) {
  const { id, feature } = parseReleaseId(request.candidate);
  const row = await database.kysely
    .selectFrom("releases as r")
    .select("r.id")
    .where("r.id", "=", id)
    .executeTakeFirst();
  if (row === undefined) throw new AppError("not_found", `There is no release ${id}.`);
  if (feature !== request.feature) {
    throw new AppError(
      "invalid_request",
      `${id} is a release of ${feature}, not of ${request.feature}.`,
    );
  }
  return id;
}

async function strategyDocument(
  database: Database,
  strategy: RolloutRequest["strategy"],
): Promise<JsonObject> {
  if (strategy.kind === "document") return strategy.document;
  const row = await database.kysely
    .selectFrom("strategies as s")
    .select("s.document")
    .where("s.name", "=", strategy.name)
    .executeTakeFirst();
  if (row !== undefined) return row.document as JsonObject;
  const known = await database.kysely
    .selectFrom("strategies as s")
    .select("s.name")
    .orderBy("s.name")
    .limit(50)
    .execute();
  const names = known.map(({ name }) => name).join(", ");
  throw new AppError(
    "not_found",
    `There is no strategy "${strategy.name}". Stored are: ${names === "" ? "none" : names}.`,
  );
}

function fitStrategy(of: {
  readonly document: Json;
  readonly feature: Feature;
  readonly metrics: readonly MetricDefinition[];
}): Strategy {
  const parsed = parseStrategy(of.document, {
    parseGate: (gate) => parseCriteria(gate, of.metrics),
    defaultConfidence: DEFAULT_CONFIDENCE,
  });
  const problems =
    parsed.kind === "problems"
      ? parsed.problems
      : [
          ...strategyProblems(parsed.strategy, of.feature.tier),
          ...baselineProblems(parsed.strategy.criteria, of.metrics),
        ];
  if (parsed.kind === "strategy" && problems.length === 0) return parsed.strategy;
  const list = problems.map(({ path, message }) => `${path}: ${message}`).join(" ");
  throw new AppError("invalid_configuration", `The strategy cannot be used. ${list}`, {
    details: { problems },
  });
}
