import type { MetricDefinition } from "./metric.ts";
import { openMetric } from "./metric-catalogue.ts";

/** What the gateway measures on every call by itself, by source (observations.ts). */
const MEASURED_SOURCES: readonly string[] = [
  "error_rate",
  "fallback_rate",
  "latency_ms",
  "first_token_ms",
  "cost_usd",
  "tokens",
  "input_tokens",
  "output_tokens",
];

/**
 * Where a metric's numbers come from when it is not measured on the call, as the part of a sentence: who sees
 * none has to know what to send. Empty for what comes by itself.
 */
export function originText({ name, source = name, isFeedback }: MetricDefinition): string {
  if (MEASURED_SOURCES.includes(source)) return "";
  if (isFeedback === true) {
    return "; its numbers come with feedback on answers that people used (POST /v1/feedback)";
  }
  if (openMetric(name) !== undefined) {
    return "; its numbers come from a scorer of the feature, or as a feedback value of this name";
  }
  return (
    "; its numbers come from a scorer of the feature, and if that compares with a dataset case, only for " +
    "requests that name the case (metadata.item_id)"
  );
}
