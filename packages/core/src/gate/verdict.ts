import type { Criterion, GateConfidence } from "./criterion.ts";
import type { RolloutEvidence } from "./evidence.ts";
import type { MetricDefinition } from "./metric.ts";

export type VerdictKind = "pass" | "hold" | "fail" | "inconclusive";

/** Whether there was anything to judge. Silence, errors and doubt are three different things. */
export type EvidenceState = "measured" | "no_data" | "error";

/** An anytime-valid interval at level 1 - alpha, in the unit of `Verdict.estimate`. */
export type Interval = { readonly low: number; readonly high: number; readonly level: number };

/**
 * One criterion on one slice, judged. `log*` are natural logarithms of e-values (evidence against the
 * named hypothesis); `odds` for people is exp of it, "20 to 1".
 */
export type Verdict = {
  readonly criterionId: string;
  readonly metric: string;
  readonly slice: string;
  readonly verdict: VerdictKind;
  readonly evidence: EvidenceState;
  /** Harm observed so far, in the criterion's own terms (relative, difference, ratio, level). */
  readonly estimate: number | null;
  readonly interval: Interval | null;
  /** Means (or rates, or quantiles) of the arms, in the metric's unit. */
  readonly baselineMean: number | null;
  readonly candidateMean: number | null;
  readonly observations: {
    readonly baseline: number;
    readonly candidate: number;
    readonly pairs: number;
  };
  /**
   * Evidence against "no harm at all". Rollback needs 1 / alpha. Of a limit under review: against "at most
   * the hold level", all by itself.
   */
  readonly logHarm: number;
  /** Evidence against "harm is at most the hold level". Rollback needs 1 / alphaBlock. */
  readonly logBlock: number;
  /** Evidence against "harm is at least the stage's margin". Advancing needs 1 / alphaPromote. */
  readonly logSafety: number;
  /** The levels as tested at this stage: hold, rollback and the stage's margin. */
  readonly levels: {
    readonly hold: number | null;
    readonly rollback: number;
    readonly margin: number;
  };
  readonly method: string;
  /** One sentence for people: what was measured on how many, against what, and what follows. */
  readonly sentence: string;
  /** About how many more candidate observations (or pairs) would settle it; null when unknown. */
  readonly moreObservations: number | null;
  /** How long that takes at the row's traffic in this stage; null when either is unknown. */
  readonly hoursNeeded: number | null;
  /** When the newest request that this metric and slice has a number for was made: its freshness. */
  readonly newestAtMs: number | null;
};

/** Doubt about the experiment itself. It can hold a rollout; it never hides a proven harm. */
export type IntegrityWarning = {
  readonly kind:
    "sample_ratio_mismatch" | "cancellation_imbalance" | "label_lag_shift" | "no_traffic";
  readonly stageIndex: number;
  readonly sentence: string;
};

/** A judged metric whose numbers come later than the answer. */
export type LabelDelay = {
  readonly metric: string;
  readonly delaySeconds: number;
  /** Half of the candidate's counted requests were made before it; null without any. */
  readonly medianRequestAtMs: number | null;
};

/** What of a row decides while it keeps the gate from passing. */
export type OpenCheck = Pick<Verdict, "criterionId" | "verdict" | "evidence" | "sentence">;

export type GateReport = {
  readonly verdict: VerdictKind;
  /** Ids of the criteria that are judged. */
  readonly criteria: readonly string[];
  /** Worst first: fail, hold, inconclusive, pass; then by harm. */
  readonly verdicts: readonly Verdict[];
  /** The rows that do not pass, worst first. */
  readonly open: readonly OpenCheck[];
  readonly delays: readonly LabelDelay[];
  readonly warnings: readonly IntegrityWarning[];
  /** The verdict that a rollback or hold is because of, the worst proven one. */
  readonly culprit: Verdict | null;
  /** Evidence of harm over all criteria and slices together (weighted average of e-values). */
  readonly logHarm: number;
  readonly logBlock: number;
  readonly sentence: string;
  /** Names the exact method, so that a stored decision can be replayed. */
  readonly method: string;
};

export type GateInput = {
  readonly criteria: readonly Criterion[];
  readonly metrics: readonly MetricDefinition[];
  readonly slices: readonly string[];
  /** By how many the weight of slices is divided; fixed before the start. Absent: their number. */
  readonly sliceSlots?: number;
  /** How long the rollout gathers evidence at most, by its strategy. Absent or null: unknown. */
  readonly longestSeconds?: number | null;
  /** The first live stage of a strategy with a shadow before it, by its index. Absent or null: no such stage. */
  readonly liveFromStage?: number | null;
  readonly evidence: RolloutEvidence;
  readonly confidence: GateConfidence;
  readonly stage: {
    readonly index: number;
    readonly kind: string;
    /** The candidate's share now and after the next advance, basis points. */
    readonly shareBps: number;
    readonly nextShareBps: number;
    /** Counted requests per hour lately, for "how much longer"; null when unknown. */
    readonly observationsPerHour: number | null;
  };
};
