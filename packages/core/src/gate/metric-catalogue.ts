import type { MetricDefinition } from "./metric.ts";

type Definition = Omit<MetricDefinition, "name" | "kind" | "direction" | "unit" | "description">;

/**
 * The metrics that exist without being declared. `expected` is a guess of what a healthy feature shows;
 * for rates, and for latencies, costs and tokens that are judged against the baseline, a rollout puts in what
 * the feature has shown in the last week, frozen at the start. A strategy may write any down (`expected`).
 * Costs and tokens have no guess, because none would fit two features.
 *
 * A heavy tail is clipped at 20 times its expected mean, scores at the ends of their range; labels that
 * people give later say how much later.
 */
export const METRIC_CATALOGUE: readonly MetricDefinition[] = [
  score("quality", "Mean of the quality score of the answers.", 0.8),
  score("fact_coverage", "Share of the required facts that the answer contains.", 0.85),
  score("field_completeness", "Share of the required fields that the answer fills.", 0.95),
  score("similarity", "Similarity of the candidate's answer to the baseline's.", 0.85),
  score("confidence", "Mean of the confidence that the answer states or the model reports.", 0.8),
  good("exact_match", "Share of answers equal to the reference answer.", 0.8),
  good("format_valid", "Share of answers that parse in the demanded format.", 0.98),
  good("length_in_bounds", "Share of answers whose length is within the bounds.", 0.95),
  good("quality_sla", "Share of answers that meet the feature's quality threshold.", 0.9),
  good("cache_hit_rate", "Share of requests answered from the response cache.", 0.3),
  harm("forbidden_strings", "Share of answers that contain a forbidden string.", 0.002),
  {
    ...harm("edit_rate", "Share of answers that the user changed before using them.", 0.15),
    expectedDelaySeconds: 1_800,
    isFeedback: true,
  },
  {
    ...score("edit_distance", "Mean part of the answer's words that the user changed.", 0.05),
    direction: "lower_is_better",
    expectedDelaySeconds: 1_800,
    isFeedback: true,
  },
  {
    ...harm("correction_rate", "Share of answers that the user reported as wrong.", 0.08),
    expectedDelaySeconds: 3_600,
    isFeedback: true,
  },
  // Below the usual bound of 8%: a release that differs more is looked at by people.
  harm("divergence", "Share of pairs whose answers differ in substance.", 0.05),
  harm("disagreement", "Share of pairs whose decisions differ.", 0.1),
  harm("error_rate", "Share of calls that failed.", 0.01),
  harm("guardrail_trips", "Share of answers that a guardrail stopped or changed.", 0.002),
  harm("harmful_content", "Share of answers with confirmed harmful content.", 0.001),
  harm("leak", "Share of answers with a confirmed leak of private data.", 0.001),
  harm("refusal_rate", "Share of answers that refuse the task.", 0.02),
  harm("fallback_rate", "Share of requests that a fallback answered.", 0.01),
  latency(
    "latency_p50",
    { source: "latency_ms", quantile: 0.5 },
    "Median time to the complete answer.",
  ),
  latency(
    "latency_p95",
    { source: "latency_ms", quantile: 0.95 },
    "95th percentile of the time to the complete answer.",
  ),
  latency(
    "latency_p99",
    { source: "latency_ms", quantile: 0.99 },
    "99th percentile of the time to the complete answer.",
  ),
  latency(
    "time_to_first_token_p50",
    { source: "first_token_ms", quantile: 0.5 },
    "Median time to first token.",
  ),
  latency(
    "time_to_first_token_p95",
    { source: "first_token_ms", quantile: 0.95 },
    "95th percentile of the time to the first token.",
  ),
  latency(
    "time_to_first_token_p99",
    { source: "first_token_ms", quantile: 0.99 },
    "99th percentile of the time to the first token.",
  ),
  tail("cost_per_call", "Mean cost of one call.", { unit: "usd", source: "cost_usd" }),
  tail("tokens_per_call", "Mean number of input and output tokens of one call.", {
    unit: "tokens",
    source: "tokens",
  }),
  tail("input_tokens_per_call", "Mean number of input tokens of one call.", {
    unit: "tokens",
    source: "input_tokens",
  }),
  tail("output_tokens_per_call", "Mean number of output tokens of one call.", {
    unit: "tokens",
    source: "output_tokens",
  }),
  tail("length_ratio", "Mean length of the candidate's answer over the baseline's.", {
    unit: "ratio",
    expected: { value: 1, spread: 0.5, isGuess: true },
  }),
];

/** The built-in definition of a metric, or undefined. */
export function findMetric(name: string): MetricDefinition | undefined {
  return METRIC_CATALOGUE.find((metric) => metric.name === name) ?? openMetric(name);
}

/** Categories are the guardrails' own, so that any may be named. */
const GUARDRAIL_CATEGORY = /^guardrail_trips_([a-z0-9_]{1,40})$/;

/** How names of an open form are told to people. */
export const OPEN_METRIC_NAMES = "guardrail_trips_<category>";

/** The definition of a metric whose form of name says all: the trips of one category. */
export function openMetric(name: string): MetricDefinition | undefined {
  const category = GUARDRAIL_CATEGORY.exec(name)?.[1];
  if (category === undefined) return undefined;
  const words = category.replaceAll("_", " ");
  return harm(
    name,
    `Share of answers that a guardrail against ${words} stopped or changed.`,
    0.002,
  );
}

function score(name: string, description: string, expected: number): MetricDefinition {
  return {
    name,
    kind: "bounded",
    direction: "higher_is_better",
    unit: "score",
    range: [0, 1],
    description,
    expected: { value: expected, spread: 0.2, isGuess: true },
  };
}

function good(name: string, description: string, expected: number): MetricDefinition {
  return {
    name,
    kind: "binary",
    direction: "higher_is_better",
    unit: "share",
    description,
    expected: { value: expected, isGuess: true },
  };
}

function harm(name: string, description: string, expected: number): MetricDefinition {
  return { ...good(name, description, expected), direction: "lower_is_better" };
}

function latency(
  name: string,
  { source, quantile }: { readonly source: string; readonly quantile: number },
  description: string,
): MetricDefinition {
  return {
    name,
    kind: "quantile",
    direction: "lower_is_better",
    unit: "ms",
    quantile,
    source,
    description,
  };
}

function tail(
  name: string,
  description: string,
  rest: Definition & { readonly unit: string },
): MetricDefinition {
  return { name, kind: "heavy_tailed", direction: "lower_is_better", description, ...rest };
}
