import type { DecideInput, DecisionKind, Effect, Requirement, Transition } from "./decision.ts";
import { unmetRequirements } from "./requirements.ts";
import type { HoldCode, RollbackCause, Rollout, RolloutState } from "./rollout.ts";
import { isTerminal } from "./rollout.ts";
import { percent } from "./strategy.ts";

/** A decision built from its parts; the snapshot is always published anew with it. */
export function decided(
  input: DecideInput,
  parts: {
    readonly decision: DecisionKind;
    readonly next: RolloutState;
    readonly reason: string;
    readonly effects?: readonly Effect[];
    readonly unmet?: readonly Requirement[];
    readonly approvals?: Rollout["approvals"];
    readonly checkAgainAtMs?: number | null;
  },
): Transition {
  const { rollout } = input;
  const topic = parts.next.kind === "held" ? "held" : parts.decision;
  return {
    kind: "decided",
    decision: parts.decision,
    next: parts.next,
    approvals: parts.approvals ?? rollout.approvals,
    reason: parts.reason,
    unmet: parts.unmet ?? [],
    effects: [
      { kind: "publish_snapshot" },
      ...(parts.effects ?? []),
      { kind: "notify", topic: `rollout.${topic}`, text: `${rollout.feature}: ${parts.reason}` },
    ],
    checkAgainAtMs: isTerminal(parts.next) ? null : (parts.checkAgainAtMs ?? input.nowMs),
  };
}

/** The rollout once a decision about it is committed. */
export function withTransition(rollout: Rollout, transition: Transition): Rollout {
  const { next, approvals, revision } = transition;
  const sinceMs = evidenceSinceMs(rollout, transition);
  const moved = {
    ...rollout,
    ...(sinceMs === null ? {} : { evidenceSinceMs: sinceMs }),
    state: next,
    approvals,
    version: rollout.version + 1,
  };
  if (revision === undefined) return moved;
  const { strategy, number, firstStageNumber } = revision;
  return { ...moved, strategy, revision: number, firstStageNumber };
}

/** When the tests of a rollout began, once a transition is made; null before the start. */
export function evidenceSinceMs(
  rollout: Rollout,
  { next, revision }: Pick<Transition, "next" | "revision">,
): number | null {
  const isBeginning = rollout.state.kind === "pending" || revision !== undefined;
  if (isBeginning && "enteredAtMs" in next) return next.enteredAtMs;
  return rollout.evidenceSinceMs ?? null;
}

export function rolledBack(
  input: DecideInput,
  parts: { readonly cause: RollbackCause; readonly reason: string },
): Transition {
  const { state } = input.rollout;
  const stageIndex = "stageIndex" in state ? state.stageIndex : 0;
  return decided(input, {
    decision: "rollback",
    next: { kind: "rolled_back", stageIndex, atMs: input.nowMs, cause: parts.cause },
    reason: parts.reason,
  });
}

/** Into the next stage, or to the end: the one way in which a share rises. */
export function advanced(input: DecideInput, why: string): Transition {
  const { rollout, nowMs } = input;
  const stageIndex = "stageIndex" in rollout.state ? rollout.state.stageIndex + 1 : 0;
  const stage = rollout.strategy.stages[stageIndex];
  if (stage === undefined) {
    return decided(input, {
      decision: "complete",
      next: { kind: "completed", atMs: nowMs },
      effects: [{ kind: "set_baseline", release: rollout.candidate }],
      reason: `${why} The rollout is complete: ${rollout.candidate} is the baseline now.`,
    });
  }
  return decided(input, {
    decision: "advance",
    next: { kind: "progressing", stageIndex, enteredAtMs: nowMs },
    reason: `${why} It enters ${stage.name} (${percent(stage.shareBps)} of the traffic).`,
  });
}

export function held(input: DecideInput, code: HoldCode, reason: string): Transition {
  const { state } = input.rollout;
  const stageIndex = "stageIndex" in state ? state.stageIndex : 0;
  const enteredAtMs = "enteredAtMs" in state ? state.enteredAtMs : input.nowMs;
  return decided(input, {
    decision: "hold",
    next: { kind: "held", stageIndex, enteredAtMs, heldAtMs: input.nowMs, code },
    reason,
    unmet: unmetRequirements(input),
  });
}
