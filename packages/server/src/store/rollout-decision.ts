import type {
  DecideOutcome,
  DecisionInputs,
  GateReport,
  JsonObject,
  MetricDefinition,
  Rollout,
  RolloutEvent,
} from "@spillway/core";
import {
  AppError,
  currentStage,
  decisionId,
  gateInputOf,
  judge,
  metricsOfStrategy,
  ROLLOUT_METHOD,
  stageObservationsOf,
  timedNeeds,
} from "@spillway/core";
import type { Ids } from "../ports.ts";
import type { Database } from "./database.ts";
import { commitDecision } from "./decision-store.ts";
import { loadEvidence } from "./evidence-store.ts";
import { findRollout, saveAssessment } from "./rollout-store.ts";

export type DecideResult =
  | { readonly kind: "decided"; readonly decisionId: string; readonly snapshotRevision: number }
  | { readonly kind: "waiting" }
  | { readonly kind: "refused"; readonly outcome: Extract<DecideOutcome, { kind: "refused" }> }
  | { readonly kind: "gone" };

/** Others may decide on the same rollout meanwhile; each loser reads again and decides anew. */
const ATTEMPTS = 20;

/**
 * The one way in which a rollout moves, for the reconcile loop and for people alike: load one
 * consistent view, judge it (pure), commit what was decided. Nothing is written when it is stale.
 */
export async function decideRollout(
  deps: {
    readonly database: Database;
    readonly ids: Ids;
    readonly metrics: readonly MetricDefinition[];
  },
  request: {
    readonly rolloutId: string;
    readonly event: RolloutEvent;
    readonly nowMs: number;
    /** Of a revision: the strategy as it was written. */
    readonly strategyDocument?: JsonObject;
  },
): Promise<DecideResult> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const inputs = await loadInputs(deps, request);
    if (inputs === null) return { kind: "gone" };
    const { report, outcome } = judge(inputs);
    if (outcome.kind === "refused") return { kind: "refused", outcome };
    if (outcome.kind === "wait") {
      await keepAssessment(deps.database, { inputs, report, outcome });
      return { kind: "waiting" };
    }
    const id = deps.ids.next("dec");
    const committed = await commitDecision(
      deps.database,
      {
        id: decisionId(id),
        rolloutId: inputs.rollout.id,
        feature: inputs.rollout.feature,
        version: inputs.rollout.version + 1,
        decision: outcome.decision,
        fromState: inputs.rollout.state.kind,
        toState: outcome.next.kind,
        stage: stageName(inputs.rollout, outcome.next),
        reason: outcome.reason,
        actor: "by" in request.event ? request.event.by : "spillway",
        atMs: request.nowMs,
        inputs,
        outcome: outcome,
        report,
        method: ROLLOUT_METHOD,
      },
      {
        rollout: inputs.rollout,
        next: outcome.next,
        approvals: outcome.approvals,
        sentence: outcome.reason,
        unmet: outcome.unmet,
        checkAtMs: outcome.checkAgainAtMs,
        effects: outcome.effects,
        ...(outcome.revision === undefined
          ? {}
          : { revision: { ...outcome.revision, document: request.strategyDocument ?? {} } }),
      },
    );
    if (committed.kind === "gone") return { kind: "gone" };
    if (committed.kind === "applied") {
      return { kind: "decided", decisionId: id, snapshotRevision: committed.snapshotRevision };
    }
  }
  if (request.event.kind === "tick") return { kind: "waiting" };
  throw new AppError(
    "conflict",
    `The rollout ${request.rolloutId} moved ${ATTEMPTS} times while "${request.event.kind}" was tried. Try again.`,
  );
}

/** Rollout and evidence in one repeatable-read view: evidence never belongs to another version. */
async function loadInputs(
  deps: { readonly database: Database; readonly metrics: readonly MetricDefinition[] },
  request: { readonly rolloutId: string; readonly event: RolloutEvent; readonly nowMs: number },
): Promise<DecisionInputs | null> {
  return await deps.database.kysely
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (trx) => {
      const stored = await findRollout(trx, request.rolloutId);
      if (stored === null) return null;
      const { strategy } = stored.rollout;
      const needs = timedNeeds(strategy.criteria, metricsOfStrategy(strategy, deps.metrics));
      const evidence = await loadEvidence(trx, request.rolloutId, {
        needs,
        firstStageNumber: stored.rollout.firstStageNumber ?? 0,
      });
      return {
        rollout: stored.rollout,
        event: request.event,
        gate: gateInputOf(stored.rollout, evidence, deps.metrics),
        stageObservations: stageObservationsOf(stored.rollout, evidence),
        nowMs: request.nowMs,
      };
    });
}

async function keepAssessment(
  database: Database,
  judged: {
    readonly inputs: DecisionInputs;
    readonly report: GateReport | null;
    readonly outcome: Extract<DecideOutcome, { kind: "wait" }>;
  },
): Promise<void> {
  const { inputs, report, outcome } = judged;
  await saveAssessment(database, {
    id: inputs.rollout.id,
    version: inputs.rollout.version,
    feature: inputs.rollout.feature,
    report,
    sentence: outcome.reason,
    unmet: outcome.unmet,
    checkAtMs: outcome.checkAgainAtMs,
    nowMs: inputs.nowMs,
  });
}

/** The stage that a decision is about: the one it leads into, or the one it left at the end. */
function stageName(rollout: Rollout, next: Rollout["state"]): string | null {
  const { strategy } = rollout;
  return (currentStage({ state: next, strategy }) ?? currentStage(rollout))?.name ?? null;
}
