export { durationText, inWords } from "./duration.ts";
export type { ExclusionReason, Observation, PairObservation } from "./evaluation/observations.ts";
export { exclusionOf, observationsOf, pairObservationsOf } from "./evaluation/observations.ts";
export type { Scorer, ScorerFactory, ScorerInput, ScorerProblem } from "./evaluation/scorer.ts";
export type { AppErrorOptions, ErrorCatalogueEntry, ErrorCode } from "./errors.ts";
export { AppError, ERROR_CATALOGUE, invariant, unreachable } from "./errors.ts";
export type { Attempt, Exchange, ExchangeId, ExchangeOutcome, Score } from "./exchange/exchange.ts";
export { exchangeId } from "./exchange/exchange.ts";
export type { Correction, Edit, Feedback, FeedbackId } from "./exchange/feedback.ts";
export { FEEDBACK_BOUNDS, feedbackId } from "./exchange/feedback.ts";
export type { FeedbackLabel, FeedbackOutcome } from "./evaluation/evaluate-feedback.ts";
export { evaluateFeedback } from "./evaluation/evaluate-feedback.ts";
export { RESERVED_VALUE_NAMES } from "./evaluation/feedback-numbers.ts";
export { boundedExchange, EXCHANGE_BOUNDS } from "./exchange/exchange-bounds.ts";
export type {
  AssignmentPolicy,
  AssignmentUnit,
  Fallback,
  Feature,
  PinRule,
  RiskTier,
  ScorerConfig,
} from "./feature/feature.ts";
export {
  FEATURE_KEY_PATTERN,
  MAX_SLICES_PER_FEATURE,
  sliceName,
  slicesOf,
} from "./feature/feature.ts";
export type {
  Comparison,
  Criterion,
  GateConfidence,
  MoveLevels,
  UndecidedAction,
} from "./gate/criterion.ts";
export type {
  EvidenceBlock,
  EvidenceCell,
  MetricEvidence,
  PairCell,
  RolloutEvidence,
  StageExposure,
  StratumEvidence,
  TimedEvidence,
} from "./gate/evidence.ts";
export type { TimedNeed } from "./gate/windows.ts";
export { UNIT_BUCKETS } from "./gate/unit-bucket.ts";
export { liveSinceMs, neededTimes, timedNeeds } from "./gate/windows.ts";
export { ALL_TRAFFIC } from "./gate/evidence.ts";
export type { MetricDefinition, MetricDirection, MetricKind } from "./gate/metric.ts";
export type {
  EvidenceState,
  GateInput,
  GateReport,
  IntegrityWarning,
  Interval,
  Verdict,
  VerdictKind,
} from "./gate/verdict.ts";
export type { Json, JsonObject } from "./json.ts";
export { isJsonObject } from "./json.ts";
export type { RenderPromptInput, RenderPromptOutcome } from "./prompt/render.ts";
export { renderPrompt } from "./prompt/render.ts";
export type { ComponentAssessment } from "./registry/assess-component.ts";
export { assessComponent } from "./registry/assess-component.ts";
export { featureProblems, rolloutConflicts, servingProblems } from "./registry/assess-feature.ts";
export type { ApiKeyDraft, Role } from "./registry/assess-key.ts";
export { hasRole, keyProblems, ROLES } from "./registry/assess-key.ts";
export type { ConfigurationProblem } from "./registry/configuration-problem.ts";
export { problemPath } from "./registry/configuration-problem.ts";
export { canonicalJson } from "./release/canonical-json.ts";
export type {
  AppContent,
  Component,
  ComponentContents,
  ComponentDraft,
  ComponentKind,
  DatasetCase,
  DatasetContent,
  GuardrailsContent,
  IndexContent,
  ModelContent,
  PromptContent,
  PromptMessage,
} from "./release/component.ts";
export { COMPONENT_KINDS, componentDigest, createComponent } from "./release/component.ts";
export type { ModelPin } from "./release/pin.ts";
export { assessModelPin } from "./release/pin.ts";
export type { ComponentChange, FieldChange } from "./release/release-diff.ts";
export { diffReleases } from "./release/release-diff.ts";
export type { Release, ReleaseComponents, ReleaseId } from "./release/release.ts";
export {
  createRelease,
  parseReleaseId,
  promptIdentity,
  releaseDigest,
  releaseId,
  withComponentOf,
} from "./release/release.ts";
export { sha256Hex } from "./release/sha256.ts";
export { decide } from "./rollout/decide.ts";
export type {
  DecideInput,
  DecideOutcome,
  DecisionKind,
  Effect,
  Requirement,
  RolloutEvent,
  Transition,
} from "./rollout/decision.ts";
export { unmetRequirements } from "./rollout/requirements.ts";
export type {
  DecisionId,
  HoldCode,
  RollbackCause,
  Rollout,
  RolloutId,
  RolloutState,
} from "./rollout/rollout.ts";
export {
  currentStage,
  decisionId,
  isTerminal,
  nextStageNumber,
  rolloutId,
  routeOf,
} from "./rollout/rollout.ts";
export type { Stage, StageKind, Strategy, StrategyProblem } from "./rollout/strategy.ts";
export { percent, STAGE_KINDS, strategyProblems } from "./rollout/strategy.ts";
export { strategyToJson } from "./rollout/strategy-to-json.ts";
export { evidenceSinceMs, withTransition } from "./rollout/transition.ts";
export type {
  Arm,
  Assignment,
  AssignmentContext,
  AssignmentOutcome,
  AssignmentReason,
} from "./routing/assign.ts";
export { assign, isShadowed, otherArm } from "./routing/assign.ts";
export type {
  AttemptTarget,
  FailedAttempt,
  FailureClass,
  NextAttempt,
  NextAttemptInput,
} from "./routing/attempts.ts";
export { nextAttempt, planAttempts, planSingleAttempt } from "./routing/attempts.ts";
export { BUCKETING_ALGORITHM } from "./routing/fractional.ts";
export type {
  FeatureRoute,
  GatewayKey,
  RolloutRoute,
  ServableRelease,
  Snapshot,
} from "./routing/snapshot.ts";
export { assessGate } from "./gate/assess-gate.ts";
export { GATE_METHOD } from "./gate/gate-method.ts";
export { binOfValue, valueOfBin } from "./gate/bins.ts";
export {
  addObservation,
  addPair,
  emptyCell,
  emptyPairCell,
  mergeCells,
  mergePairCells,
  summarizeCell,
} from "./gate/cells.ts";
export { baselineProblems } from "./gate/baseline-problems.ts";
export { unreachableProblems } from "./gate/unreachable-levels.ts";
export { textOfCount } from "./gate/number-text.ts";
export { emptyEvidence, mergeEvidence } from "./gate/merge-evidence.ts";
export type {
  DecisionInputs,
  DecisionRecord,
  DecisionReplay,
  Judgement,
} from "./rollout/decision-record.ts";
export {
  DECISION_METHOD,
  ROLLOUT_METHOD,
  explainDecision,
  judge,
  replayDecision,
} from "./rollout/decision-record.ts";
export { diffStrategies } from "./rollout/diff-strategies.ts";
export {
  exposuresOfRevision,
  gateInputOf,
  stageObservationsOf,
  withExpected,
} from "./rollout/gate-input.ts";
export type { FeatureState } from "./routing/build-snapshot.ts";
export { buildSnapshot } from "./routing/build-snapshot.ts";
export { createScorer } from "./evaluation/create-scorer.ts";
export type { DriftAssessment, DriftBlock, DriftDesign } from "./statistics/drift-detector.ts";
export { assessDrift, driftDeviation } from "./statistics/drift-detector.ts";
export type {
  PatternOutcome,
  SchemaOutcome,
  ScorerOutcome,
  ScorerPorts,
} from "./evaluation/scorer.ts";
export { scoreExchange } from "./evaluation/scorer.ts";
export type { LedgerEntry, LedgerHead } from "./ledger/entry.ts";
export { appendEntry } from "./ledger/entry.ts";
export { verifyLedger } from "./ledger/verify.ts";
export { promptProblems } from "./prompt/prompt-problems.ts";
export type { EvidenceIncrement, FeatureKnowledge } from "./evaluation/evidence-increment.ts";
export type { EvaluatedBatch, ExposureIncrement } from "./evaluation/evaluate-batch.ts";
export { evaluateBatch, withBatch } from "./evaluation/evaluate-batch.ts";
export { DEFAULT_CONFIDENCE } from "./gate/confidence.ts";
export { findMetric, METRIC_CATALOGUE } from "./gate/metric-catalogue.ts";
export { metricsOfFeature } from "./gate/feature-metrics.ts";
export { metricsOfStrategy, withFrozenMetrics } from "./rollout/strategy-metrics.ts";
export type { DeclaredMetric } from "./feature/declared-metric.ts";
export type { CriteriaResult } from "./gate/parse-criterion.ts";
export { isUnknownMetric, parseCriteria } from "./gate/parse-criterion.ts";
export { frozenSlices, otherSliceOf, SLICES_MAX } from "./rollout/judged-slices.ts";
export { withFeatureLevels } from "./rollout/feature-levels.ts";
export { parseStrategy, STRATEGY_KEYS } from "./rollout/parse-strategy.ts";
export type {
  ArmObservation,
  CriterionTestPart,
  CriterionTests,
  PairedObservation,
} from "./gate/criterion-tests.ts";
export { criterionTests } from "./gate/criterion-tests.ts";
export { normalMixtureLogE, normalMixtureRho } from "./statistics/normal-mixture.ts";
export type { EventCounts, RateRatioDesign } from "./statistics/rate-ratio.ts";
export { rateRatioStageLogs } from "./statistics/rate-ratio.ts";
export type { RowNeeds } from "./planning/plan-row.ts";
export type {
  PlanInput,
  PlanRow,
  PlanRowStatus,
  PlanStage,
  SliceShare,
  StrategyPlan,
} from "./planning/strategy-plan.ts";
export { planStrategy } from "./planning/plan-strategy.ts";
export { pairNeeds } from "./planning/pair-needs.ts";
export type { AssignedUnits, StickyUnits } from "./planning/sticky-units.ts";
export { assignedUnits } from "./planning/sticky-units.ts";
export type { BrokenBound, RehearsalReport } from "./rehearsal/rehearsal-report.ts";
export { reportRehearsal } from "./rehearsal/rehearsal-report.ts";
export type { RehearsalInput, ScenarioResult } from "./rehearsal/rehearse.ts";
export { rehearse } from "./rehearsal/rehearse.ts";
export { scenariosOf } from "./rehearsal/scenario.ts";
