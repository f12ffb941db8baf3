/** Durations as people write and read them. Everywhere else they are seconds. */

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  min: 60,
  h: 3_600,
  d: 86_400,
};

/** Longer is a slip of the pen. */
const MAX_SECONDS = 365 * 86_400;

/** "30s", "15m", "30min", "72h", "1.5d" -> whole seconds; null when it is no duration up to 365 days. */
export function parseDurationSeconds(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)\s?(s|m|min|h|d)$/i.exec(text.trim());
  const unitSeconds = UNIT_SECONDS[match?.[2]?.toLowerCase() ?? ""];
  if (match === null || unitSeconds === undefined) return null;
  const seconds = Number(match[1]) * unitSeconds;
  const rounded = Math.round(seconds);
  // 1.1 h is 3960.0000000000005 s in doubles, so "whole" allows for their error.
  const isWhole = Math.abs(seconds - rounded) < 1e-6;
  return isWhole && rounded <= MAX_SECONDS ? rounded : null;
}

/** 259200 -> "3d", 5400 -> "90m": the largest unit that divides it, as it may be written in a strategy. */
export function durationText(seconds: number): string {
  for (const unit of ["d", "h", "m"] as const) {
    const size = UNIT_SECONDS[unit] as number;
    if (seconds > 0 && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** 5400 -> "1.5 hours". */
export function inWords(seconds: number): string {
  const units = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
    ["second", 1],
  ] as const;
  const [name, size] = units.find(([, unit]) => seconds >= unit) ?? ["second", 1];
  const amount = Number((seconds / size).toFixed(1));
  return `${amount} ${name}${amount === 1 ? "" : "s"}`;
}
