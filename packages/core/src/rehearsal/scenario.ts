import type { Strategy } from "../rollout/strategy.ts";
import { reviewedCriteria } from "../rollout/strategy.ts";
import type { SliceShare } from "../planning/strategy-plan.ts";

/** An invented candidate. Every number of it is an assumption, stated here and in docs/rehearsal.md. */
export type Scenario = {
  readonly id: string;
  /** For people: "edit_rate at twice its level". */
  readonly title: string;
  readonly kind: "harmless" | "harm" | "slice" | "late" | "delayed" | "outage";
  /** The criterion that is harmed; null: none of them, or (in an outage) all of them. */
  readonly criterionId: string | null;
  /** Times the rollback level; see harmedValue. */
  readonly times: number;
  /** Only requests of this slice are harmed; null: all. */
  readonly slice: string | null;
  /** When the harm begins. */
  readonly onset: "start" | "mid_stage";
  /** Median time until an observation is known; 0: at once. */
  readonly labelDelaySeconds: number;
};

const TIMES: readonly number[] = [1, 2, 5];
const WORDS: Readonly<Record<number, string>> = {
  1: "at its level",
  2: "at twice its level",
  5: "at five times its level",
};
/** What the statistics' benchmark of delayed labels uses. */
const LABEL_DELAY_SECONDS = 5_400;
/** In the scenarios of late onset, delay and slices the harm is twice the level. */
const USUAL_TIMES = 2;
/** How bad an outage is, for both releases alike. */
const OUTAGE_TIMES = 5;

/** Nothing wrong; each criterion at its level, twice and five times; slices; late; delayed; an outage. */
export function scenariosOf(strategy: Strategy, slices: readonly SliceShare[]): Scenario[] {
  const reviewed = reviewedCriteria(strategy);
  const harmless = scenario({ kind: "harmless", title: "nothing wrong", times: 0 });
  return [
    harmless,
    ...strategy.criteria.flatMap(({ id }) =>
      ofCriterion({ id, name: reviewed.has(id) ? `${id} (asks a person)` : id }, slices),
    ),
    scenario({
      kind: "delayed",
      id: "harmless-delayed",
      title: "nothing wrong, labels 90 minutes late",
      times: 0,
      labelDelaySeconds: LABEL_DELAY_SECONDS,
    }),
    scenario({ kind: "outage", title: "an outage that both share", times: OUTAGE_TIMES }),
  ];
}

/** `name` says of a criterion under review that it takes nothing back. */
function ofCriterion(
  { id, name: shown }: { readonly id: string; readonly name: string },
  slices: readonly SliceShare[],
): Scenario[] {
  const base = { criterionId: id, times: USUAL_TIMES };
  return [
    ...TIMES.map((times) =>
      scenario({
        ...base,
        kind: "harm",
        id: `${id}-${times}x`,
        title: `${shown} ${WORDS[times]}`,
        times,
      }),
    ),
    ...slices.map(({ name }) =>
      scenario({
        ...base,
        kind: "slice",
        id: `${id}-in-${name}`,
        title: `${shown} ${WORDS[USUAL_TIMES]}, in ${name} only`,
        slice: name,
      }),
    ),
    scenario({
      ...base,
      kind: "late",
      id: `${id}-late`,
      title: `${shown} ${WORDS[USUAL_TIMES]}, half-way of the first live stage`,
      onset: "mid_stage",
    }),
    scenario({
      ...base,
      kind: "delayed",
      id: `${id}-delayed`,
      title: `${shown} ${WORDS[USUAL_TIMES]}, labels 90 minutes late`,
      labelDelaySeconds: LABEL_DELAY_SECONDS,
    }),
  ];
}

function scenario(of: Partial<Scenario> & Pick<Scenario, "kind" | "title" | "times">): Scenario {
  return {
    id: of.kind,
    criterionId: null,
    slice: null,
    onset: "start",
    labelDelaySeconds: 0,
    ...of,
  };
}
