import { inWords } from "../duration.ts";
import type { Criterion } from "../gate/criterion.ts";
import { lazy } from "../gate/lazy.ts";
import { textOfCount } from "../gate/number-text.ts";
import type { GateReport, LabelDelay, OpenCheck } from "../gate/verdict.ts";
import type { DecideInput, Requirement } from "./decision.ts";
import type { Rollout } from "./rollout.ts";
import { currentStage } from "./rollout.ts";
import type { Stage } from "./strategy.ts";

/** Which requirements of leaving the present stage are not met, in words with what is missing. */
export function unmetRequirements(input: DecideInput): readonly Requirement[] {
  return inFull(unmetInBrief(input));
}

/** A requirement as decisions need it; one that stands for several is taken apart for people. */
export type BriefRequirement = Requirement & { readonly each?: () => readonly Requirement[] };

/**
 * {@link unmetRequirements} with all open checks of the gate as one. To decide takes no more, and most
 * looks end in "wait": of hundreds of checks none is then judged further than until the first open one.
 */
export function unmetInBrief(input: DecideInput): readonly BriefRequirement[] {
  const stage = currentStage(input.rollout);
  const { state } = input.rollout;
  if (stage === null || !("enteredAtMs" in state)) return [];
  return [
    ...leastUnmet(stage, (input.nowMs - state.enteredAtMs) / 1000, input.stageObservations),
    ...validationUnmet(stage),
    ...gateUnmet(stage, input),
    ...approvalUnmet(input.rollout, state.stageIndex + 1),
  ];
}

export function inFull(unmet: readonly BriefRequirement[]): readonly Requirement[] {
  return unmet.flatMap((requirement) => requirement.each?.() ?? [requirement]);
}

function leastUnmet(stage: Stage, secondsInStage: number, observations: number): Requirement[] {
  const { durationSeconds, observations: wanted, need } = stage.least;
  const duration: Requirement[] =
    secondsInStage >= durationSeconds
      ? []
      : [
          {
            code: "duration",
            sentence: `${capitalised(stage.name)} lasts at least ${inWords(durationSeconds)}; ${inWords(durationSeconds - secondsInStage)} are left.`,
          },
        ];
  const noun = stage.kind === "shadow" ? "pairs" : "answers of the candidate";
  const count: Requirement[] =
    observations >= wanted
      ? []
      : [
          {
            code: "observations",
            sentence: `${capitalised(stage.name)} needs ${textOfCount(wanted)} ${noun}; ${textOfCount(observations)} are there.`,
          },
        ];
  if (need === "either") {
    const isMet =
      (durationSeconds > 0 && duration.length === 0) || (wanted > 0 && count.length === 0);
    return isMet ? [] : [...duration, ...count];
  }
  return [...duration, ...count];
}

function validationUnmet(stage: Stage): Requirement[] {
  if (stage.kind !== "evaluate") return [];
  const sentence =
    "No validation of this prompt and model is recorded. Promote with a reason to go on without one.";
  return [{ code: "validation", sentence }];
}

function gateUnmet(stage: Stage, input: DecideInput): BriefRequirement[] {
  const { gate } = input;
  if (stage.kind === "evaluate") return [];
  if (stage.kind === "staging") {
    // Its traffic is not randomised, so it can never prove safety; it can very well raise suspicion.
    return gate?.verdict === "hold" ? [{ code: "gate", sentence: gate.sentence }] : [];
  }
  if (gate === null) return [{ code: "gate", sentence: "There is no evidence yet." }];
  // No traffic yet is the beginning of every stage: it keeps the next one closed, and holds nothing.
  const integrity = gate.warnings.map((warning): Requirement => ({
    code: warning.kind === "no_traffic" ? "observations" : "integrity",
    sentence: warning.sentence,
  }));
  const late = gate.delays
    .filter(({ metric }) => isProofAsked(stage, input.rollout.strategy.criteria, metric))
    .flatMap((delay) => labelsUnmet(delay, input.nowMs));
  if (gate.verdict === "pass" || isProven(stage, gate)) return [...integrity, ...late];
  return [...integrity, ...late, openChecks(stage, gate)];
}

function openChecks(stage: Stage, gate: GateReport): BriefRequirement {
  const each = lazy((): readonly Requirement[] => {
    const open = openVerdicts(stage, gate);
    if (open.length === 0) return [{ code: "gate", sentence: gate.sentence }];
    const more = open.length - CHECKS_LISTED;
    const rest = `${textOfCount(more)} more checks are not passed yet.`;
    const listed = open.slice(0, CHECKS_LISTED).map(openCheck);
    return more > 0 ? [...listed, { code: "gate", sentence: rest }] : listed;
  });
  return {
    code: "gate",
    get sentence() {
      return each()[0]?.sentence ?? gate.sentence;
    },
    each,
  };
}

/** Most looks end in "wait", of which nobody reads more than the first sentence. */
const openCheck = (check: OpenCheck): Requirement => ({
  code: "gate",
  get sentence() {
    return check.sentence;
  },
});

/** So many open checks are listed, the worst first: of hundreds nobody reads all, and the report has them. */
const CHECKS_LISTED = 12;

/** Labels are waited for where they must prove something: in a shadow, which nobody labels, never. */
function isProofAsked({ prove }: Stage, criteria: readonly Criterion[], metric: string): boolean {
  if (prove === undefined) return true;
  return criteria.some((of) => of.metric === metric && prove.includes(of.id));
}

/** Half of the requests must have had the time that a label takes; those who are quick are not all. */
function labelsUnmet(delay: LabelDelay, nowMs: number): Requirement[] {
  const { metric, delaySeconds, medianRequestAtMs } = delay;
  const isOldEnough =
    medianRequestAtMs !== null && nowMs - medianRequestAtMs >= delaySeconds * 1_000;
  if (isOldEnough) return [];
  const sentence = `${capitalised(metric)} is known about ${inWords(delaySeconds)} after a request, and fewer than half of the requests are as old as that.`;
  return [{ code: "gate", sentence }];
}

/**
 * What the stage still lacks: rows that it must prove and has not, and whatever holds or fails, since
 * suspicion counts on every criterion.
 */
export function openVerdicts(stage: Stage, gate: GateReport): readonly OpenCheck[] {
  return gate.open.filter((row) => {
    const isNeeded = stage.prove === undefined || stage.prove.includes(row.criterionId);
    return isNeeded || row.verdict !== "inconclusive";
  });
}

/** The criteria that the stage names are there, judged, and safe, while others are merely open. */
function isProven(stage: Stage, gate: GateReport): boolean {
  const { prove } = stage;
  if (prove === undefined || prove.length === 0 || gate.verdict !== "inconclusive") return false;
  // Not of the rows: figures and sentences of all of them are much to compute, and nobody reads them here.
  const open = new Set(gate.open.map(({ criterionId }) => criterionId));
  return prove.every((id) => gate.criteria.includes(id) && !open.has(id));
}

/** Whether the approval to enter a stage is asked for and not there. */
export function approvalUnmet(rollout: Rollout, stageIndex: number): Requirement[] {
  const entered = rollout.strategy.stages[stageIndex];
  if (entered === undefined || entered.approval === null) return [];
  if (rollout.approvals.some((approval) => approval.stageIndex === stageIndex)) return [];
  return [
    {
      code: "approval",
      sentence: `${capitalised(entered.name)} needs the approval of a person with the role ${entered.approval}, other than ${rollout.author}.`,
    },
  ];
}

/** "ramp 25%" at the beginning of a sentence. */
export function capitalised(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
