import { z } from "zod";
import { ActionBody, BasisPoints, FeatureKey, TimestampMs } from "./common.ts";
import { ComponentChange, Strategy, StrategyDocument } from "./registry.ts";

const VerdictKind = z.enum(["pass", "hold", "fail", "inconclusive"]);

export const Verdict = z
  .object({
    criterionId: z.string(),
    metric: z.string(),
    slice: z.string(),
    verdict: VerdictKind,
    evidence: z.enum(["measured", "no_data", "error"]),
    estimate: z.number().nullable(),
    interval: z.object({ low: z.number(), high: z.number(), level: z.number() }).nullable(),
    baselineMean: z.number().nullable(),
    candidateMean: z.number().nullable(),
    observations: z.object({
      baseline: z.number().int(),
      candidate: z.number().int(),
      pairs: z.number().int(),
    }),
    logHarm: z.number(),
    logBlock: z.number(),
    logSafety: z.number(),
    levels: z.object({
      hold: z.number().nullable(),
      rollback: z.number(),
      margin: z.number(),
    }),
    method: z.string(),
    sentence: z.string(),
    moreObservations: z.number().nullable(),
    /** How long that takes at the present traffic. */
    hoursNeeded: z.number().nullable().optional(),
    /** When the newest request that counted was made. */
    newestAtMs: TimestampMs.nullable().optional(),
  })
  .meta({ id: "Verdict" });
export type Verdict = z.infer<typeof Verdict>;

export const GateReport = z
  .object({
    verdict: VerdictKind,
    verdicts: z.array(Verdict),
    warnings: z.array(
      z.object({ kind: z.string(), stageIndex: z.number().int(), sentence: z.string() }),
    ),
    culprit: Verdict.nullable(),
    logHarm: z.number(),
    logBlock: z.number(),
    sentence: z.string(),
    method: z.string(),
  })
  .meta({ id: "GateReport" });
export type GateReport = z.infer<typeof GateReport>;

const Requirement = z.object({ code: z.string(), sentence: z.string() });

const RolloutStateKind = z.enum([
  "pending",
  "progressing",
  "held",
  "paused",
  "rolled_back",
  "completed",
  "aborted",
]);

const StageExposure = z.object({
  stageIndex: z.number().int(),
  propensityBps: BasisPoints,
  baseline: z.number().int(),
  candidate: z.number().int(),
  pairs: z.number().int(),
  excluded: z.record(z.string(), z.number().int()),
  lastObservedAtMs: TimestampMs.nullable(),
});

/** One line of the board: where a rollout is and, in a sentence, why. */
export const RolloutSummary = z
  .object({
    id: z.string(),
    feature: z.string(),
    tier: z.number().int(),
    baseline: z.string(),
    candidate: z.string(),
    strategy: z.string(),
    state: RolloutStateKind,
    /** Code of a hold or cause of a rollback; null otherwise. */
    stateCode: z.string().nullable(),
    stageIndex: z.number().int().nullable(),
    stages: z.array(z.object({ kind: z.string(), name: z.string(), shareBps: BasisPoints })),
    setShareBps: BasisPoints,
    /** Candidate share of the stage's randomised exchanges so far; null before the first. */
    actualShareBps: BasisPoints.nullable(),
    gate: VerdictKind.nullable(),
    /** Why it is where it is. */
    sentence: z.string(),
    /** The one thing to do next, if anything. */
    nextAction: z.string().nullable(),
    unmet: z.array(Requirement),
    enteredAtMs: TimestampMs.nullable(),
    updatedAtMs: TimestampMs,
    createdAtMs: TimestampMs,
    author: z.string(),
    version: z.number().int(),
    /** Of the strategy: 1 as it was started, one more with each revision. */
    revision: z.number().int(),
  })
  .meta({ id: "RolloutSummary" });
export type RolloutSummary = z.infer<typeof RolloutSummary>;

export const RolloutDetail = RolloutSummary.extend({
  strategyDetail: Strategy,
  changes: z.array(ComponentChange),
  report: GateReport.nullable(),
  exposures: z.array(StageExposure),
  /** Shadow copies that were not made, by reason. */
  shadowDrops: z.record(z.string(), z.number().int()),
  /** What its traffic cannot decide, with the planner's numbers; only in the answer that created it. */
  warnings: z.array(z.string()).optional(),
}).meta({ id: "RolloutDetail" });
export type RolloutDetail = z.infer<typeof RolloutDetail>;

/** `strategy` is the name of a stored strategy, or the document itself. */
export const RolloutDraft = z
  .strictObject({
    feature: FeatureKey,
    candidate: z.string(),
    strategy: z.union([z.string(), StrategyDocument]),
    note: z.string().max(2_000).default(""),
  })
  .meta({ id: "RolloutDraft" });
export type RolloutDraft = z.input<typeof RolloutDraft>;

export const RolloutAction = z.enum([
  "start",
  "promote",
  "approve",
  "pause",
  "resume",
  "abort",
  "rollback",
]);
export type RolloutAction = z.infer<typeof RolloutAction>;

export const RolloutActionBody = ActionBody.extend({
  /** promote: skip all remaining stages. */
  full: z.boolean().default(false),
  /** promote: go on although requirements are unmet; recorded. */
  override: z.boolean().default(false),
}).meta({ id: "RolloutActionBody" });
export type RolloutActionBody = z.input<typeof RolloutActionBody>;

/** Another strategy for a rollout under way; the stage that it is in must be in it as it is. */
export const RolloutRevisionBody = ActionBody.extend({
  strategy: z.union([z.string(), StrategyDocument]),
}).meta({ id: "RolloutRevisionBody" });
export type RolloutRevisionBody = z.input<typeof RolloutRevisionBody>;

const DecisionKind = z.enum(["advance", "hold", "pause", "rollback", "complete"]);

export const DecisionSummary = z
  .object({
    id: z.string(),
    rolloutId: z.string().nullable(),
    feature: z.string(),
    /** The rollout's version that this decision made; 1, 2, 3... without gaps. */
    version: z.number().int(),
    decision: DecisionKind,
    fromState: RolloutStateKind.nullable(),
    toState: RolloutStateKind.nullable(),
    stage: z.string().nullable(),
    reason: z.string(),
    by: z.string(),
    atMs: TimestampMs,
    snapshotRevision: z.number().int(),
    method: z.string(),
    /** Of a decision that gave the rollout another strategy: which one, what is different, and why. */
    revision: z
      .object({ number: z.number().int(), changes: z.array(z.string()), note: z.string() })
      .optional(),
  })
  .meta({ id: "DecisionSummary" });
export type DecisionSummary = z.infer<typeof DecisionSummary>;

export const Decision = DecisionSummary.extend({
  /** Everything that it was decided from; `spillway replay` decides again from it. */
  inputs: z.json(),
  outcome: z.json(),
  report: GateReport.nullable(),
}).meta({ id: "Decision" });
export type Decision = z.infer<typeof Decision>;

export const Replay = z
  .object({
    decisionId: z.string(),
    /** Null where nothing was stored to decide again from: neither agreement nor difference. */
    agrees: z.boolean().nullable(),
    stored: z.json(),
    replayed: z.json(),
    sentence: z.string(),
  })
  .meta({ id: "Replay" });
export type Replay = z.infer<typeof Replay>;

export const Explanation = z
  .object({ decisionId: z.string(), sentences: z.array(z.string()) })
  .meta({ id: "Explanation" });
export type Explanation = z.infer<typeof Explanation>;

/** Made for CI: is the next step allowed, and if not, why not. */
export const FeatureStatus = z
  .object({
    feature: z.string(),
    baseline: z.string().nullable(),
    isKilled: z.boolean(),
    rollout: RolloutSummary.nullable(),
    mayAdvance: z.boolean(),
    /** healthy: complete or nothing under way. degraded: rolled back. undecided: still open. */
    health: z.enum(["healthy", "degraded", "undecided"]),
    sentence: z.string(),
    unmet: z.array(Requirement),
    gateways: z.array(z.object({ id: z.string(), snapshotRevision: z.number().int() })),
    snapshotRevision: z.number().int(),
  })
  .meta({ id: "FeatureStatus" });
export type FeatureStatus = z.infer<typeof FeatureStatus>;

export const FeatureRollbackBody = ActionBody.extend({
  to: z.string().optional(),
  component: z.enum(["prompt", "model", "index", "guardrails", "dataset", "app"]).optional(),
}).meta({ id: "FeatureRollbackBody" });
export type FeatureRollbackBody = z.input<typeof FeatureRollbackBody>;

export const FeatureMove = z
  .object({
    feature: z.string(),
    from: z.string().nullable(),
    to: z.string(),
    decisionId: z.string(),
    snapshotRevision: z.number().int(),
    sentence: z.string(),
  })
  .meta({ id: "FeatureMove" });
export type FeatureMove = z.infer<typeof FeatureMove>;

/** How much there is to decide from. The window is a day, less for a younger feature. */
export const FeatureTraffic = z
  .object({
    feature: z.string(),
    requests: z.number().int(),
    windowHours: z.number(),
    requestsPerHour: z.number(),
  })
  .meta({ id: "FeatureTraffic" });

export const WhoServed = z
  .object({
    feature: z.string(),
    atMs: TimestampMs,
    tenant: z.string().nullable(),
    baseline: z.string().nullable(),
    candidate: z.string().nullable(),
    setShareBps: BasisPoints,
    isKilled: z.boolean(),
    /** What really answered around that time, counted from the stored exchanges. */
    served: z.array(
      z.object({
        release: z.string(),
        promptIdentity: z.string(),
        exchanges: z.number().int(),
        /** How many of them the feature's fallback answered in its place. */
        fallbacks: z.number().int(),
        firstAtMs: TimestampMs,
        lastAtMs: TimestampMs,
      }),
    ),
    sentence: z.string(),
  })
  .meta({ id: "WhoServed" });
export type WhoServed = z.infer<typeof WhoServed>;
