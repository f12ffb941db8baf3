import type { JsonObject, MetricDefinition, SliceShare, Strategy } from "@spillway/core";
import { AppError, METRIC_CATALOGUE } from "@spillway/core";
import { parseStrategyDocument } from "../compose-stores.ts";

/** What a plan and a rehearsal are made from: a strategy file's content, and what is known of a feature. */
export type PlannedStrategyOptions = {
  readonly document: JsonObject;
  readonly requestsPerHour: number;
  /** What the baseline shows, by metric, in the metric's unit; the catalogue's guess for all others. */
  readonly baseline: Readonly<Record<string, number>>;
  readonly slices: readonly SliceShare[];
};

export type PlannedStrategy = {
  readonly strategy: Strategy;
  readonly metrics: readonly MetricDefinition[];
  readonly requestsPerHour: number;
  readonly slices: readonly SliceShare[];
};

/** Throws AppError with every problem of the document by its path. */
export function plannedStrategy(options: PlannedStrategyOptions): PlannedStrategy {
  const { document, baseline, requestsPerHour, slices } = options;
  const parsed = parseStrategyDocument(document);
  if (parsed.kind === "problems") {
    const list = parsed.problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
    throw new AppError("invalid_configuration", `The strategy cannot be used.\n${list}`);
  }
  const known = new Set(METRIC_CATALOGUE.map(({ name }) => name));
  const unknown = Object.keys(baseline).find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw new AppError("invalid_configuration", `There is no metric "${unknown}".`);
  }
  const metrics = METRIC_CATALOGUE.map((metric) => withExpected(metric, baseline[metric.name]));
  return { strategy: parsed.strategy, metrics, requestsPerHour, slices };
}

/** A known spread stays as it is; that of a tail grows with its mean. */
function withExpected(metric: MetricDefinition, value: number | undefined): MetricDefinition {
  if (value === undefined) return metric;
  const before = metric.expected;
  if (before?.spread === undefined) return { ...metric, expected: { value } };
  const factor = metric.kind === "heavy_tailed" ? value / before.value : 1;
  return { ...metric, expected: { value, spread: before.spread * factor } };
}
