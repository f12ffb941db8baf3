import { ALL_TRAFFIC } from "../gate/evidence.ts";
import { inWords } from "../duration.ts";
import type { UnreachableLevel } from "../gate/unreachable-levels.ts";
import type { Stage } from "../rollout/strategy.ts";
import { percent } from "../rollout/strategy.ts";
import type { RowNeeds } from "./plan-row.ts";

type Head = { readonly criterionId: string; readonly metric: string; readonly slice: string };

type TooLittle = {
  readonly available: number | null;
  readonly hours: RowNeeds;
  readonly enough: { readonly shareBps: number | null; readonly hours: number | null };
  /** For how long requests count at all; null: throughout. */
  readonly windowHours: number | null;
  readonly isReview: boolean;
};

/** What a plan says of a row that cannot be decided, with what would help. */
export const rowSentences = {
  neverSeen: (stage: Stage, head: Head): string =>
    `${nameOf(stage, head)} is never seen there: the stage yields no comparison of the two releases on it, and so can never be left by its gate. Judge it from a canary on, or copy requests to the other release.`,

  unsupported: (stage: Stage, head: Head, reason: string): string =>
    `${nameOf(stage, head)} cannot be judged: ${reason} is missing. Say what the baseline shows, for example with --baseline ${head.metric}=...`,

  /** Of all stages alike, so it names none. */
  unreachable: ({ criterionId, metric }: Head, found: UnreachableLevel): string => {
    const guess = found.isGuess
      ? ` (a guess; say with --baseline ${metric}=... what it shows)`
      : "";
    return `${criterionId} can never take a candidate back: its level of ${found.level} with the baseline at ${found.baseline}${guess} is ${found.lies}, which cannot be reached. Write less than ${found.most}.`;
  },

  windowOver: (stage: Stage, head: Head, windowHours: number): string =>
    `${nameOf(stage, head)} cannot be decided: the ${inWords(windowHours * 3_600)} for which requests count are over when the stage begins, and what they have shown by then does not clear a good change at the stage's margin with a chance of 80%, since the margin is narrower the more people are next. Widen within, give the stages before more traffic or time, or leave the criterion out of what this stage must prove.`,

  tooLittle: (stage: Stage, head: Head, of: TooLittle): string => {
    const { available, hours, enough, windowHours, isReview } = of;
    const time = available === null ? "any time" : inWords(available * 3_600);
    const never =
      windowHours === null
        ? "never ends"
        : `needs more than the ${inWords(windowHours * 3_600)} for which requests count`;
    const need = (chance: number | null): string =>
      chance === null ? never : `takes ${inWords(chance * 3_600)}`;
    const catching = isReview ? "asking a person at its level" : "catching its rollback level";
    const told = `${catching} ${need(hours.detectOnce.p80)} and clearing a good change ${need(hours.clear.p80)}, each with a chance of 80%`;
    const isPairs = stage.shareBps === 0;
    const remedies = [
      ...(enough.shareBps === null
        ? []
        : [`${isPairs ? "copies" : "a share"} of ${percent(enough.shareBps)}`]),
      ...(enough.hours === null ? [] : [inWords(enough.hours * 3_600)]),
    ];
    const remedy =
      remedies.length === 0
        ? `Nothing would be enough: widen its levels, or say with --baseline ${head.metric}=... what the baseline shows.`
        : `Enough: ${remedies.join(", or ")}.`;
    return `${nameOf(stage, head)} cannot be decided in ${time} at this traffic: ${told}. ${remedy}`;
  },
};

function nameOf(stage: Stage, { criterionId, slice }: Head): string {
  const where = slice === ALL_TRAFFIC ? "" : ` on ${slice}`;
  return `${criterionId}${where} in ${stage.name}`;
}
