import type { GateReport } from "../gate/verdict.ts";
import type { Rollout, RolloutState } from "./rollout.ts";
import type { Strategy, StrategyProblem } from "./strategy.ts";

export type RolloutEvent =
  | { readonly kind: "tick" }
  | { readonly kind: "start"; readonly by: string; readonly note: string }
  | {
      readonly kind: "promote";
      readonly by: string;
      readonly note: string;
      readonly full: boolean;
      /** Advance although requirements are unmet; recorded as such, and refused where a tier forbids. */
      readonly override: boolean;
    }
  | {
      readonly kind: "approve";
      readonly by: string;
      readonly note: string;
      /**
       * The stage that is entered by it, as it was when the approver's role was found fit for it,
       * counted through over all revisions. Absent in decisions stored before it was asked for.
       */
      readonly stageIndex?: number;
    }
  | { readonly kind: "pause"; readonly by: string; readonly note: string }
  | { readonly kind: "resume"; readonly by: string; readonly note: string }
  | { readonly kind: "abort"; readonly by: string; readonly note: string }
  | { readonly kind: "rollback"; readonly by: string; readonly note: string }
  | {
      readonly kind: "revise";
      readonly by: string;
      readonly note: string;
      readonly strategy: Strategy;
    };

export type DecisionKind = "advance" | "hold" | "pause" | "rollback" | "complete";

/** What must happen once the decision is committed. Carried out by others, keyed by the decision. */
export type Effect =
  | { readonly kind: "publish_snapshot" }
  | { readonly kind: "set_baseline"; readonly release: string }
  | { readonly kind: "notify"; readonly topic: string; readonly text: string };

/** Something that must be so before the next stage may be entered. Listed where it is not. */
export type Requirement = {
  readonly code: "duration" | "observations" | "gate" | "approval" | "validation" | "integrity";
  readonly sentence: string;
};

export type DecideInput = {
  readonly rollout: Rollout;
  readonly event: RolloutEvent;
  /** The gate's report on the present stage; null where there is nothing to judge (before a start). */
  readonly gate: GateReport | null;
  /** Counted in the present stage: candidate answers, or pairs in shadow. */
  readonly stageObservations: number;
  readonly nowMs: number;
};

export type Transition = {
  readonly kind: "decided";
  readonly decision: DecisionKind;
  readonly next: RolloutState;
  readonly approvals: Rollout["approvals"];
  readonly reason: string;
  readonly unmet: readonly Requirement[];
  readonly effects: readonly Effect[];
  readonly checkAgainAtMs: number | null;
  /** The strategy that holds from now on, where the decision is about a new one. */
  readonly revision?: {
    readonly number: number;
    readonly strategy: Strategy;
    readonly firstStageNumber: number;
    /** What is different, in words. */
    readonly changes: readonly string[];
  };
};

export type DecideOutcome =
  | Transition
  | {
      readonly kind: "wait";
      readonly reason: string;
      readonly unmet: readonly Requirement[];
      readonly checkAgainAtMs: number;
    }
  | {
      readonly kind: "refused";
      readonly code:
        "illegal_transition" | "requirements_unmet" | "invalid_configuration" | "forbidden";
      readonly reason: string;
      readonly unmet: readonly Requirement[];
      /** Of the strategy that was given, by where they stand in it. Absent: none. */
      readonly problems?: readonly StrategyProblem[];
    };
