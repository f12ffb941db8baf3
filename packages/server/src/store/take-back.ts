import type { ComponentKind, RolloutEvent } from "@spillway/core";
import { AppError, invariant } from "@spillway/core";
import type { Ids } from "../ports.ts";
import type { Database } from "./database.ts";
import { listDecisions } from "./decision-store.ts";
import type { FeatureMove } from "./feature-moves.ts";
import { moveFeature } from "./feature-moves.ts";
import { findRollout } from "./rollout-store.ts";

export type TakeBack = {
  readonly feature: string;
  /** A release to go back to; null: the baseline of what is under way, else what served before. */
  readonly to: string | null;
  readonly component: ComponentKind | null;
  /** Undo: serve again what served before the last move, also if that was a rollback. */
  readonly isUndo: boolean;
  readonly by: string;
  readonly note: string;
};

/** People may start rollouts meanwhile; each attempt takes one back. */
const ATTEMPTS = 5;

/**
 * A rollback of a feature: first whatever is under way is taken back; then, if a release or a part was
 * named, or nothing was under way, the feature itself moves. Whether something is under way is looked up
 * under the lock of the move, so that none starts between the two.
 */
export async function takeBackFeature<Refusal>(
  deps: {
    readonly database: Database;
    readonly ids: Ids;
    readonly nowMs: () => number;
    /** Moves a rollout; null when it was done. */
    readonly act: (
      rolloutId: string,
      event: Exclude<RolloutEvent, { kind: "tick" | "revise" }>,
    ) => Promise<Refusal | null>;
  },
  wanted: TakeBack,
): Promise<FeatureMove | { readonly refusal: Refusal }> {
  const { by, note } = wanted;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const outcome = await moveFeature(deps, { ...wanted, nowMs: deps.nowMs() });
    if (outcome.kind === "moved") return outcome.move;
    const refusal = await deps.act(outcome.rolloutId, { kind: "rollback", by, note });
    if (refusal !== null) return { refusal };
    const isWhole = wanted.to === null && wanted.component === null;
    if (!outcome.isPending && isWhole) return await movedByRollout(deps.database, outcome);
  }
  throw new AppError(
    "conflict",
    `Rollouts of ${wanted.feature} are started as fast as they are taken back. Try again, or turn its kill switch on.`,
  );
}

async function movedByRollout(
  database: Database,
  taken: { readonly rolloutId: string; readonly isExposed: boolean },
): Promise<FeatureMove> {
  const stored = await findRollout(database.kysely, taken.rolloutId);
  const [decision] = await listDecisions(database, {
    rolloutId: taken.rolloutId,
    limit: 1,
    beforeVersion: null,
  });
  invariant(stored !== null && decision !== undefined, "a rollback leaves a decision");
  const { baseline, candidate } = stored.rollout;
  return {
    from: taken.isExposed ? candidate : baseline,
    to: baseline,
    decisionId: decision.id,
    snapshotRevision: decision.snapshotRevision,
    sentence: decision.reason,
  };
}
