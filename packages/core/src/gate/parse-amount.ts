import type { MetricDefinition } from "./metric.ts";

/** A level as people write it. `value` keeps its sign, except for factors and limits. */
export type Amount =
  /** "-5%": relative to the baseline's mean, or a share for a limit. */
  | { readonly kind: "percent"; readonly value: number }
  /** "+2pp": points of a share. */
  | { readonly kind: "points"; readonly value: number }
  /** "1.5x": times the baseline. */
  | { readonly kind: "factor"; readonly value: number }
  /** A plain number in the metric's unit, or one with a unit of time, money or tokens. */
  | { readonly kind: "absolute"; readonly value: number; readonly unit: AmountUnit };

export type AmountUnit = "none" | "ms" | "usd" | "tokens";

const AMOUNT = /^([+-]?)\s*(\$?)\s*(\d+(?:\.\d+)?|\.\d+)\s*(%|pp|x|ms|s|min|tokens|usd|\$)?$/i;

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 };

/** Reads "-5%", "+2pp", "1.5x", "2.5s", "$0.02", -0.05. Null when it is none of these. */
export function parseAmount(source: unknown): Amount | null {
  if (typeof source === "number") {
    return Number.isFinite(source) ? { kind: "absolute", value: source, unit: "none" } : null;
  }
  if (typeof source !== "string") return null;
  const match = AMOUNT.exec(source.trim().replace("\u2212", "-"));
  if (match === null) return null;
  const [, sign, dollar, digits, suffix = ""] = match;
  const value = (sign === "-" ? -1 : 1) * Number(digits);
  const unit = suffix.toLowerCase();
  if (dollar === "$" && unit !== "") return null;
  if (dollar === "$" || unit === "usd" || unit === "$") {
    return { kind: "absolute", value, unit: "usd" };
  }
  if (unit === "%") return { kind: "percent", value: value / 100 };
  if (unit === "pp") return { kind: "points", value: value / 100 };
  if (unit === "x") return { kind: "factor", value };
  if (unit === "tokens") return { kind: "absolute", value, unit: "tokens" };
  const factor = MILLISECONDS[unit];
  if (factor !== undefined) return { kind: "absolute", value: value * factor, unit: "ms" };
  return { kind: "absolute", value, unit: "none" };
}

/** Whether an amount's unit can be read as the metric's: a plain number always can. */
export function fitsUnit(amount: Amount, metric: MetricDefinition): boolean {
  switch (amount.kind) {
    case "percent":
    case "factor":
      return true;
    case "points":
      return metric.unit === "share" || metric.unit === "score";
    case "absolute":
      return amount.unit === "none" || amount.unit === metric.unit;
    default: {
      const unreachable: never = amount;
      return unreachable;
    }
  }
}
