import type { Comparison } from "./criterion.ts";
import type { MetricDefinition } from "./metric.ts";

/** Odds beyond this are shown as "more than": nobody can tell a million to one from a billion. */
const LARGEST_SHOWN_ODDS = 1_000_000;

/** A mean or level in the metric's unit: "0.52", "12.4%", "1,240 ms", "$0.021", "812 tokens". */
export function textOfValue(metric: MetricDefinition, value: number): string {
  switch (metric.unit) {
    case "share":
      return textOfPercent(value);
    case "usd":
      return `$${trimmed(value, 4)}`;
    case "score":
      return trimmed(value, 2);
    default:
      return `${trimmed(value, Math.abs(value) >= 100 ? 0 : 2)} ${metric.unit}`.trim();
  }
}

/** A share as percent: 0.475 is "47.5%". */
export function textOfPercent(share: number): string {
  return `${trimmed(share * 100, Math.abs(share) < 0.001 ? 3 : 1)}%`;
}

/** A harm or level of a comparison: "10%", "2 points", "1.5 times the baseline", "2,500 ms". */
export function textOfLevel(
  metric: MetricDefinition,
  comparison: Comparison,
  level: number,
): string {
  switch (comparison.kind) {
    case "relative":
      return textOfPercent(level);
    case "difference":
      return metric.unit === "share" ? textOfPoints(level) : textOfValue(metric, level);
    case "ratio":
      return `${trimmed(level, 2)} times the baseline`;
    case "limit":
      return textOfValue(metric, level);
    case "zero_tolerance":
      return textOfPercent(level);
    default: {
      const unreachable: never = comparison;
      return unreachable;
    }
  }
}

function textOfPoints(level: number): string {
  const points = trimmed(level * 100, level < 0.01 ? 2 : 1);
  return points === "1" ? "1 point" : `${points} points`;
}

/** An e-value for people: "3,100:1", "more than 1,000,000:1". */
export function textOfOdds(logE: number): string {
  const odds = Math.exp(Math.min(logE, 50));
  if (odds > LARGEST_SHOWN_ODDS) return `more than ${textOfCount(LARGEST_SHOWN_ODDS)}:1`;
  return `${odds >= 100 ? textOfCount(twoDigits(odds)) : trimmed(odds, odds >= 10 ? 0 : 1)}:1`;
}

/** A whole number with thousands separated by commas. Independent of the locale of the machine. */
export function textOfCount(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** A time to wait: "40 min", "3 h", "12 days". */
export function textOfHours(hours: number): string {
  if (hours < 1) return `${Math.max(1, Math.ceil(hours * 60))} min`;
  return hours < 48 ? `${Math.ceil(hours)} h` : `${textOfCount(Math.ceil(hours / 24))} days`;
}

function trimmed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  const clean = short === "-0" ? "0" : short;
  const [whole = "0", fraction] = clean.split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

function twoDigits(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.round(value / unit) * unit;
}
