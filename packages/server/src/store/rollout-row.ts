import type { ReleaseId, RiskTier, Rollout, RolloutState, Strategy } from "@spillway/core";
import { currentStage, rolloutId } from "@spillway/core";

/** States in which a rollout occupies its feature. */
export const LIVE_STATES = ["pending", "progressing", "held", "paused"] as const;

/** States that time and evidence can change. */
export const TICKING_STATES = ["progressing", "held", "paused"] as const;

export type RolloutRow = {
  readonly id: string;
  readonly feature: string;
  readonly tier: number;
  readonly baseline: string;
  readonly candidate: string;
  readonly strategy: unknown;
  readonly algorithm: string;
  readonly author: string;
  readonly created_at_ms: number;
  readonly state: unknown;
  readonly approvals: unknown;
  readonly version: number;
  readonly revision: number;
  readonly first_stage_number: number;
  readonly evidence_since_ms: number | null;
};

export function toRollout(row: RolloutRow): Rollout {
  return {
    id: rolloutId(row.id),
    feature: row.feature,
    tier: row.tier as RiskTier,
    baseline: row.baseline as ReleaseId,
    candidate: row.candidate as ReleaseId,
    strategy: row.strategy as Strategy,
    algorithm: row.algorithm,
    author: row.author,
    createdAtMs: row.created_at_ms,
    state: row.state as RolloutState,
    approvals: row.approvals as Rollout["approvals"],
    version: row.version,
    // A rollout that was never revised reads as it always has, so that decisions on it compare alike.
    ...(row.revision === 1
      ? {}
      : { revision: row.revision, firstStageNumber: row.first_stage_number }),
    ...(row.evidence_since_ms === null ? {} : { evidenceSinceMs: row.evidence_since_ms }),
  };
}

/** Whether users get answers of the candidate in the rollout's present stage. */
export function exposesUsers(rollout: Rollout): boolean {
  return (currentStage(rollout)?.shareBps ?? 0) > 0;
}
