import { diffStrategies } from "./diff-strategies.ts";
import type { DecideInput, DecideOutcome, RolloutEvent } from "./decision.ts";
import type { Rollout, RolloutState } from "./rollout.ts";
import { currentStage } from "./rollout.ts";
import type { Stage, Strategy, StrategyProblem } from "./strategy.ts";
import { percent, strategyProblems } from "./strategy.ts";
import { decided } from "./transition.ts";

type Revise = Extract<RolloutEvent, { kind: "revise" }>;

/**
 * A new revision of the strategy while the rollout is under way. It stays in its stage, which must be in
 * the new strategy with the same kind and share: only an advance moves people. The stage begins anew,
 * with new tests on what is observed from now on, because thresholds that are chosen after looking
 * would void the tests of what was looked at. Approvals were given to another strategy, and lapse.
 */
export function revise(input: DecideInput, event: Revise): DecideOutcome {
  const { rollout, nowMs, gate } = input;
  // New tests start from zero, so a proven harm that the next tick would act on must not be revised away.
  if (gate?.verdict === "fail") {
    const reason = `Harm is proven: ${gate.sentence} The rollout is taken back; revise the next one.`;
    return { kind: "refused", code: "illegal_transition", reason, unmet: [] };
  }
  const refusal = refusalOf(rollout, event.strategy);
  // Waiting never mends a strategy, so this is no requirement that is still to be met.
  if (refusal !== null) {
    return { kind: "refused", code: "invalid_configuration", unmet: [], ...refusal };
  }
  const changes = diffStrategies(rollout.strategy, event.strategy);
  const note = event.note.trim() === "" ? "" : ` "${event.note.trim()}"`;
  const number = (rollout.revision ?? 1) + 1;
  return {
    ...decided(input, {
      decision: "hold",
      next: nextState(rollout, event.strategy, nowMs),
      approvals: [],
      reason: `${event.by} revised the strategy (revision ${number}); new tests start from now: ${changes.join(" ")}${note}`,
    }),
    revision: {
      number,
      strategy: event.strategy,
      firstStageNumber: (rollout.firstStageNumber ?? 0) + rollout.strategy.stages.length,
      changes,
    },
  };
}

type Refusal = { readonly reason: string; readonly problems: readonly StrategyProblem[] };

function refusalOf(rollout: Rollout, strategy: Strategy): Refusal | null {
  const problems = strategyProblems(strategy, rollout.tier);
  const [first] = problems;
  if (first !== undefined) {
    return { reason: `The strategy cannot be used. ${first.path}: ${first.message}`, problems };
  }
  if (diffStrategies(rollout.strategy, strategy).length === 0) {
    const reason = "Nothing would change: the rollout runs by this strategy already.";
    return { reason, problems: [] };
  }
  const moved = placeProblem(currentStage(rollout), strategy.stages);
  return moved === null ? null : { reason: moved.message, problems: [moved] };
}

/** The stage that the rollout is in must be in the new strategy as it is. */
function placeProblem(present: Stage | null, stages: readonly Stage[]): StrategyProblem | null {
  if (present === null) return null;
  const index = stages.findIndex((stage) => stage.name === present.name);
  const found = stages[index];
  if (found === undefined) {
    const names = stages.map((stage) => stage.name).join(", ");
    const message = `The rollout is in ${present.name}, which the new strategy has not. Found ${names}; wanted ${present.name} among them.`;
    return { path: "stages", message };
  }
  if (isSamePlace(present, found)) return null;
  const message = `${present.name} is a ${present.kind} at ${percent(present.shareBps)} and would become a ${found.kind} at ${percent(found.shareBps)}. Wanted the stage that the rollout is in as it is; only later stages may change who is served.`;
  return { path: `stages[${index}]`, message };
}

function isSamePlace(present: Stage, found: Stage): boolean {
  return (
    present.kind === found.kind &&
    present.shareBps === found.shareBps &&
    present.ring === found.ring
  );
}

function nextState({ state, strategy }: Rollout, revised: Strategy, nowMs: number): RolloutState {
  if (!("stageIndex" in state) || !("enteredAtMs" in state)) return state;
  const name = strategy.stages[state.stageIndex]?.name;
  const stageIndex = revised.stages.findIndex((stage) => stage.name === name);
  if (state.kind === "paused") {
    return { kind: "paused", stageIndex, enteredAtMs: nowMs, pausedAtMs: nowMs };
  }
  return { kind: "progressing", stageIndex, enteredAtMs: nowMs };
}
