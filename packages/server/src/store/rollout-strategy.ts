import type { Feature, JsonObject, MetricDefinition, Strategy } from "@spillway/core";
import {
  AppError,
  baselineProblems,
  DEFAULT_CONFIDENCE,
  metricsOfFeature,
  parseCriteria,
  parseStrategy,
  strategyProblems,
  withFeatureLevels,
  withFrozenMetrics,
} from "@spillway/core";
import type { StrategyRecord } from "../ports/registry-records.ts";
import type { Database } from "./database.ts";
import { loadTypicalLevels } from "./typical-levels.ts";
import { loadTypicalRates } from "./typical-rates.ts";
import { loadTypicalSlices } from "./typical-slices.ts";

export type StrategySource =
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "document"; readonly document: JsonObject };

export type StrategyDeps = {
  readonly database: Database;
  readonly metrics: readonly MetricDefinition[];
  /** Those that come with the server, by name. */
  readonly builtInStrategies?: ReadonlyMap<string, StrategyRecord>;
};

/** The document that was meant: the one given, a stored one, or one that comes with the server. */
export async function findStrategyDocument(
  { database, builtInStrategies = new Map() }: StrategyDeps,
  source: StrategySource,
): Promise<JsonObject> {
  if (source.kind === "document") return source.document;
  const row = await database.kysely
    .selectFrom("strategies as s")
    .select("s.document")
    .where("s.name", "=", source.name)
    .executeTakeFirst();
  if (row !== undefined) return row.document as JsonObject;
  const builtIn = builtInStrategies.get(source.name);
  if (builtIn !== undefined) return builtIn.document;
  const stored = await database.kysely
    .selectFrom("strategies as s")
    .select("s.name")
    .orderBy("s.name")
    .limit(50)
    .execute();
  const names = [...stored.map(({ name }) => name), ...builtInStrategies.keys()].join(", ");
  throw new AppError(
    "not_found",
    `There is no strategy "${source.name}". Known are: ${names === "" ? "none" : names}.`,
  );
}

/**
 * The strategy that a document means for a feature, with everything frozen that the feature brings to it: its
 * SLA, its own metrics, and what its baseline has shown. Throws AppError with every problem by its path.
 */
export async function fitStrategy(
  deps: StrategyDeps,
  of: {
    readonly document: JsonObject;
  } & Fitted,
): Promise<Strategy> {
  const { feature } = of;
  const metrics = metricsOfFeature(feature, deps.metrics);
  const levelled = withFeatureLevels(of.document, feature);
  const parsed = parseStrategy(levelled.document, {
    parseGate: (gate) => parseCriteria(gate, metrics),
    defaultConfidence: DEFAULT_CONFIDENCE,
  });
  if (parsed.kind === "problems") throw unusable([...levelled.problems, ...parsed.problems]);
  const wanted = undefinedMoves(parsed.strategy, metrics);
  const known = of.revised?.expected ?? {};
  const judgedBefore = new Set(of.revised?.criteria.map(({ metric }) => metric));
  const source = { feature: feature.key, release: of.baseline, nowMs: of.nowMs };
  // A limit is judged without it, but must not be one that the baseline breaks already.
  const limited = limitedMetrics(parsed.strategy, metrics);
  const rates = ratesOf(parsed.strategy, metrics);
  const isUnknown = ({ name }: MetricDefinition): boolean => !Object.hasOwn(known, name);
  const isNew = (metric: MetricDefinition): boolean =>
    isUnknown(metric) && !judgedBefore.has(metric.name);
  const measured = [...new Set([...wanted.filter(isUnknown), ...limited.filter(isNew)])];
  const frozen = [...wanted, ...rates].flatMap(({ name }) => {
    const level = known[name];
    return level === undefined ? [] : [[name, level] as const];
  });
  const seen = await loadTypicalRates(deps.database, source, rates.filter(isNew));
  const typical = {
    ...seen.known,
    ...(await loadTypicalLevels(deps.database, source, measured)),
    ...Object.fromEntries(frozen),
  };
  const problems = [
    ...levelled.problems,
    ...strategyProblems(parsed.strategy, feature.tier),
    ...baselineProblems(
      parsed.strategy.criteria,
      withLevels(metrics, { ...typical, ...parsed.strategy.expected }),
    ),
    ...wanted.filter(({ name }) => !Object.hasOwn(typical, name)).map(unknownLevel),
    ...parsed.strategy.stages.flatMap((stage, index) => ringProblems(stage.ring, index, feature)),
  ];
  if (problems.length > 0) throw unusable(problems);
  const slices = parsed.strategy.slices ?? (await frozenSlices(deps, of));
  const expected = { ...seen.rough, ...typical, ...parsed.strategy.expected };
  const fitted = {
    ...parsed.strategy,
    ...(Object.keys(expected).length === 0 ? {} : { expected }),
    slices,
  };
  return withFrozenMetrics(fitted, metrics, deps.metrics);
}

/** What a strategy is fitted to. */
type Fitted = {
  readonly feature: Feature;
  readonly baseline: string;
  readonly candidate: string;
  readonly nowMs: number;
  /**
   * The strategy that is revised. What its baseline was known to show is frozen, and what was not known of a
   * metric that it judges is not measured now: the same strategy again would differ by it.
   */
  readonly revised?: Pick<Strategy, "criteria" | "expected" | "slices">;
};

async function frozenSlices(
  { database }: StrategyDeps,
  { feature, baseline, candidate, nowMs, revised }: Fitted,
): Promise<readonly string[]> {
  if (revised?.slices !== undefined) return revised.slices;
  return await loadTypicalSlices(database, { feature, releases: [baseline, candidate], nowMs });
}

/** Rates that the strategy judges and says nothing of. What must never happen has no usual rate. */
function ratesOf(
  { criteria, expected = {} }: Strategy,
  metrics: readonly MetricDefinition[],
): MetricDefinition[] {
  const names = new Set(
    criteria.filter((of) => of.comparison.kind !== "zero_tolerance").map((of) => of.metric),
  );
  return metrics.filter(
    ({ name, kind }) => kind === "binary" && names.has(name) && !Object.hasOwn(expected, name),
  );
}

function limitedMetrics(
  { criteria }: Strategy,
  metrics: readonly MetricDefinition[],
): MetricDefinition[] {
  const names = new Set(
    criteria.filter((of) => of.comparison.kind === "limit").map((of) => of.metric),
  );
  return metrics.filter(({ name }) => names.has(name));
}

/** Metrics whose move against the baseline has no meaning until it is known what the baseline shows. */
function undefinedMoves(
  strategy: Strategy,
  metrics: readonly MetricDefinition[],
): MetricDefinition[] {
  const names = new Set(
    strategy.criteria.filter((of) => of.comparison.kind !== "limit").map((of) => of.metric),
  );
  return metrics.filter(({ name, kind, expected }) => {
    const isKnown = expected !== undefined || Object.hasOwn(strategy.expected ?? {}, name);
    return names.has(name) && !isKnown && (kind === "quantile" || kind === "heavy_tailed");
  });
}

function unknownLevel({ name, unit }: MetricDefinition) {
  return {
    path: `expected.${name}`,
    message: `What the baseline shows of ${name} is not known: it has too few answers of the last 7 days. Wanted at least 100 of them, or a level in ${unit} in a copy of the strategy, expected: { ${name}: ... }.`,
  };
}

/** What is known of the baseline in place of the catalogue's guesses. */
function withLevels(
  metrics: readonly MetricDefinition[],
  levels: Readonly<Record<string, number>>,
): MetricDefinition[] {
  return metrics.map((metric) => {
    const value = Object.hasOwn(levels, metric.name) ? levels[metric.name] : undefined;
    return value === undefined ? metric : { ...metric, expected: { value } };
  });
}

function ringProblems(ring: string | undefined, index: number, feature: Feature) {
  const isThere = feature.rules.some((rule) => rule.ring === ring && rule.arm === "candidate");
  if (ring === undefined || isThere) return [];
  const message = `${feature.key} has no ring "${ring}". Wanted a rule of the feature such as { ring: ${ring}, attribute: tenant, values: [...], arm: candidate }.`;
  return [{ path: `stages[${index}].ring`, message }];
}

function unusable(problems: readonly { readonly path: string; readonly message: string }[]) {
  const list = problems.map(({ path, message }) => `${path}: ${message}`).join(" ");
  return new AppError("invalid_configuration", `The strategy cannot be used. ${list}`, {
    details: { problems: problems.map(({ path, message }) => ({ path, message })) },
  });
}
