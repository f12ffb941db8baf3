import type { AssignmentUnit } from "../feature/feature.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { Strategy } from "../rollout/strategy.ts";
import type { RowNeeds } from "./plan-row.ts";
import type { AssignedUnits, StickyUnits } from "./sticky-units.ts";

export type PlanInput = {
  readonly strategy: Strategy;
  /** With what the baseline is expected to show of each, where the strategy does not say. */
  readonly metrics: readonly MetricDefinition[];
  /** Counted requests of the feature per hour, > 0. */
  readonly requestsPerHour: number;
  /** Slices that criteria with `perSlice` are judged on, with their shares of the traffic. */
  readonly slices?: readonly SliceShare[];
  /** The feature's own unit of assignment, where the strategy names none. Absent: the request. */
  readonly unit?: AssignmentUnit;
  /** How units return where they are not requests; USUAL_STICKY_UNITS when left out. */
  readonly stickyUnits?: StickyUnits;
};

export type SliceShare = { readonly name: string; readonly share: number };

export type PlanRowStatus =
  /** Both are known in time with a chance of 80%: harm at the rollback level, and no harm. */
  | "decidable"
  /** There is evidence, and too little of it for the time that the stage has. */
  | "too_little"
  /** The stage adds no evidence about it, and is left on that of the stages before it. */
  | "decided_before"
  /** No evidence about it in this stage nor before, so the stage can never be left. */
  | "never_seen"
  /** The stage may be left without its proof; harm is looked for all the same. */
  | "not_asked"
  /** The gate cannot judge it as it is written. */
  | "unsupported";

/**
 * One criterion on one slice in one stage. Hours are those after which the needed observations are known:
 * null where there is no end, or where the window of `within` ends before.
 */
export type PlanRow = {
  readonly criterionId: string;
  readonly metric: string;
  readonly slice: string;
  readonly status: PlanRowStatus;
  /** Whether it asks a person and takes nothing back. "Detected" means asked, then. */
  readonly isReview: boolean;
  readonly observationsPerHour: number;
  readonly observations: RowNeeds | null;
  readonly hours: RowNeeds | null;
  /** What would make a stage with too little evidence decide: a share, or a time at its own share. */
  readonly enough: { readonly shareBps: number | null; readonly hours: number | null } | null;
  /** What is wrong, for people; null when it is decidable. */
  readonly sentence: string | null;
};

export type PlanStage = {
  readonly name: string;
  readonly kind: string;
  readonly shareBps: number;
  readonly shadowBps: number;
  readonly evidence: "answers" | "pairs" | "none";
  /** The stage's longest duration, else its least one; null when it has neither. */
  readonly hoursAvailable: number | null;
  readonly rows: readonly PlanRow[];
};

export type StrategyPlan = {
  readonly strategy: string;
  readonly requestsPerHour: number;
  /** What is assigned to an arm as one, and how it is taken to return; null for single requests. */
  readonly units: AssignedUnits | null;
  readonly stages: readonly PlanStage[];
  readonly isDecidable: boolean;
  /** One sentence for every criterion and stage that is not decidable; of its slices, the rarest. */
  readonly warnings: readonly string[];
};
