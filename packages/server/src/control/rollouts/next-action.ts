import type { Rollout, Stage } from "@spillway/core";
import { currentStage, inWords, textOfCount, unreachable } from "@spillway/core";
import type { RolloutView } from "../control-ports.ts";
import { countsOf, presentUnmet } from "./present-unmet.ts";

/** The one thing to do next, in words, and the command where a person has to act. Null: nothing. */
export function nextActionOf(view: RolloutView, nowMs: number): string | null {
  const { rollout } = view;
  const { feature, state } = rollout;
  switch (state.kind) {
    case "pending":
      return `start it: spillway start ${feature}`;
    case "paused":
      return `resume or roll back: spillway resume ${feature}`;
    case "held":
      return heldAction(view, state.code, nowMs);
    case "progressing":
      return progressAction(view, nowMs);
    case "rolled_back":
      return `see why, decision by decision: spillway get rollout ${feature}`;
    case "completed":
    case "aborted":
      return null;
    default:
      return unreachable(state);
  }
}

type HoldCode = Extract<Rollout["state"], { kind: "held" }>["code"];

function heldAction(view: RolloutView, code: HoldCode, nowMs: number): string | null {
  const { feature } = view.rollout;
  switch (code) {
    case "approval":
      return approvalAction(view) ?? progressAction(view, nowMs);
    case "harm_suspected":
      return `roll back, or wait for more evidence: spillway rollback ${feature}`;
    case "integrity":
      return `find out why the arms cannot be compared: spillway status ${feature}`;
    case "undecided":
      return `decide: promote with a reason, or roll back: spillway promote ${feature} --override`;
    case "validation_missing":
      return `promote with a reason: spillway promote ${feature} --override`;
    default:
      return unreachable(code);
  }
}

/** A person who is needed comes before what only takes time; what is longest away comes last. */
function progressAction(view: RolloutView, nowMs: number): string | null {
  const codes = new Set(presentUnmet(view, nowMs).map((requirement) => requirement.code));
  const stage = currentStage(view.rollout);
  if (stage === null) return null;
  if (codes.has("validation")) {
    return `promote with a reason: spillway promote ${view.rollout.feature} --override`;
  }
  if (codes.has("integrity")) {
    return `find out why the arms cannot be compared: spillway status ${view.rollout.feature}`;
  }
  return (
    (codes.has("observations") ? observationsAction(view, stage) : null) ??
    (codes.has("gate") ? gateAction(view) : null) ??
    (codes.has("duration") ? durationAction(view, stage, nowMs) : null) ??
    (codes.has("approval") ? approvalAction(view) : null)
  );
}

function approvalAction(view: RolloutView): string | null {
  const { rollout } = view;
  if (!("stageIndex" in rollout.state)) return null;
  const next = rollout.strategy.stages[rollout.state.stageIndex + 1];
  if (next === undefined) return null;
  return `approve entering ${next.name}: spillway approve ${rollout.feature}`;
}

function observationsAction(view: RolloutView, stage: Stage): string | null {
  const counted = countsOf(view);
  const isShadow = stage.kind === "shadow";
  const missing = stage.least.observations - (isShadow ? counted.pairs : counted.candidate);
  if (missing <= 0) return null;
  return `wait for ${textOfCount(missing)} more ${nounOf(isShadow ? "pairs" : "answers", missing)}`;
}

function gateAction(view: RolloutView): string {
  const open = (view.report?.verdicts ?? []).filter((each) => each.verdict !== "pass");
  const more = Math.max(0, ...open.map((verdict) => verdict.moreObservations ?? 0));
  const metrics = [...new Set(open.map((verdict) => verdict.metric))];
  if (metrics.length === 0) return "wait for the first evidence";
  const on = metrics.length > 2 ? `${metrics.slice(0, 2).join(", ")} and more` : metrics.join(", ");
  return more > 0
    ? `wait for about ${textOfCount(Math.ceil(more))} more observations of ${on}`
    : `wait for evidence on ${on}`;
}

function durationAction(view: RolloutView, stage: Stage, nowMs: number): string | null {
  const { state } = view.rollout;
  if (!("enteredAtMs" in state)) return null;
  const left = stage.least.durationSeconds - (nowMs - state.enteredAtMs) / 1_000;
  return left <= 0 ? null : `wait ${inWords(left)} more in ${stage.name}`;
}

const nounOf = (plural: "pairs" | "answers", count: number): string =>
  count === 1 ? plural.slice(0, -1) : plural;
