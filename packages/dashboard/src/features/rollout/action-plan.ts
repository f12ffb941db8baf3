import type { Role, RolloutAction } from "@spillway/contract";
import { refusalOf } from "../../control/permission.ts";
import type { RolloutDetail } from "../../control/queries.ts";
import { count, share } from "../../ui/words.ts";

export type PlannedAction = {
  readonly action: RolloutAction;
  readonly label: string;
  /** The control by what it does to what. */
  readonly name: string;
  /** Why it cannot be done now; null = it can. Roll back never has one: the server answers. */
  readonly whyNot: string | null;
};

export type Confirmation = {
  readonly title: string;
  /** What is served after it, what is replaced, who is affected. */
  readonly consequences: readonly string[];
  readonly submit: string;
  readonly isReasonRequired: boolean;
};

type Viewer = { readonly name: string; readonly role: Role };

/** The actions of a rollout in its present state, in the order in which they are shown. */
export function actionsOf(rollout: RolloutDetail, viewer: Viewer): readonly PlannedAction[] {
  const isLive = rollout.state === "progressing" || rollout.state === "held";
  const plan = (action: RolloutAction, label: string, whyNot: string | null): PlannedAction => ({
    action,
    label,
    name: `${label} ${rollout.candidate}`,
    whyNot: refusalOf(action, viewer.role) ?? whyNot,
  });
  const rollback: PlannedAction = {
    action: "rollback",
    label: "Roll back",
    name: `Roll back ${rollout.feature} to ${rollout.baseline}`,
    whyNot: null,
  };
  if (rollout.state === "pending") return [rollback, plan("start", "Start", null)];
  if (rollout.state === "paused") {
    const paused = "The rollout is paused: resume it first.";
    return [rollback, plan("promote", "Promote", paused), plan("resume", "Resume", null)];
  }
  // Over: what serves is no longer this rollout's doing; see `afterEnd`.
  if (!isLive) return [];
  return [
    rollback,
    plan("promote", "Promote", promoteRefusal(rollout)),
    ...(isApprovalAsked(rollout)
      ? [plan("approve", "Approve", approveRefusal(rollout, viewer))]
      : []),
    plan("pause", "Pause", null),
  ];
}

/** What can still be done from the page of a rollout that is over. */
export type AfterEnd =
  | { readonly kind: "take_back"; readonly label: string; readonly name: string }
  | { readonly kind: "under_way"; readonly rolloutId: string; readonly label: string }
  | { readonly kind: "nothing"; readonly sentence: string };

/** By what its feature serves now: a rollout that is over may be last week's. */
export function afterEnd(
  rollout: Pick<RolloutDetail, "id" | "feature" | "state" | "baseline" | "candidate">,
  feature: { readonly baseline: string | null; readonly activeRolloutId: string | null },
): AfterEnd {
  const { baseline, candidate } = rollout;
  // It may have ended a moment ago, and the feature not been fetched again since.
  if (feature.activeRolloutId !== null && feature.activeRolloutId !== rollout.id) {
    const label = `Open the rollout of ${rollout.feature} under way`;
    return { kind: "under_way", rolloutId: feature.activeRolloutId, label };
  }
  if (rollout.state === "completed" && feature.baseline === candidate) {
    const label = `Roll ${rollout.feature} back to ${baseline}`;
    return { kind: "take_back", label: "Roll the feature back", name: label };
  }
  const serves = feature.baseline ?? "nothing yet";
  return {
    kind: "nothing",
    sentence: `Nothing to take back here: ${rollout.feature} serves ${serves}.`,
  };
}

/** A missing validation is the one requirement that a person may go on without, on the record. */
export function needsOverride(rollout: Pick<RolloutDetail, "unmet">): boolean {
  return rollout.unmet.length > 0 && rollout.unmet.every(({ code }) => code === "validation");
}

export function confirmationOf(action: RolloutAction, rollout: RolloutDetail): Confirmation {
  switch (action) {
    case "rollback":
    case "abort":
      return rollbackConfirmation(rollout);
    case "promote":
      return promoteConfirmation(rollout);
    case "start":
      return {
        title: `Start the rollout of ${rollout.candidate}?`,
        consequences: [
          entering(rollout, 0),
          `${rollout.baseline} goes on answering everyone else.`,
        ],
        submit: "Start the rollout",
        isReasonRequired: true,
      };
    case "approve":
      return {
        title: `Approve ${stageName(rollout, nextIndex(rollout))} of ${rollout.candidate}?`,
        consequences: [
          `The rollout may enter ${stageName(rollout, nextIndex(rollout))} as soon as every other requirement is met.`,
          "Your name stands beside it in the ledger.",
        ],
        submit: "Approve",
        isReasonRequired: true,
      };
    case "pause":
      return {
        title: `Pause the rollout of ${rollout.candidate}?`,
        consequences: [
          `The split stays as it is: ${share(rollout.setShareBps)} ${rollout.candidate}, the rest ${rollout.baseline}.`,
          "Proven harm still takes it back.",
        ],
        submit: "Pause the rollout",
        isReasonRequired: true,
      };
    case "resume":
      return {
        title: `Resume the rollout of ${rollout.candidate}?`,
        consequences: [
          `It goes on in ${stageName(rollout, rollout.stageIndex ?? 0)}; the time paused does not count.`,
        ],
        submit: "Resume the rollout",
        isReasonRequired: true,
      };
    default:
      return action satisfies never;
  }
}

function rollbackConfirmation(rollout: RolloutDetail): Confirmation {
  const { feature, baseline, candidate, setShareBps } = rollout;
  return {
    title: `Roll back ${feature} to ${baseline}?`,
    consequences: [
      `After it ${baseline} serves 100% of ${feature}, on every gateway within a second.`,
      ...replaced(rollout),
      ...(rollout.state === "pending" ? ["The rollout has not been started; this ends it."] : []),
      ...(setShareBps > 0 ? [] : [`No user is answered by ${candidate} at this moment.`]).filter(
        () => rollout.state === "progressing" || rollout.state === "held",
      ),
    ],
    submit: `Roll back to ${baseline}`,
    isReasonRequired: true,
  };
}

function replaced(rollout: RolloutDetail): string[] {
  const { candidate, setShareBps, state, exposures, stageIndex } = rollout;
  if (state === "completed") {
    return [
      `This rollout is over. It is the feature that goes back, to the release before: ${candidate}, its baseline since then, stops answering.`,
    ];
  }
  if (setShareBps === 0) return [];
  const answers = exposures.find((exposure) => exposure.stageIndex === stageIndex)?.candidate ?? 0;
  return [
    `${candidate} stops answering. It answers ${share(setShareBps)} now; ${count(answers)} answers were counted in this stage.`,
  ];
}

function promoteConfirmation(rollout: RolloutDetail): Confirmation {
  const next = nextIndex(rollout);
  const isLast = next >= rollout.stages.length;
  const without = needsOverride(rollout)
    ? ["It goes on without a validation; that is recorded with your reason."]
    : [];
  return {
    title: isLast
      ? `Complete the rollout of ${rollout.candidate}?`
      : `Promote ${rollout.candidate} to ${stageName(rollout, next)}?`,
    consequences: [
      isLast
        ? `${rollout.candidate} becomes the baseline and replaces ${rollout.baseline}.`
        : entering(rollout, next),
      ...without,
    ],
    submit: isLast ? "Complete the rollout" : `Promote to ${stageName(rollout, next)}`,
    isReasonRequired: true,
  };
}

function entering(rollout: RolloutDetail, index: number): string {
  const stage = rollout.stages[index];
  if (stage === undefined) return "It is the last stage.";
  if (stage.shareBps === 0)
    return `It enters ${stage.name}: no user is answered by ${rollout.candidate}.`;
  return `It enters ${stage.name}: ${rollout.candidate} answers ${share(stage.shareBps)} (${share(rollout.setShareBps)} now), in place of ${rollout.baseline}.`;
}

const nextIndex = (rollout: RolloutDetail): number => (rollout.stageIndex ?? -1) + 1;

const stageName = (rollout: RolloutDetail, index: number): string =>
  rollout.stages[index]?.name ?? "the end";

function promoteRefusal(rollout: RolloutDetail): string | null {
  if (rollout.gate === "fail") return "Harm is proven, so nothing is promoted.";
  if (rollout.unmet.length === 0 || needsOverride(rollout)) return null;
  return rollout.unmet.length === 1
    ? "One requirement is unmet."
    : `${rollout.unmet.length} requirements are unmet.`;
}

const isApprovalAsked = (rollout: RolloutDetail): boolean =>
  rollout.unmet.some(({ code }) => code === "approval");

function approveRefusal(rollout: RolloutDetail, viewer: Viewer): string | null {
  if (viewer.name !== rollout.author) return null;
  return "You started this rollout; another person has to approve it.";
}
