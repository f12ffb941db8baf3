import type { Criterion, UndecidedAction } from "../gate/criterion.ts";
import type { EvidenceState } from "../gate/verdict.ts";
import type { DecideInput, DecideOutcome } from "./decision.ts";
import { lazy } from "../gate/lazy.ts";
import type { BriefRequirement } from "./requirements.ts";
import { inWords } from "../duration.ts";
import { capitalised, inFull, openVerdicts, unmetInBrief } from "./requirements.ts";
import type { HoldCode } from "./rollout.ts";
import { currentStage } from "./rollout.ts";
import type { Stage } from "./strategy.ts";
import { MAX_EXTENSIONS } from "./strategy.ts";
import { advanced, decided, held, rolledBack } from "./transition.ts";

/** How often a rollout is looked at when nothing else says when. */
const TICK_SECONDS = 60;

/** What time and evidence alone bring about. Proven harm first, whatever else is going on. */
export function decideTick(input: DecideInput): DecideOutcome {
  const { rollout, gate } = input;
  const stage = currentStage(rollout);
  if (stage === null)
    return wait(input, unmetInBrief(input), () => "The rollout has not been started.");
  if (gate !== null && gate.verdict === "fail") {
    return rolledBack(input, {
      cause: "gate",
      reason: `Rolled back in ${stage.name}: ${gate.culprit?.sentence ?? gate.sentence}`,
    });
  }
  if (rollout.state.kind === "paused") {
    return wait(input, unmetInBrief(input), () => PAUSED);
  }
  const unmet = unmetInBrief(input);
  if (unmet.length === 0) {
    return advanced(
      input,
      `${capitalised(stage.name)} is passed: ${gate?.sentence ?? "nothing speaks against it."}`,
    );
  }
  return decideUnmet(input, stage, unmet);
}

function decideUnmet(
  input: DecideInput,
  stage: Stage,
  unmet: readonly BriefRequirement[],
): DecideOutcome {
  const { state } = input.rollout;
  const undecided = isForPersonOnly(unmet) ? null : decideUndecided(input, stage, unmet);
  if (undecided !== null) return undecided;
  const reason = reasonToHold(input, stage, unmet);
  if (reason !== null) {
    if (state.kind === "held" && state.code === reason.code) {
      return wait(input, unmet, reason.sentence);
    }
    return held(input, reason.code, reason.sentence());
  }
  if (state.kind === "held" && "enteredAtMs" in state) {
    const { stageIndex, enteredAtMs } = state;
    return decided(input, {
      decision: "hold",
      next: { kind: "progressing", stageIndex, enteredAtMs },
      reason: `What held the rollout is gone; it goes on in ${stage.name}.`,
      unmet: inFull(unmet),
    });
  }
  return wait(input, unmet, () => unmet[0]?.sentence ?? "");
}

/** The gate has decided and only an approval is missing: then nothing is undecided, however late. */
function isForPersonOnly(unmet: readonly BriefRequirement[]): boolean {
  return unmet.every((requirement) => requirement.code === "approval");
}

function reasonToHold(
  input: DecideInput,
  stage: Stage,
  unmet: readonly BriefRequirement[],
): { readonly code: HoldCode; readonly sentence: () => string } | null {
  const { gate } = input;
  if (stage.kind === "evaluate") {
    return { code: "validation_missing", sentence: () => unmet[0]?.sentence ?? "" };
  }
  const integrity = unmet.find((requirement) => requirement.code === "integrity");
  // A broken split makes the gate hold whatever the metrics say: harm is suspected where they say so.
  const amber = Math.log(input.rollout.strategy.confidence.amberOdds);
  const isHarmSeen = (gate?.culprit?.logHarm ?? 0) >= amber;
  if (gate?.verdict === "hold" && (isHarmSeen || integrity === undefined)) {
    return { code: "harm_suspected", sentence: () => gate.sentence };
  }
  if (integrity !== undefined) return { code: "integrity", sentence: () => integrity.sentence };
  const others = unmet.filter((requirement) => requirement.code !== "approval");
  const approval = unmet.find((requirement) => requirement.code === "approval");
  if (others.length === 0 && approval !== undefined) {
    return { code: "approval", sentence: () => approval.sentence };
  }
  return null;
}

/** The stage has lasted its longest and the gate has not decided: what the policy wrote down acts. */
function decideUndecided(
  input: DecideInput,
  stage: Stage,
  unmet: readonly BriefRequirement[],
): DecideOutcome | null {
  const { rollout, nowMs } = input;
  const { state } = rollout;
  if (stage.mostSeconds === null || !("enteredAtMs" in state)) return null;
  const seconds = (nowMs - state.enteredAtMs) / 1000;
  if (seconds < stage.mostSeconds) return null;
  const why = `${capitalised(stage.name)} has lasted its longest (${inWords(stage.mostSeconds)}) without a verdict`;
  const action = undecidedAction(stage, input);
  const missing = (): string => unmet[0]?.sentence ?? "";
  if (action === "rollback") {
    return rolledBack(input, {
      cause: "undecided",
      reason: `${why}; the policy takes it back. ${missing()}`,
    });
  }
  if (action === "extend" && seconds < stage.mostSeconds * (1 + MAX_EXTENSIONS)) return null;
  if (state.kind === "held" && state.code === "undecided") {
    const graceOver = nowMs - state.heldAtMs >= rollout.strategy.personGraceSeconds * 1000;
    if (!graceOver) return wait(input, unmet, () => `${why}; a person has to decide. ${missing()}`);
    return rolledBack(input, {
      cause: "undecided",
      reason: `${why}, and nobody decided within ${inWords(rollout.strategy.personGraceSeconds)}. ${missing()}`,
    });
  }
  return held(input, "undecided", `${why}; a person has to decide. ${missing()}`);
}

/**
 * The strictest of what the stage says of each kind of silence that is there, and of what the criteria
 * that are silent say for themselves.
 */
function undecidedAction(stage: Stage, { gate, rollout }: DecideInput): UndecidedAction {
  if (gate === null) return stage.onNoData;
  const open = openVerdicts(stage, gate);
  if (open.length === 0) return stage.onInconclusive;
  const actions = open.flatMap((row) => {
    const key = ACTION_KEYS[row.evidence];
    const own = rollout.strategy.criteria.find(({ id }) => id === row.criterionId);
    return own === undefined ? [stage[key]] : [stage[key], own[key]];
  });
  if (actions.includes("rollback")) return "rollback";
  return actions.includes("hold") ? "hold" : "extend";
}

const ACTION_KEYS = {
  measured: "onInconclusive",
  no_data: "onNoData",
  error: "onError",
} as const satisfies Record<EvidenceState, keyof Stage & keyof Criterion>;

const PAUSED = "A person paused the rollout; proven harm would still take it back.";

/** What is for people is put into words when it is read: most looks end here, and few are read. */
function wait(
  input: DecideInput,
  unmet: readonly BriefRequirement[],
  reason: () => string,
): DecideOutcome {
  const listed = lazy(() => inFull(unmet));
  const words = lazy(reason);
  return {
    kind: "wait",
    get reason() {
      return words();
    },
    get unmet() {
      return listed();
    },
    checkAgainAtMs: input.nowMs + TICK_SECONDS * 1000,
  };
}
