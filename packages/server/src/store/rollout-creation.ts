import type { Feature } from "@spillway/core";
import { AppError, parseReleaseId, rolloutId } from "@spillway/core";
import type { Ids } from "../ports.ts";
import type { Database } from "./database.ts";
import { decidabilityWarnings } from "./decidability.ts";
import { insertRollout } from "./rollout-store.ts";
import type { StrategyDeps, StrategySource } from "./rollout-strategy.ts";
import { findStrategyDocument, fitStrategy } from "./rollout-strategy.ts";

export type RolloutRequest = {
  readonly feature: string;
  readonly candidate: string;
  readonly strategy: StrategySource;
  readonly author: string;
  readonly note: string;
};

/**
 * Prepares a rollout: everything is checked and frozen here, before anything is routed. Throws
 * AppError with every problem of the strategy, by its path; nothing is stored then. What the
 * traffic cannot decide is a warning, or a refusal when the strategy says so.
 */
export async function createRollout(
  deps: StrategyDeps & { readonly ids: Ids },
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
  const document = await findStrategyDocument(deps, request.strategy);
  const strategy = await fitStrategy(deps, {
    document,
    feature,
    baseline,
    candidate,
    nowMs,
  });
  const warnings = await decidabilityWarnings(deps.database, {
    feature,
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
