import type {
  AssignmentUnit,
  Feature,
  JsonObject,
  MetricDefinition,
  SliceShare,
  StickyUnits,
  Strategy,
  StrategyProblem,
} from "@spillway/core";
import {
  AppError,
  isUnknownMetric,
  METRIC_CATALOGUE,
  metricsOfFeature,
  metricsOfStrategy,
  unreachableProblems,
  withExpected,
  withFeatureLevels,
  withFrozenMetrics,
} from "@spillway/core";
import { parseStrategyDocument } from "../compose-stores.ts";

/** What a plan and a rehearsal are made from: a strategy file's content, and what is known of a feature. */
export type PlannedStrategyOptions = {
  readonly document: JsonObject;
  readonly requestsPerHour: number;
  /**
   * What the baseline shows, by metric, in the metric's unit. Of all others what the strategy expects, else
   * the catalogue's guess.
   */
  readonly baseline: Readonly<Record<string, number>>;
  readonly slices: readonly SliceShare[];
  /** Whose own metrics the criteria may name; nobody's when left out. */
  readonly feature?: Pick<Feature, "metrics"> & Partial<Pick<Feature, "scorers">>;
  /** What is assigned to an arm as one, where the strategy does not say; the request when left out. */
  readonly unit?: AssignmentUnit;
  /** How units return that are no requests; core's usual design when left out. */
  readonly stickyUnits?: StickyUnits;
  /** What `limit: sla` stands for. A strategy that says so cannot be used without. */
  readonly slaLatencyMs?: number;
};

export type PlannedStrategy = {
  readonly strategy: Strategy;
  readonly metrics: readonly MetricDefinition[];
  readonly requestsPerHour: number;
  readonly slices: readonly SliceShare[];
  readonly unit?: AssignmentUnit;
  readonly stickyUnits?: StickyUnits;
};

/** Throws AppError with every problem of the document by its path. */
export function plannedStrategy(options: PlannedStrategyOptions): PlannedStrategy {
  const { baseline, requestsPerHour, slices, slaLatencyMs = null, feature = {} } = options;
  const { document, problems } = withFeatureLevels(options.document, { slaLatencyMs });
  const [noSla] = problems;
  if (noSla !== undefined) {
    const message = `Found "sla", which each feature has of its own. Wanted --sla, such as 2.5s, or --feature with one that has promised it.`;
    throw unusable([{ path: noSla.path, message }]);
  }
  const parsed = parseStrategyDocument(document, [{ scorers: [], ...feature }]);
  if (parsed.kind === "problems") throw unusable(withFeatureHint(parsed.problems, options.feature));
  const metrics = metricsOfFeature(feature, METRIC_CATALOGUE);
  const strategy = withFrozenMetrics(parsed.strategy, metrics, METRIC_CATALOGUE);
  const judgeable = metricsOfStrategy(strategy, METRIC_CATALOGUE);
  const known = new Set([...metrics, ...judgeable].map(({ name }) => name));
  const unknown = Object.keys(baseline).find((name) => !known.has(name));
  if (unknown !== undefined) {
    const hint = options.feature === undefined ? ` ${FEATURE_HINT}` : "";
    throw new AppError("invalid_configuration", `There is no metric "${unknown}".${hint}`);
  }
  for (const metric of [...metrics, ...judgeable]) {
    const level = Object.hasOwn(baseline, metric.name) ? baseline[metric.name] : undefined;
    if (level === undefined || isPossible(metric, level)) continue;
    throw new AppError(
      "invalid_configuration",
      `A baseline of ${metric.name} at ${level} cannot be: it lies between 0 and 1. 15% is 0.15.`,
    );
  }
  const frozen = asFrozen(strategy, { baseline, slices });
  const expecting = judgeable.map((metric) => withExpected(metric, frozen));
  const unreachable = unreachableProblems(frozen.criteria, expecting);
  if (unreachable.length > 0) throw unusable(unreachable);
  return {
    strategy: frozen,
    metrics: judgeable,
    requestsPerHour,
    slices,
    ...(options.unit === undefined ? {} : { unit: options.unit }),
    ...(options.stickyUnits === undefined ? {} : { stickyUnits: options.stickyUnits }),
  };
}

const FEATURE_HINT = "If a feature declares it, name the feature with --feature <key>.";

/** Without a feature nobody's own metrics are known, which reads like a slip of the pen. */
function withFeatureHint(
  problems: readonly StrategyProblem[],
  feature: PlannedStrategyOptions["feature"],
): readonly StrategyProblem[] {
  if (feature !== undefined) return problems;
  return problems.map((problem) =>
    isUnknownMetric(problem)
      ? { ...problem, message: `${problem.message} ${FEATURE_HINT}` }
      : problem,
  );
}

function unusable(problems: readonly StrategyProblem[]): AppError {
  const list = problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
  return new AppError("invalid_configuration", `The strategy cannot be used.\n${list}`, {
    details: { problems },
  });
}

/** A rate is a share; other metrics say their range themselves, and what lies beyond it is clipped. */
function isPossible({ kind }: MetricDefinition, level: number): boolean {
  return kind !== "binary" || (level >= 0 && level <= 1);
}

/** As a rollout would freeze it: with what is known of the baseline and of the slices. */
function asFrozen(
  strategy: Strategy,
  { baseline, slices }: Pick<PlannedStrategyOptions, "baseline" | "slices">,
): Strategy {
  const expected = { ...strategy.expected, ...baseline };
  return {
    ...strategy,
    ...(Object.keys(expected).length === 0 ? {} : { expected }),
    slices: strategy.slices ?? slices.map(({ name }) => name),
  };
}
