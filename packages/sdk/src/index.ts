export type {
  CallInput,
  CallOutput,
  ControlClient,
  ControlClientOptions,
} from "./control-client.ts";
export { createControlClient } from "./control-client.ts";
export type { FeedbackClient, FeedbackClientOptions } from "./feedback-client.ts";
export { createFeedbackClient } from "./feedback-client.ts";
export type { ComparisonKind, MetricUnit } from "./harm.ts";
export { comparisonKind, harmInWords, metricInWords, oddsInWords, unitOfMetric } from "./harm.ts";
export type { SpillwayErrorFields } from "./spillway-error.ts";
export { SpillwayError } from "./spillway-error.ts";
