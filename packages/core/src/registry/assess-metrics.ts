import { correctedField, RESERVED_VALUE_NAMES } from "../evaluation/feedback-numbers.ts";
import type { DeclaredMetric } from "../feature/declared-metric.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { shown } from "../shown.ts";
import type { ConfigurationProblem } from "./configuration-problem.ts";

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const RATING = "rating";

/** What is wrong with the metrics that a feature declares, each by its path. */
export function metricProblems(metrics: readonly DeclaredMetric[]): ConfigurationProblem[] {
  return metrics.flatMap((metric, index) => {
    const found = [
      nameProblem(metric, metrics.slice(0, index)),
      sourceProblem(metric),
      unitProblem(metric),
      rangeProblem(metric),
      expectedProblem(metric),
    ];
    return found.flatMap((problem) =>
      problem === null
        ? []
        : [{ path: `metrics[${index}].${problem.path}`, message: problem.message }],
    );
  });
}

type Problem = ConfigurationProblem | null;

function nameProblem({ name }: DeclaredMetric, before: readonly DeclaredMetric[]): Problem {
  const path = "name";
  if (!NAME.test(name)) {
    const message = `Found ${shown(name)}, wanted small letters, digits and "_", such as appeal_rate.`;
    return { path, message };
  }
  if (METRIC_CATALOGUE.some((known) => known.name === name)) {
    return { path, message: `"${name}" is there without being declared. Wanted another name.` };
  }
  if (!before.some((other) => other.name === name)) return null;
  return { path, message: `"${name}" is declared twice.` };
}

function sourceProblem({ source, kind, direction }: DeclaredMetric): Problem {
  if (source === undefined || source === RATING) return null;
  const path = "source";
  if (RESERVED_VALUE_NAMES.has(source)) {
    const message = `Found "${source}", whose numbers are those of a metric of the catalogue. Wanted the name of a feedback value or of a scorer's metric.`;
    return { path, message };
  }
  const field = correctedField(source);
  if (field === null) {
    if (NAME.test(source)) return null;
    const message = `Found ${shown(source)}, wanted the name of a feedback value, "${RATING}", or "corrected.<field>".`;
    return { path, message };
  }
  if (field !== "" && kind === "binary" && direction === "lower_is_better") return null;
  const message = `Found ${shown(source)}: a correction is an event that is harm. Wanted a field's name, kind: binary and direction: lower_is_better.`;
  return { path, message };
}

function unitProblem({ kind, unit = "share" }: DeclaredMetric): Problem {
  if (kind !== "binary" || unit === "share") return null;
  return {
    path: "unit",
    message: `Found ${shown(unit)}. A binary metric is a share: leave it out.`,
  };
}

function rangeProblem({ kind, range }: DeclaredMetric): Problem {
  if (range === undefined) return null;
  const path = "range";
  if (kind !== "bounded") {
    return { path, message: `A ${kind} metric has none. Wanted kind: bounded, or no range.` };
  }
  const [low, high] = range;
  if (low < high) return null;
  return { path, message: `Found ${low} to ${high}, wanted the lower end first.` };
}

function expectedProblem({ kind, range, expected }: DeclaredMetric): Problem {
  const { value, spread } = expected;
  const [low, high] =
    kind === "bounded" ? (range ?? [0, 1]) : [0, kind === "binary" ? 1 : Infinity];
  const isInside = value >= low && value <= high && (kind !== "heavy_tailed" || value > 0);
  if (!isInside) {
    const wanted = kind === "heavy_tailed" ? "more than 0" : `${low} to ${high}`;
    return { path: "expected.value", message: `Found ${value}, wanted ${wanted}.` };
  }
  if (spread === undefined || spread > 0) return null;
  return { path: "expected.spread", message: `Found ${spread}, wanted more than 0.` };
}
