import { parseDurationSeconds } from "../duration.ts";
import { isJsonObject } from "../json.ts";
import type { Comparison, Criterion, UndecidedAction } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import { OPEN_METRIC_NAMES, openMetric } from "./metric-catalogue.ts";
import type { CriterionProblem } from "./parse-comparison.ts";
import { parseComparison, show } from "./parse-comparison.ts";

export type CriteriaResult =
  | { readonly kind: "parsed"; readonly criteria: readonly Criterion[] }
  | { readonly kind: "problems"; readonly problems: readonly CriterionProblem[] };

const KEYS: readonly string[] = [
  "metric",
  "hold",
  "rollback",
  "limit",
  "tolerance",
  "maximum_rate",
  "within",
  "over",
  "slices",
  "on_inconclusive",
  "on_no_data",
  "on_error",
];

// Evidence is kept by the minute.
const SHORTEST_OVER_SECONDS = 60;

const ACTIONS: readonly UndecidedAction[] = ["extend", "hold", "rollback"];

/**
 * Parses the criteria of a gate, a map from criterion id to its thresholds:
 *
 *     quality: { hold: "-5%", rollback: "-10%" }
 *     edit_rate: { rollback: "+2pp", within: 24h }
 *     correction_rate: { rollback: "1.5x" }
 *     latency_p95: { limit: 2.5s }
 *     error_rate: { limit: 5%, over: 15m }
 *     harmful_content: { tolerance: zero }
 *
 * The id is the metric's name unless `metric` is given. All problems are returned together.
 *
 * @param source What the YAML holds, already parsed to plain values.
 * @param path Where it stands in its document, for the messages.
 */
export function parseCriteria(
  source: unknown,
  metrics: readonly MetricDefinition[],
  path = "gate",
): CriteriaResult {
  if (!isJsonObject(source)) {
    const message = `Found ${show(source)}. Wanted criteria by name, such as quality: { rollback: "-10%" }.`;
    return { kind: "problems", problems: [{ path, message }] };
  }
  const criteria: Criterion[] = [];
  const problems: CriterionProblem[] = [];
  for (const [id, fields] of Object.entries(source)) {
    const parsed = parseCriterion({ id, source: fields, metrics, path: `${path}.${id}` });
    if (parsed.kind === "parsed") criteria.push(parsed.criterion);
    else problems.push(...parsed.problems);
  }
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "parsed", criteria };
}

export type CriterionResult =
  | { readonly kind: "parsed"; readonly criterion: Criterion }
  | { readonly kind: "problems"; readonly problems: readonly CriterionProblem[] };

export type CriterionSource = {
  readonly id: string;
  readonly source: unknown;
  readonly metrics: readonly MetricDefinition[];
  readonly path: string;
};

/** Parses one criterion; see {@link parseCriteria}. */
function parseCriterion({ id, source, metrics, path }: CriterionSource): CriterionResult {
  const problems: CriterionProblem[] = [];
  const report = (at: string, message: string): void => {
    problems.push({ path: at, message });
  };
  if (!isJsonObject(source)) {
    report(path, `Found ${show(source)}. Wanted thresholds, such as { rollback: "-10%" }.`);
    return { kind: "problems", problems };
  }
  const fields: Readonly<Record<string, unknown>> = source;
  for (const key of Object.keys(fields)) {
    if (!KEYS.includes(key)) {
      report(`${path}.${key}`, `Unknown key "${key}". Known are ${KEYS.join(", ")}.`);
    }
  }
  const metricName = fields["metric"] ?? id;
  const open = typeof metricName === "string" ? openMetric(metricName) : undefined;
  const metric = metrics.find((known) => known.name === metricName) ?? open;
  if (metric === undefined) {
    const at = fields["metric"] === undefined ? path : `${path}.metric`;
    report(at, unknownMetricMessage(metricName, metrics));
    return { kind: "problems", problems };
  }
  const comparison = parseComparison({ metric, path, fields, report });
  const rest = parseRest(fields, path, report);
  if (comparison === null || problems.length > 0) return { kind: "problems", problems };
  const { slices, ...others } = rest;
  const perSlice = slices ?? isJudgedPerSlice(comparison);
  return {
    kind: "parsed",
    criterion: { id, metric: metric.name, comparison, perSlice, ...others },
  };
}

type Report = (path: string, message: string) => void;

function parseRest(fields: Readonly<Record<string, unknown>>, path: string, report: Report) {
  const duration = (key: "within" | "over"): number | null => {
    const found = fields[key];
    if (found === undefined || found === null) return null;
    const seconds = typeof found === "string" ? parseDurationSeconds(found) : null;
    const least = key === "within" ? 1 : SHORTEST_OVER_SECONDS;
    if (seconds !== null && seconds >= least) return seconds;
    const atLeast = key === "over" ? " of at least a minute" : "";
    report(
      `${path}.${key}`,
      `Found ${show(found)}. Wanted a duration${atLeast}, such as "24h" or "90m".`,
    );
    return null;
  };
  const withinSeconds = duration("within");
  const overSeconds = duration("over");
  if (overSeconds !== null && fields["tolerance"] !== undefined) {
    report(`${path}.over`, "The first event rolls back, over whatever time. Remove it.");
  }
  const slices = fields["slices"];
  if (slices !== undefined && typeof slices !== "boolean") {
    report(`${path}.slices`, `Found ${show(slices)}. Wanted true or false.`);
  }
  const action = (key: string): UndecidedAction => {
    const found = fields[key] ?? "hold";
    const known = ACTIONS.find((candidate) => candidate === found);
    if (known !== undefined) return known;
    report(
      `${path}.${key}`,
      `Found ${show(found)}. Wanted one of ${ACTIONS.join(", ")}; doubt never passes.`,
    );
    return "hold";
  };
  return {
    withinSeconds,
    overSeconds,
    slices: typeof slices === "boolean" ? slices : null,
    onInconclusive: action("on_inconclusive"),
    onNoData: action("on_no_data"),
    onError: action("on_error"),
  };
}

/** Changes are compared within each slice; absolute bounds hold for all traffic together. */
function isJudgedPerSlice(comparison: Comparison): boolean {
  return comparison.kind === "relative" || comparison.kind === "difference";
}

function unknownMetricMessage(found: unknown, metrics: readonly MetricDefinition[]): string {
  const names = metrics.map((metric) => metric.name);
  const close = names.filter((name) => typeof found === "string" && isClose(name, found));
  const hint =
    close.length > 0
      ? `Did you mean ${close.join(" or ")}?`
      : `Known are ${names.join(", ")}, ${OPEN_METRIC_NAMES}, and what a feature declares.`;
  return `${UNKNOWN_METRIC} ${show(found)}. ${hint}`;
}

const UNKNOWN_METRIC = "Unknown metric";

/** Whether a criterion names a metric that nobody has defined, which a feature may still do. */
export function isUnknownMetric({ message }: CriterionProblem): boolean {
  return message.startsWith(UNKNOWN_METRIC);
}

function isClose(name: string, found: string): boolean {
  const [left, right] = [name, found].map((text) =>
    text.toLowerCase().replaceAll(/[^a-z0-9]/g, ""),
  );
  if (left === undefined || right === undefined || right === "") return false;
  return left.startsWith(right.slice(0, 5)) || right.startsWith(left.slice(0, 5));
}
