import type { Comparison } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";
import type { Amount } from "./parse-amount.ts";
import { fitsUnit, parseAmount } from "./parse-amount.ts";

/** What is wrong with a policy: where, what was found, what was wanted, how to fix it. */
export type CriterionProblem = { readonly path: string; readonly message: string };

/**
 * Default of `maximum_rate`: what promotion of a zero-tolerance criterion must rule out. 0.5% needs
 * about 600 clean answers at the last step and a quarter of that at the first; less would hold up
 * every rollout of a small feature, and the first event still rolls back.
 */
const DEFAULT_MAXIMUM_RATE = 0.005;

export type ComparisonSource = {
  readonly metric: MetricDefinition;
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Collects what is wrong. */
  readonly report: (path: string, message: string) => void;
};

/** The comparison that the threshold keys describe; null when it was reported why there is none. */
export function parseComparison(source: ComparisonSource): Comparison | null {
  const { fields, path, report } = source;
  const kinds = ["rollback", "limit", "tolerance"].filter((key) => fields[key] !== undefined);
  if (kinds.length === 0) {
    report(
      path,
      `It has no threshold. Wanted one of "rollback", "limit" or "tolerance", for example ` +
        `${exampleOf(source.metric)}.`,
    );
    return null;
  }
  if (kinds.length > 1) {
    report(path, `It has ${kinds.join(" and ")}. Wanted only one; make two criteria of it.`);
    return null;
  }
  if (kinds[0] === "tolerance") return parseZeroTolerance(source);
  return kinds[0] === "limit" ? parseLimit(source) : parseChange(source);
}

function parseZeroTolerance({ fields, metric, path, report }: ComparisonSource): Comparison | null {
  if (fields["tolerance"] !== "zero") {
    report(`${path}.tolerance`, `Found ${show(fields["tolerance"])}. Wanted "zero".`);
    return null;
  }
  if (fields["hold"] !== undefined) {
    report(
      `${path}.hold`,
      `Zero tolerance has no hold level: the first event rolls back. Remove it.`,
    );
    return null;
  }
  if (metric.kind !== "binary" || metric.direction !== "lower_is_better") {
    report(
      `${path}.tolerance`,
      `"${metric.name}" is not an event that is harm. Wanted a yes-or-no metric where lower is ` +
        `better, such as harmful_content; for this one write a "limit".`,
    );
    return null;
  }
  const source = fields["maximum_rate"];
  if (source === undefined) return { kind: "zero_tolerance", maximumRate: DEFAULT_MAXIMUM_RATE };
  const amount = parseAmount(source);
  const rate =
    amount?.kind === "percent" || amount?.kind === "absolute" ? amount.value : Number.NaN;
  if (!(rate > 0 && rate < 1)) {
    report(`${path}.maximum_rate`, `Found ${show(source)}. Wanted a rate such as "0.1%".`);
    return null;
  }
  return { kind: "zero_tolerance", maximumRate: rate };
}

function parseLimit(source: ComparisonSource): Comparison | null {
  const rollback = parseLevel(source, "limit");
  if (rollback === null) return null;
  if (source.fields["hold"] === undefined) return { kind: "limit", hold: null, rollback };
  const hold = parseLevel(source, "hold");
  if (hold === null) return null;
  const isLower = source.metric.direction === "lower_is_better";
  if (isLower ? hold >= rollback : hold <= rollback) {
    source.report(
      `${source.path}.hold`,
      `The hold level ${show(source.fields["hold"])} is not before the limit ` +
        `${show(source.fields["limit"])}. Wanted a ${isLower ? "smaller" : "larger"} value: a ` +
        `rollout holds before it rolls back.`,
    );
    return null;
  }
  return { kind: "limit", hold, rollback };
}

/** A level of a limit in the metric's unit. */
function parseLevel(source: ComparisonSource, key: "limit" | "hold"): number | null {
  const { metric, path, report } = source;
  const found = source.fields[key];
  const amount = parseAmount(found);
  const isShare = metric.unit === "share" || metric.unit === "score";
  const isLevel =
    amount !== null &&
    (amount.kind === "absolute" || (amount.kind === "percent" && isShare)) &&
    fitsUnit(amount, metric) &&
    isInRange(metric, amount.value);
  if (!isLevel) {
    report(
      `${path}.${key}`,
      `Found ${show(found)}. Wanted a level in ${metric.unit}, ${levelHint(metric)}.`,
    );
    return null;
  }
  return amount.value;
}

function isInRange(metric: MetricDefinition, level: number): boolean {
  if (metric.kind === "heavy_tailed" || metric.kind === "quantile") return level > 0;
  const [low, high] = metric.kind === "binary" ? [0, 1] : (metric.range ?? [0, 1]);
  return level > low && level < high;
}

function parseChange(source: ComparisonSource): Comparison | null {
  const rollback = parseHarm(source, "rollback");
  if (rollback === null) return null;
  const neutral = rollback.kind === "ratio" ? 1 : 0;
  const middle = (rollback.harm + neutral) / 2;
  if (source.fields["hold"] === undefined) {
    return { kind: rollback.kind, hold: middle, rollback: rollback.harm };
  }
  const hold = parseHarm(source, "hold");
  if (hold === null) return null;
  const { path, fields, report } = source;
  if (hold.kind !== rollback.kind) {
    report(
      `${path}.hold`,
      `Found ${show(fields["hold"])} beside rollback ${show(fields["rollback"])}. Wanted both ` +
        `written alike: both in %, both in pp, both as a factor, or both as plain numbers.`,
    );
    return null;
  }
  if (hold.harm >= rollback.harm) {
    report(
      `${path}.hold`,
      `The hold level ${show(fields["hold"])} is not before the rollback level ` +
        `${show(fields["rollback"])}. Wanted less harm at hold than at rollback.`,
    );
    return null;
  }
  return { kind: rollback.kind, hold: hold.harm, rollback: rollback.harm, margin: hold.harm };
}

type Harm = { readonly kind: "relative" | "difference" | "ratio"; readonly harm: number };

/** A change as harm: positive in the metric's harmful direction (a factor: above 1). */
function parseHarm(source: ComparisonSource, key: "rollback" | "hold"): Harm | null {
  const { metric, path, report } = source;
  const found = source.fields[key];
  const amount = parseAmount(found);
  if (amount === null || !fitsUnit(amount, metric)) {
    report(
      `${path}.${key}`,
      `Found ${show(found)}. Wanted a change, for example ${exampleOf(metric)}.`,
    );
    return null;
  }
  if (amount.kind === "factor") return parseFactor(source, key, amount.value);
  const sign = metric.direction === "lower_is_better" ? 1 : -1;
  const harm = amount.value * sign;
  const most = largestHarm(metric, amount);
  if (!(harm > 0)) {
    const word = sign > 0 ? "lower" : "higher";
    report(
      `${path}.${key}`,
      `Found ${show(found)}, which is ${amount.value === 0 ? "no change" : "an improvement"}: ` +
        `${metric.name} is better when ${word}. Wanted the harmful side, ${exampleOf(metric)}.`,
    );
    return null;
  }
  if (harm >= most) {
    report(
      `${path}.${key}`,
      `Found ${show(found)}, which can never be crossed. Wanted less than ${mostText(amount, most)}` +
        `, and no more than the baseline leaves room for.`,
    );
    return null;
  }
  return { kind: amount.kind === "percent" ? "relative" : "difference", harm };
}

function mostText({ kind }: Amount, most: number): string {
  if (kind === "percent") return `${most * 100}%`;
  return kind === "points" ? `${most * 100}pp` : String(most);
}

function largestHarm(metric: MetricDefinition, amount: Amount): number {
  const isFall = metric.direction === "higher_is_better";
  if (amount.kind === "percent") return isFall ? 1 : Number.POSITIVE_INFINITY;
  if (metric.kind === "heavy_tailed" || metric.kind === "quantile") return Number.POSITIVE_INFINITY;
  const [low, high] = metric.kind === "binary" ? [0, 1] : (metric.range ?? [0, 1]);
  return high - low;
}

function parseFactor(
  { metric, path, fields, report }: ComparisonSource,
  key: "rollback" | "hold",
  factor: number,
): Harm | null {
  if (metric.direction === "higher_is_better") {
    report(
      `${path}.${key}`,
      `Found ${show(fields[key])}. A factor is for metrics where lower is better; for ` +
        `${metric.name} write a relative fall, ${exampleOf(metric)}.`,
    );
    return null;
  }
  if (!(factor > 1)) {
    report(
      `${path}.${key}`,
      `Found ${show(fields[key])}. Wanted a factor above 1, such as "1.5x".`,
    );
    return null;
  }
  return { kind: "ratio", harm: factor };
}

function exampleOf(metric: MetricDefinition): string {
  if (metric.kind === "quantile") return `{ limit: "2.5s" }`;
  return metric.direction === "higher_is_better" ? `{ rollback: "-10%" }` : `{ rollback: "1.5x" }`;
}

function levelHint(metric: MetricDefinition): string {
  if (metric.kind === "heavy_tailed" || metric.kind === "quantile") return `above 0`;
  const [low, high] = metric.kind === "binary" ? [0, 1] : (metric.range ?? [0, 1]);
  return `between ${low} and ${high}${metric.unit === "share" ? ` or as percent, such as "5%"` : ""}`;
}

/** A found value for a message, short. */
export function show(found: unknown): string {
  const text = JSON.stringify(found) ?? String(found);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
