/**
 * A criterion's numbers in words, the same on the command line and in the dashboard. They come from the
 * gate; nothing is judged here.
 */

export type ComparisonKind = "relative" | "difference" | "ratio" | "limit" | "zero_tolerance";

export type MetricUnit = "share" | "ms" | "usd" | "tokens" | "score";

export function comparisonKind(comparison: unknown): ComparisonKind {
  const kind =
    typeof comparison === "object" && comparison !== null && "kind" in comparison
      ? comparison.kind
      : null;
  switch (kind) {
    case "relative":
    case "ratio":
    case "limit":
    case "zero_tolerance":
      return kind;
    default:
      return "difference";
  }
}

const SHARES =
  /rate$|share|sla$|match$|valid$|in_bounds$|coverage|completeness|divergence|disagreement|trips|forbidden|harmful|leak/;

const UNITS: readonly MetricUnit[] = ["share", "ms", "usd", "tokens", "score"];

/**
 * The contract names no unit of the catalogue's metrics, so the name has to tell it; unknown ones are plain
 * numbers.
 *
 * @param own Metrics that the feature declares, as a rollout's strategy has them: those name their units.
 */
export function unitOfMetric(
  metric: string,
  own: readonly { readonly name: string; readonly unit: string }[] = [],
): MetricUnit {
  const declared = own.find(({ name }) => name === metric);
  if (declared !== undefined) return UNITS.find((unit) => unit === declared.unit) ?? "score";
  if (SHARES.test(metric)) return "share";
  if (/latency|first_token|_ms$/.test(metric)) return "ms";
  if (/cost|usd/.test(metric)) return "usd";
  if (/tokens/.test(metric)) return "tokens";
  return "score";
}

/** A mean, rate or quantile of one arm, with its unit. */
export function metricInWords(amount: number | null, unit: MetricUnit): string {
  if (amount === null) return "no data";
  switch (unit) {
    case "share":
      return `${trimmed(amount * 100, 2)}%`;
    case "ms":
      return amount >= 1_000 ? `${trimmed(amount / 1_000, 2)} s` : `${Math.round(amount)} ms`;
    case "usd":
      return `$${trimmed(amount, amount < 0.1 ? 4 : 2)}`;
    case "tokens":
      return `${Math.round(amount).toLocaleString("en-US")} tokens`;
    case "score":
      return trimmed(amount, 3);
    default:
      return unit satisfies never;
  }
}

/** A harm: "+3.1%" is 3.1% worse than the baseline; a ratio and a limit are levels, not differences. */
export function harmInWords(harm: number, kind: ComparisonKind, unit: MetricUnit): string {
  switch (kind) {
    case "relative":
      return `${plus(harm * 100, 1)}%`;
    case "difference":
      return unit === "share" ? `${plus(harm * 100, 1)} points` : plusUnit(harm, unit);
    case "ratio":
      return `\u00d7${trimmed(harm, 2)}`;
    case "limit":
    case "zero_tolerance":
      return metricInWords(harm, unit);
    default:
      return kind satisfies never;
  }
}

/** "20 to 1" from the natural logarithm of an e-value. */
export function oddsInWords(logOdds: number): string {
  if (logOdds > Math.log(1e6)) return "over 1,000,000 to 1";
  if (logOdds < Math.log(0.01)) return "under 0.01 to 1";
  const odds = Math.exp(logOdds);
  const shown =
    odds >= 10 ? Math.round(odds).toLocaleString("en-US") : trimmed(odds, odds < 1 ? 2 : 1);
  return `${shown} to 1`;
}

function plusUnit(harm: number, unit: MetricUnit): string {
  if (harm === 0) return metricInWords(0, unit);
  return `${harm < 0 ? "\u2212" : "+"}${metricInWords(Math.abs(harm), unit)}`;
}

function plus(amount: number, digits: number): string {
  const text = Math.abs(amount).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${amount < 0 ? "\u2212" : "+"}${text}`;
}

const trimmed = (amount: number, digits: number): string =>
  String(Number(amount.toFixed(digits))).replace(/^-/, "\u2212");
