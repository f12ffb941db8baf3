/**
 * A criterion: one number that was written down before the rollout started, and what follows when it
 * is crossed. Every level is a harm, positive in the harmful direction of the metric, so that the
 * tests need not know which way is up.
 */
export type Comparison =
  /** Harm = fall (or rise) of the mean relative to the baseline's mean; 0.05 is 5%. */
  | ({ readonly kind: "relative" } & MoveLevels)
  /** Harm = absolute difference of the means, in the metric's unit; 0.02 is 2 points of a rate. */
  | ({ readonly kind: "difference" } & MoveLevels)
  /** Harm = candidate / baseline; 1.5 is "half as much again". For metrics where lower is better. */
  | ({ readonly kind: "ratio" } & MoveLevels)
  /** Harm = the candidate's own level beyond an absolute bound, in the metric's unit. */
  | { readonly kind: "limit"; readonly hold: number | null; readonly rollback: number }
  /** The first confirmed event rolls back. `maximumRate` is what promotion must rule out. */
  | { readonly kind: "zero_tolerance"; readonly maximumRate: number };

/** Levels of a move against the baseline. */
export type MoveLevels = {
  readonly hold: number;
  readonly rollback: number;
  /**
   * What must be ruled out before everyone gets the candidate: the hold level where the policy writes one,
   * since a change that ought to be held is not to be promoted. Absent: the rollback level.
   */
  readonly margin?: number;
};

/** What silence leads to. Never a pass. */
export type UndecidedAction = "extend" | "hold" | "rollback";

export type Criterion = {
  /** Unique within the gate; the metric's name unless it is used twice. */
  readonly id: string;
  readonly metric: string;
  readonly comparison: Comparison;
  /** Only requests of the first so many seconds of the rollout's live traffic count; null = all. */
  readonly withinSeconds: number | null;
  /**
   * Harm may begin late: it is looked for from every multiple of so many seconds on, as well as from
   * the start. Null = from the start only. Absent in policies that were stored before it existed.
   */
  readonly overSeconds?: number | null;
  /** Judged on each slice of the feature too, not only on all traffic. */
  readonly perSlice: boolean;
  readonly onInconclusive: UndecidedAction;
  readonly onNoData: UndecidedAction;
  readonly onError: UndecidedAction;
};

/** How sure the gate must be. Defaults and their reasons: DEFAULT_CONFIDENCE in confidence.ts. */
export type GateConfidence = {
  /** Chance of rolling back a change that is not worse, over all harm tests of the rollout. */
  readonly alpha: number;
  /** Chance of rolling back a change that is worse by no more than the hold level. */
  readonly alphaBlock: number;
  /** Chance of advancing a change whose harm is at or above the stage's margin, per criterion. */
  readonly alphaPromote: number;
  /** Odds of "any harm at all" from which the ramp is frozen. */
  readonly amberOdds: number;
};
