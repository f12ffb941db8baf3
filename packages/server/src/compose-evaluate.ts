import type { Scorer, ScorerConfig } from "@spillway/core";
import { AppError, createScorer, METRIC_CATALOGUE } from "@spillway/core";
import { createScorerPorts } from "./compose-scorer-ports.ts";
import type { EvaluatePort } from "./evaluate/evaluate-port.ts";
import type { FeatureCatalogue } from "./evaluate/feature-catalogue.ts";
import { createFeatureCatalogue } from "./evaluate/feature-catalogue.ts";
import type { FeedbackPort } from "./evaluate/feedback-pass.ts";
import type { Wall } from "./ports.ts";
import { classifyDatabaseError } from "./store/database-error.ts";
import type { Database } from "./store/database.ts";
import { loadCasesOfReleases, loadFeatureDefinitions } from "./store/evaluation-reader.ts";
import * as exchanges from "./store/exchange-store.ts";
import * as feedback from "./store/feedback-store.ts";
import type { Lease } from "./store/rollout-store.ts";

type Context = { readonly database: Database; readonly wall: Wall };

const scorerPorts = createScorerPorts();

export function createEvaluatePort(context: Context): EvaluatePort {
  const { database, wall } = context;
  return {
    claim: ({ limit, ...claim }) =>
      exchanges.claimExchanges(database, { lease: leaseOf(wall, claim), limit }),
    loadExchanges: (ids) => exchanges.loadExchanges(database, ids),
    save: (batch) => classified(async () => (await exchanges.saveEvaluated(database, batch)).kind),
    setAside: (aside) => exchanges.setExchangeAside(database, aside),
    postpone: ({ ids, owner, forMs }) =>
      exchanges.postponeExchanges(database, { ids, owner, untilWallMs: wall.nowMs() + forMs }),
  };
}

export function createFeedbackPort(context: Context): FeedbackPort {
  const { database, wall } = context;
  return {
    claim: ({ limit, ...claim }) =>
      feedback.claimFeedback(database, { lease: leaseOf(wall, claim), limit }),
    save: (batch) => classified(() => feedback.saveFeedback(database, batch)),
    postpone: ({ forMs, ...held }) =>
      feedback.postponeFeedback(database, { ...held, untilWallMs: wall.nowMs() + forMs }),
    giveUp: (held) => feedback.endFeedback(database, { ...held, as: "unmatched" }),
    setAside: (held) => feedback.endFeedback(database, { ...held, as: "failed" }),
  };
}

export function createCatalogue({ database }: Pick<Context, "database">): FeatureCatalogue {
  return createFeatureCatalogue({
    metrics: METRIC_CATALOGUE,
    loadFeatures: async (keys) =>
      (await loadFeatureDefinitions(database, keys)).map(({ definition }) => definition),
    loadCases: (releases) => loadCasesOfReleases(database, releases),
    createScorers: (feature) => feature.scorers.flatMap(scorerOf),
  });
}

/** Scorers were checked when the feature was stored; one that has become unknown since is left out. */
function scorerOf(config: ScorerConfig): Scorer[] {
  const outcome = createScorer(config, scorerPorts);
  return outcome.kind === "scorer" ? [outcome.score] : [];
}

/** A claim until so long from now, in real time. */
export function leaseOf(
  wall: Wall,
  { owner, leaseMs }: { readonly owner: string; readonly leaseMs: number },
): Lease {
  const wallNowMs = wall.nowMs();
  return { owner, wallNowMs, untilWallMs: wallNowMs + leaseMs };
}

/** Says of a failure to save whether the database was away, or the batch is to blame. */
async function classified<Saved>(save: () => Promise<Saved>): Promise<Saved> {
  try {
    return await save();
  } catch (cause) {
    if (classifyDatabaseError(cause) === "other") throw cause;
    throw new AppError("database_unavailable", "The evidence could not be saved.", { cause });
  }
}
