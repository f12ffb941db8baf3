/**
 * The transition function of a rollout: the only place where it is decided what happens next.
 * Total, pure, and deterministic: the same inputs give the same outcome, which is what a replay checks.
 *
 * | state       | event              | condition                              | next        | decision |
 * | ----------- | ------------------ | -------------------------------------- | ----------- | -------- |
 * | pending     | start              |                                        | progressing | advance  |
 * | pending     | abort, rollback    |                                        | aborted     | rollback |
 * | live        | tick               | gate `fail`                            | rolled_back | rollback |
 * | live        | tick               | all requirements met, stages left      | progressing | advance  |
 * | live        | tick               | all requirements met, last stage       | completed   | complete |
 * | progressing | tick               | harm suspected, integrity, approval    | held        | hold     |
 * | held        | tick               | its reason is gone                     | progressing | hold     |
 * | live        | tick               | longest duration over, more than an approval missing | held | hold |
 * | held        | tick               | undecided and nobody decided in time   | rolled_back | rollback |
 * | paused      | tick               | gate `fail`                            | rolled_back | rollback |
 * | live        | promote            | allowed (see promotion.ts)             | progressing, completed | advance, complete |
 * | live, paused| approve            | asked for, not by the author           | the same    | hold     |
 * | live / paused | pause / resume   |                                        | paused / progressing | pause / hold |
 * | live, paused| rollback, abort    | never refused                          | rolled_back | rollback |
 * | pending     | revise             | the strategy is fit for the tier       | the same    | hold     |
 * | live / paused | revise           | and its stage is the same in it        | progressing / paused, anew | hold |
 * | terminal    | any                |                                        | refused     | -        |
 *
 * "live" is progressing or held. A decision `hold` stays in its stage; the share rises only by an
 * `advance`. Where nothing changes the outcome is `wait`, which is not recorded as a decision.
 */
import { unreachable } from "../errors.ts";
import type { DecideInput, DecideOutcome, RolloutEvent } from "./decision.ts";
import { approveStage, promote } from "./promotion.ts";
import { revise } from "./revise.ts";
import type { Rollout } from "./rollout.ts";
import { isTerminal } from "./rollout.ts";
import { decideTick } from "./tick.ts";
import { decided, rolledBack } from "./transition.ts";

export function decide(input: DecideInput): DecideOutcome {
  const { rollout, event } = input;
  if (isTerminal(rollout.state)) return refuse(rollout, event);
  switch (event.kind) {
    case "tick":
      return decideTick(input);
    case "start":
      return start(input, event);
    case "promote":
      return promote(input, event);
    case "approve":
      return approveStage(input, event);
    case "pause":
      return pause(input, event);
    case "resume":
      return resume(input, event);
    case "revise":
      return revise(input, event);
    case "abort":
    case "rollback":
      return takeBack(input, event);
    default:
      return unreachable(event);
  }
}

function start(input: DecideInput, event: { by: string; note: string }): DecideOutcome {
  const { rollout, nowMs } = input;
  if (rollout.state.kind !== "pending") return refuse(rollout, input.event);
  const first = rollout.strategy.stages[0];
  if (first === undefined) return refuse(rollout, input.event);
  return decided(input, {
    decision: "advance",
    next: { kind: "progressing", stageIndex: 0, enteredAtMs: nowMs },
    reason: `${event.by} started the rollout of ${rollout.candidate}; it enters ${first.name}.${said(event.note)}`,
  });
}

function pause(input: DecideInput, event: { by: string; note: string }): DecideOutcome {
  const { state } = input.rollout;
  if (state.kind !== "progressing" && state.kind !== "held")
    return refuse(input.rollout, input.event);
  const { stageIndex, enteredAtMs } = state;
  return decided(input, {
    decision: "pause",
    next: { kind: "paused", stageIndex, enteredAtMs, pausedAtMs: input.nowMs },
    reason: `${event.by} paused the rollout; the split stays as it is.${said(event.note)}`,
  });
}

/**
 * The time spent paused does not count towards the stage's least duration. A clock that went back must
 * not count as time spent either, so the pause is never negative.
 */
function resume(input: DecideInput, event: { by: string; note: string }): DecideOutcome {
  const { state } = input.rollout;
  if (state.kind !== "paused") return refuse(input.rollout, input.event);
  const enteredAtMs = state.enteredAtMs + Math.max(0, input.nowMs - state.pausedAtMs);
  return decided(input, {
    decision: "hold",
    next: { kind: "progressing", stageIndex: state.stageIndex, enteredAtMs },
    reason: `${event.by} resumed the rollout; it goes on in the same stage.${said(event.note)}`,
  });
}

/** Never refused while there is something to take back, and never gated. */
function takeBack(
  input: DecideInput,
  event: { by: string; note: string; kind: "abort" | "rollback" },
): DecideOutcome {
  const { rollout, nowMs } = input;
  if (rollout.state.kind === "pending") {
    return decided(input, {
      decision: "rollback",
      next: { kind: "aborted", atMs: nowMs },
      reason: `${event.by} aborted the rollout before it started.${said(event.note)}`,
    });
  }
  const reason =
    event.kind === "abort"
      ? `${event.by} aborted the rollout of ${rollout.candidate}; ${rollout.baseline} answers everyone again.`
      : `${event.by} rolled ${rollout.feature} back to ${rollout.baseline}.`;
  return rolledBack(input, { cause: "person", reason: `${reason}${said(event.note)}` });
}

function refuse(rollout: Rollout, event: RolloutEvent): DecideOutcome {
  const words = rollout.state.kind.replace("_", " ");
  return {
    kind: "refused",
    code: "illegal_transition",
    reason: `"${event.kind}" is not possible: the rollout of ${rollout.candidate} is ${words}.`,
    unmet: [],
  };
}

const said = (note: string): string => (note.trim() === "" ? "" : ` "${note.trim()}"`);
