import type { Feature } from "@spillway/core";
import { AppError, invariant } from "@spillway/core";
import type { Ids } from "../ports.ts";
import { loadFeatureDefinitions } from "./evaluation-reader.ts";
import type { DecideResult } from "./rollout-decision.ts";
import { decideRollout } from "./rollout-decision.ts";
import { findRollout } from "./rollout-store.ts";
import type { StrategyDeps, StrategySource } from "./rollout-strategy.ts";
import { findStrategyDocument, fitStrategy } from "./rollout-strategy.ts";

export type RevisionRequest = {
  readonly rolloutId: string;
  readonly strategy: StrategySource;
  readonly by: string;
  readonly note: string;
};

/**
 * A person gives a rollout under way another strategy. It is checked as at the start, and then decided on
 * like any other event: a revision that loses a race is decided again on what is there by then.
 */
export async function reviseRollout(
  deps: StrategyDeps & { readonly ids: Ids },
  request: RevisionRequest,
  nowMs: number,
): Promise<DecideResult> {
  const { rolloutId, by, note } = request;
  const stored = await findRollout(deps.database.kysely, rolloutId);
  if (stored === null) return { kind: "gone" };
  const { rollout } = stored;
  const document = await findStrategyDocument(deps, request.strategy);
  const feature = await requireFeature(deps, rollout.feature);
  const strategy = await fitStrategy(deps, {
    document,
    feature,
    baseline: rollout.baseline,
    candidate: rollout.candidate,
    nowMs,
    revised: rollout.strategy,
  });
  if (strategy.stages.length > MAX_STAGE_NUMBER - (rollout.firstStageNumber ?? 0)) {
    throw new AppError(
      "invalid_request",
      `${rolloutId} has been revised too often: its stages are counted through to ${MAX_STAGE_NUMBER}. Start a new rollout.`,
    );
  }
  const event = { kind: "revise", by, note, strategy } as const;
  return await decideRollout(deps, { rolloutId, event, nowMs, strategyDocument: document });
}

/** What exchanges may carry as the number of a stage. */
const MAX_STAGE_NUMBER = 900;

async function requireFeature({ database }: StrategyDeps, key: string): Promise<Feature> {
  const [found] = await loadFeatureDefinitions(database, [key]);
  invariant(found !== undefined, `the feature ${key} of a rollout exists`);
  return found.definition;
}
