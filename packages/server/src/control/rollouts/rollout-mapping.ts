import type * as Wire from "@spillway/contract";
import type { Rollout, StageExposure } from "@spillway/core";
import { currentStage } from "@spillway/core";
import type { RolloutDraft, RolloutView, StrategyChoice } from "../control-ports.ts";
import { componentChangeOf } from "../releases/release-mapping.ts";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";
import { strategyOf } from "../strategies/strategy-mapping.ts";
import { gateReportOf } from "./gate-report-mapping.ts";
import { nextActionOf } from "./next-action.ts";
import { countsOf, presentUnmet } from "./present-unmet.ts";
import type { ROUTES } from "@spillway/contract";
import type { z } from "zod";

export function rolloutSummaryOf(view: RolloutView, nowMs: number): ReadOnly<Wire.RolloutSummary> {
  const { rollout } = view;
  const { state } = rollout;
  return {
    id: rollout.id,
    feature: rollout.feature,
    tier: rollout.tier,
    baseline: rollout.baseline,
    candidate: rollout.candidate,
    strategy: rollout.strategy.name,
    state: state.kind,
    stateCode: stateCodeOf(state),
    stageIndex: "stageIndex" in state ? state.stageIndex : null,
    stages: rollout.strategy.stages.map(({ kind, name, shareBps }) => ({ kind, name, shareBps })),
    setShareBps: setShareOf(rollout),
    actualShareBps: actualShareOf(view),
    gate: view.report?.verdict ?? null,
    sentence: view.sentence,
    nextAction: nextActionOf(view, nowMs),
    unmet: presentUnmet(view, nowMs).map(({ code, sentence }) => ({ code, sentence })),
    enteredAtMs: "enteredAtMs" in state ? state.enteredAtMs : null,
    updatedAtMs: view.updatedAtMs,
    createdAtMs: rollout.createdAtMs,
    author: rollout.author,
    version: rollout.version,
    revision: rollout.revision ?? 1,
  };
}

export function rolloutDetailOf(view: RolloutView, nowMs: number): ReadOnly<Wire.RolloutDetail> {
  return {
    ...rolloutSummaryOf(view, nowMs),
    strategyDetail: strategyOf(view.rollout.strategy, view.strategyDocument),
    changes: view.changes.map(componentChangeOf),
    report: view.report === null ? null : gateReportOf(view.report),
    exposures: view.exposures.map(exposureOf),
    shadowDrops: view.shadowDrops,
  };
}

function exposureOf(exposure: StageExposure) {
  const { stageIndex, propensityBps, baseline, candidate, pairs, excluded, lastObservedAtMs } =
    exposure;
  return { stageIndex, propensityBps, baseline, candidate, pairs, excluded, lastObservedAtMs };
}

function stateCodeOf(state: Rollout["state"]): string | null {
  if (state.kind === "held") return state.code;
  return state.kind === "rolled_back" ? state.cause : null;
}

/** What the strategy gives the candidate now; after the end, all or nothing. */
function setShareOf(rollout: Rollout): number {
  if (rollout.state.kind === "completed") return 10_000;
  return currentStage(rollout)?.shareBps ?? 0;
}

function actualShareOf(view: RolloutView): number | null {
  const { baseline, candidate } = countsOf(view);
  const total = baseline + candidate;
  return total === 0 ? null : Math.round((candidate / total) * 10_000);
}

type RolloutDraftBody = z.output<(typeof ROUTES)["createRollout"]["body"]>;

export function rolloutDraftOf(body: RolloutDraftBody, author: string): RolloutDraft {
  const { feature, candidate, strategy, note } = body;
  return {
    feature,
    candidate,
    strategy: strategyChoiceOf(strategy),
    author,
    note,
  };
}

export function strategyChoiceOf(strategy: RolloutDraftBody["strategy"]): StrategyChoice {
  return typeof strategy === "string"
    ? { kind: "named", name: strategy }
    : { kind: "document", document: strategy };
}
