import type { DecideInput, DecideOutcome, Requirement, RolloutEvent } from "./decision.ts";
import { approvalUnmet, unmetRequirements } from "./requirements.ts";
import { currentStage, nextStageNumber } from "./rollout.ts";
import { advanced, decided } from "./transition.ts";

type Promote = Extract<RolloutEvent, { kind: "promote" }>;
type Approve = Extract<RolloutEvent, { kind: "approve" }>;

/**
 * A person advances the rollout. Without `override` only when every requirement is met; with it the
 * unmet ones are recorded in the reason. Proven harm and a missing approval cannot be overridden, and
 * tier 1 cannot skip shadow, whoever asks. A full promotion enters all remaining stages at once, so it
 * needs the approvals of all of them.
 */
export function promote(input: DecideInput, event: Promote): DecideOutcome {
  const { rollout, gate } = input;
  const { state } = rollout;
  if (state.kind !== "progressing" && state.kind !== "held") {
    const hint = state.kind === "paused" ? " Resume it first." : "";
    return refused(
      "illegal_transition",
      `Nothing to promote: the rollout is ${state.kind.replace("_", " ")}.${hint}`,
    );
  }
  if (gate !== null && gate.verdict === "fail") {
    return refused(
      "illegal_transition",
      `Harm is proven, so nothing is promoted: ${gate.sentence}`,
    );
  }
  const later = event.full ? laterApprovalsUnmet(input, state.stageIndex) : [];
  const unmet = [...unmetRequirements(input), ...later];
  if (rollout.tier === 1 && skipsShadow(input, state.stageIndex, event.full)) {
    return refused("requirements_unmet", "A tier 1 feature cannot skip its shadow stage.", unmet);
  }
  if (unmet.length > 0 && !event.override) {
    const list = unmet.map((requirement) => requirement.sentence).join(" ");
    return refused("requirements_unmet", `${unmet.length} unmet: ${list}`, unmet);
  }
  if (unmet.some((requirement) => requirement.code === "approval")) {
    return refused("requirements_unmet", "An approval cannot be overridden, only given.", unmet);
  }
  const without = unmet.map((requirement) => requirement.code).join(", ");
  const override = unmet.length === 0 ? "" : ` without: ${without}`;
  const note = event.note.trim() === "" ? "" : ` "${event.note.trim()}"`;
  const why = `${event.by} promoted it${override}.${note}`;
  return event.full ? completed(input, why) : advanced(input, why);
}

/** Leaving a shadow stage before it is done, or jumping to the end from in or before one. */
function skipsShadow(input: DecideInput, stageIndex: number, isFull: boolean): boolean {
  const remaining = input.rollout.strategy.stages.slice(stageIndex);
  if (isFull) return remaining.some((stage) => stage.kind === "shadow");
  return (
    remaining[0]?.kind === "shadow" &&
    unmetRequirements(input).some((requirement) => requirement.code !== "approval")
  );
}

/** Beyond the next stage, whose approval is among the requirements of leaving this one. */
function laterApprovalsUnmet(input: DecideInput, stageIndex: number): Requirement[] {
  const later = input.rollout.strategy.stages.slice(stageIndex + 2);
  return later.flatMap((_, index) => approvalUnmet(input.rollout, stageIndex + 2 + index));
}

function completed(input: DecideInput, why: string): DecideOutcome {
  const { rollout, nowMs } = input;
  return decided(input, {
    decision: "complete",
    next: { kind: "completed", atMs: nowMs },
    effects: [{ kind: "set_baseline", release: rollout.candidate }],
    reason: `${why} All remaining stages are skipped: ${rollout.candidate} is the baseline now.`,
  });
}

/**
 * Approval to enter the next stage. The author cannot give it, and it is given once: the list of
 * approvals is kept with the rollout, so repeating must not make it grow.
 */
export function approveStage(input: DecideInput, event: Approve): DecideOutcome {
  const { rollout, nowMs } = input;
  const { state } = rollout;
  if (!("stageIndex" in state) || currentStage(rollout) === null) {
    return refused(
      "illegal_transition",
      `Nothing to approve: the rollout is ${state.kind.replace("_", " ")}.`,
    );
  }
  const stageIndex = state.stageIndex + 1;
  const next = rollout.strategy.stages[stageIndex];
  if (event.stageIndex !== undefined && event.stageIndex !== nextStageNumber(rollout)) {
    return refused(
      "illegal_transition",
      `The rollout has moved on while ${event.by} approved; what comes next is ${next?.name ?? "the end"}. Look at it and approve again.`,
    );
  }
  if (next === undefined || next.approval === null) {
    const what = next === undefined ? "the end" : next.name;
    return refused("illegal_transition", `Nothing to approve: ${what} needs no approval.`);
  }
  if (event.by === rollout.author) {
    return refused("forbidden", `${event.by} started this rollout and cannot approve it too.`);
  }
  const isGiven = rollout.approvals.some(
    (approval) => approval.stageIndex === stageIndex && approval.by === event.by,
  );
  if (isGiven) {
    return refused("illegal_transition", `${event.by} has approved ${next.name} already.`);
  }
  return decided(input, {
    decision: "hold",
    next: state,
    approvals: [...rollout.approvals, { stageIndex, by: event.by, atMs: nowMs }],
    reason: `${event.by} approved ${next.name}.`,
  });
}

function refused(
  code: "illegal_transition" | "requirements_unmet" | "forbidden",
  reason: string,
  unmet: readonly Requirement[] = [],
): DecideOutcome {
  return { kind: "refused", code, reason, unmet };
}
