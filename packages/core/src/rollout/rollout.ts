import type { RiskTier } from "../feature/feature.ts";
import type { ReleaseId } from "../release/release.ts";
import type { RolloutRoute } from "../routing/snapshot.ts";
import { unreachable } from "../errors.ts";
import type { Stage, Strategy } from "./strategy.ts";

export type RolloutId = string & { readonly __brand: "RolloutId" };
export type DecisionId = string & { readonly __brand: "DecisionId" };

export const rolloutId = (text: string): RolloutId => text as RolloutId;
export const decisionId = (text: string): DecisionId => text as DecisionId;

/** Why a rollout is held, as a word for programs; the sentence beside it is for people. */
export type HoldCode =
  "harm_suspected" | "integrity" | "approval" | "undecided" | "validation_missing";

export type RollbackCause = "gate" | "person" | "undecided" | "breaker";

export type RolloutState =
  | { readonly kind: "pending" }
  | { readonly kind: "progressing"; readonly stageIndex: number; readonly enteredAtMs: number }
  | {
      readonly kind: "held";
      readonly stageIndex: number;
      readonly enteredAtMs: number;
      readonly heldAtMs: number;
      readonly code: HoldCode;
    }
  | {
      readonly kind: "paused";
      readonly stageIndex: number;
      readonly enteredAtMs: number;
      readonly pausedAtMs: number;
    }
  | {
      readonly kind: "rolled_back";
      readonly stageIndex: number;
      readonly atMs: number;
      readonly cause: RollbackCause;
    }
  | { readonly kind: "completed"; readonly atMs: number }
  | { readonly kind: "aborted"; readonly atMs: number };

/** The controlled move of a feature from its baseline release to a candidate release. */
export type Rollout = {
  readonly id: RolloutId;
  readonly feature: string;
  readonly tier: RiskTier;
  readonly baseline: ReleaseId;
  readonly candidate: ReleaseId;
  /** Frozen; an edit is a new revision, and starts new tests. */
  readonly strategy: Strategy;
  /** 1 with the strategy that it was made with, and one more with each edit. Absent: 1. */
  readonly revision?: number;
  /**
   * The number that gateways and evidence know the strategy's first stage by: how many stages all earlier
   * revisions had. Evidence below it belongs to them. Absent: 0.
   */
  readonly firstStageNumber?: number;
  /**
   * When the tests of the present revision began: at the start, or with the edit. Restarts are counted
   * from here and not from the first evidence that has turned up, which a late label may precede. Absent
   * before the start, and on rollouts older than this.
   */
  readonly evidenceSinceMs?: number;
  /** Bucketing of the units, stored because another algorithm would move everyone. */
  readonly algorithm: string;
  readonly author: string;
  readonly createdAtMs: number;
  readonly state: RolloutState;
  /** Who approved entering which stage. */
  readonly approvals: readonly {
    readonly stageIndex: number;
    readonly by: string;
    readonly atMs: number;
  }[];
  /** Guards every write: a decision made on an older version is stale. */
  readonly version: number;
};

export function isTerminal(state: RolloutState): boolean {
  return state.kind === "rolled_back" || state.kind === "completed" || state.kind === "aborted";
}

/** The stage that a live rollout is in; null before the start and after the end. */
export function currentStage(rollout: Pick<Rollout, "state" | "strategy">): Stage | null {
  const { state } = rollout;
  switch (state.kind) {
    case "progressing":
    case "held":
    case "paused":
      return rollout.strategy.stages[state.stageIndex] ?? null;
    case "pending":
    case "rolled_back":
    case "completed":
    case "aborted":
      return null;
    default:
      return unreachable(state);
  }
}

/**
 * The number of the stage that comes next, counted through over all revisions, so that no other stage
 * of the rollout ever has it; null before the start and after the end.
 */
export function nextStageNumber(rollout: Rollout): number | null {
  if (!("stageIndex" in rollout.state)) return null;
  return (rollout.firstStageNumber ?? 0) + rollout.state.stageIndex + 1;
}

/** What the gateways do for this rollout in its present state; null = serve the baseline alone. */
export function routeOf(rollout: Rollout): RolloutRoute | null {
  const stage = currentStage(rollout);
  if (stage === null || !("stageIndex" in rollout.state)) return null;
  const { strategy } = rollout;
  const sofar = strategy.stages.slice(0, rollout.state.stageIndex + 1);
  const rings = [...new Set(sofar.flatMap((one) => one.ring ?? []))];
  return {
    rolloutId: rollout.id,
    candidate: rollout.candidate,
    stageIndex: (rollout.firstStageNumber ?? 0) + rollout.state.stageIndex,
    stageKind: stage.kind,
    shareBps: stage.shareBps,
    shadowBps: stage.shadowBps,
    algorithm: rollout.algorithm,
    ...(rings.length === 0 ? {} : { rings }),
    ...(strategy.unit === undefined ? {} : { unit: strategy.unit }),
  };
}
