import type * as Wire from "@spillway/contract";
import { isTerminal, textOfCount, unreachable } from "@spillway/core";
import type { FeatureState, RecentTraffic, RolloutView } from "../control-ports.ts";
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
    health: healthOf(state),
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

/** From this share of calls on that fail or need the fallback, a feature is not healthy whatever it serves. */
const DEGRADED_SHARE = 0.5;

/** Never "healthy" for what is not known, and not for a feature whose calls are not answered. */
function healthOf(feature: FeatureState): "healthy" | "degraded" | "undecided" {
  if (feature.baseline === null) return "undecided";
  if (feature.isKilled || isFailing(feature.recent)) return "degraded";
  return feature.rollout === null ? "healthy" : healthOfRollout(feature.rollout);
}

function isFailing({ calls, failed, fallbacks }: RecentTraffic): boolean {
  return calls > 0 && (failed + fallbacks) / calls >= DEGRADED_SHARE;
}

function healthOfRollout(view: RolloutView): "healthy" | "degraded" | "undecided" {
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

function recentText(recent: RecentTraffic): string {
  const { calls, failed, fallbacks } = recent;
  if (failed + fallbacks === 0) return "";
  const parts = [
    ...(failed > 0 ? [`${textOfCount(failed)} failed`] : []),
    ...(fallbacks > 0 ? [`${textOfCount(fallbacks)} were answered by the fallback`] : []),
  ];
  return ` Of the last ${textOfCount(calls)} calls within 15 minutes ${parts.join(" and ")}.`;
}

function sentenceOf(feature: string, state: FeatureState): string {
  const killed =
    (state.isKilled ? " The kill switch is on: everyone gets the baseline." : "") +
    recentText(state.recent);
  if (state.baseline === null) return `${feature} serves nothing yet.${killed}`;
  if (state.rollout !== null) return `${state.rollout.sentence}${killed}`;
  return `${feature} serves ${state.baseline}; no rollout is under way.${killed}`;
}
