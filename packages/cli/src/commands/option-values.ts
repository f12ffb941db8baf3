import { InvalidArgumentError, Option } from "commander";
import { parseDurationMs } from "../duration.ts";

export function durationMs(text: string): number {
  const parsed = parseDurationMs(text);
  if (parsed === null)
    throw new InvalidArgumentError("Wanted a duration such as 90s, 10m or 1h30m.");
  return parsed;
}

export function wholeNumber(text: string): number {
  const parsed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(parsed)) return parsed;
  throw new InvalidArgumentError("Wanted a whole number, 0 or more.");
}

/** "2.5s", "800ms" or "1m" in milliseconds; a bare number is seconds. */
export function latencyMs(text: string): number {
  const plain = /^\d+(\.\d+)?$/.test(text) ? `${text}s` : text;
  const milliseconds = /^(\d+(?:\.\d+)?)ms$/.exec(plain);
  const parsed = milliseconds === null ? parseDurationMs(plain) : Number(milliseconds[1]);
  if (parsed !== null && parsed > 0) return parsed;
  throw new InvalidArgumentError("Wanted a time above 0 such as 2.5s, 800ms or 3.");
}

const HOURS = { s: 1 / 3_600, min: 1 / 60, h: 1, d: 24 } as const;

/** "3600/h", "60/min", "1/s" in requests per hour. */
export function ratePerHour(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\/(s|min|h|d)$/.exec(text);
  const perHour = Number(match?.[1]) / HOURS[(match?.[2] ?? "h") as keyof typeof HOURS];
  if (perHour > 0 && Number.isFinite(perHour)) return perHour;
  throw new InvalidArgumentError("Wanted a rate above 0 such as 3600/h, 60/min or 1/s.");
}

/** Collects "edit_rate=0.15" or "edit_rate=15%" under the metric's name. */
export function baselineValue(
  text: string,
  before: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const match = /^([a-z][a-z0-9_]*)=(\d+(?:\.\d+)?)(%?)$/.exec(text);
  if (match === null) {
    throw new InvalidArgumentError("Wanted a metric and its value, such as edit_rate=0.15.");
  }
  const [, metric = "", amount, unit] = match;
  return { ...before, [metric]: Number(amount) / (unit === "%" ? 100 : 1) };
}

export type SliceShare = { readonly name: string; readonly share: number };

/** Collects "document_type=discharge:20%". */
export function sliceShare(text: string, before: readonly SliceShare[]): readonly SliceShare[] {
  const match = /^([^=:]+=[^:]+):(\d+(?:\.\d+)?)%$/.exec(text);
  const share = Number(match?.[2]) / 100;
  const total = before.reduce((sum, slice) => sum + slice.share, share);
  if (match !== null && share > 0 && total <= 1) {
    return [...before, { name: match[1] as string, share }];
  }
  throw new InvalidArgumentError(
    "Wanted a slice and its share of the traffic, such as document_type=discharge:20%, together at most 100%.",
  );
}

/** "10:0.1": ten requests of a unit, two of which correlate by 0.1. */
export function stickyUnits(text: string): {
  readonly requestsPerUnit: number;
  readonly correlation: number;
} {
  const match = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(text);
  const [requestsPerUnit, correlation] = [Number(match?.[1]), Number(match?.[2])];
  if (requestsPerUnit >= 1 && correlation <= 1) return { requestsPerUnit, correlation };
  throw new InvalidArgumentError(
    "Wanted requests of one unit (1 or more) and their correlation (0 to 1), such as 10:0.1.",
  );
}

/** What is assigned to an arm as one: by default what the strategy says, else the request. */
export function unitOption(): Option {
  const units = ["request", "conversation", "user", "tenant"];
  return new Option("--unit <unit>", "what keeps one arm, unless the strategy says").choices(units);
}
