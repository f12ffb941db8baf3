export { ActionBody, Problem, Role } from "./common.ts";
export { Feedback, FeedbackBatch, FeedbackDraft, FeedbackReceipt } from "./feedback.ts";
export { openApiDocument } from "./openapi.ts";
export {
  ChangeEvent,
  CreatedKey,
  ExchangeBatch,
  ExchangeReceipt,
  ExchangeView,
  Gateway,
  GatewayReport,
  Health,
  Key,
  KeyDraft,
  LedgerEntry,
  LedgerVerification,
  WhoAmI,
} from "./operation.ts";
export {
  ApplyBody,
  ApplyResult,
  Component,
  ComponentChange,
  ComponentDraft,
  ComponentSummary,
  Feature,
  FeatureDraft,
  Release,
  ReleaseDiff,
  ReleaseDraft,
  Stage,
  Strategy,
  StrategyDocument,
} from "./registry.ts";
export {
  Decision,
  DecisionSummary,
  Explanation,
  FeatureMove,
  FeatureRollbackBody,
  FeatureStatus,
  FeatureTraffic,
  GateReport,
  Replay,
  RolloutAction,
  RolloutActionBody,
  RolloutDetail,
  RolloutDraft,
  RolloutSummary,
  Verdict,
  WhoServed,
} from "./rollouts.ts";
export { EVENT_STREAMS, ROUTES } from "./routes.ts";
export type { RouteContract } from "./route-contract.ts";
export type { RouteName } from "./routes.ts";
