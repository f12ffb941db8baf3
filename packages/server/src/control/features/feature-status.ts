import type * as Wire from "@spillway/contract";
import { isTerminal, unreachable } from "@spillway/core";
import type { FeatureState, RolloutView } from "../control-ports.ts";
import { presentUnmet } from "../rollouts/present-unmet.ts";
import { rolloutSummaryOf } from "../rollouts/rollout-mapping.ts";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

export type FeatureStatusInput = {
  readonly feature: string;
  readonly state: FeatureState;
  readonly gateways: readonly { readonly id: string; readonly snapshotRevision: number }[];
  readonly snapshotRevision: number;
  readonly nowMs: number;
};

/** Made for CI: whether the next step is allowed, and if not, why not. */
export function featureStatusOf(input: FeatureStatusInput): ReadOnly<Wire.FeatureStatus> {
  const { feature, state, gateways, snapshotRevision } = input;
  const { rollout } = state;
  return {
    feature,
    baseline: state.baseline,
    isKilled: state.isKilled,
    rollout: rollout === null ? null : rolloutSummaryOf(rollout, input.nowMs),
    mayAdvance: rollout !== null && mayAdvance(rollout, input.nowMs),
    health: rollout === null ? "healthy" : healthOf(rollout),
    sentence: sentenceOf(feature, state),
    unmet: rollout === null ? [] : presentUnmet(rollout, input.nowMs),
    gateways: gateways.map((gateway) => ({
      id: gateway.id,
      snapshotRevision: gateway.snapshotRevision,
    })),
    snapshotRevision,
  };
}

/** A rollout that has not started may; one that ended has no next step. */
function mayAdvance(view: RolloutView, nowMs: number): boolean {
  const { state } = view.rollout;
  if (isTerminal(state) || state.kind === "paused") return false;
  if (state.kind === "pending") return true;
  return presentUnmet(view, nowMs).length === 0 && view.report?.verdict !== "fail";
}

function healthOf(view: RolloutView): "healthy" | "degraded" | "undecided" {
  const { state } = view.rollout;
  switch (state.kind) {
    case "completed":
    case "aborted":
      return "healthy";
    case "rolled_back":
      return "degraded";
    case "pending":
    case "progressing":
    case "held":
    case "paused":
      return "undecided";
    default:
      return unreachable(state);
  }
}

function sentenceOf(feature: string, state: FeatureState): string {
  const killed = state.isKilled ? " The kill switch is on: everyone gets the baseline." : "";
  if (state.baseline === null) return `${feature} serves nothing yet.${killed}`;
  if (state.rollout !== null) return `${state.rollout.sentence}${killed}`;
  return `${feature} serves ${state.baseline}; no rollout is under way.${killed}`;
}
