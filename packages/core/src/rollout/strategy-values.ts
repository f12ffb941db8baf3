/** The small texts of a strategy file, read and written: durations and shares. */

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** Longer is a slip of the pen and not a stage. */
const MAX_SECONDS = 365 * UNIT_SECONDS.d;

/** "30s", "15m", "72h", "1.5d" -> whole seconds; null when it is no duration up to 365 days. */
export function parseDurationSeconds(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)\s?([smhd])$/.exec(text.trim());
  if (match === null) return null;
  const [, amount, unit] = match;
  const seconds = Number(amount) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
  const rounded = Math.round(seconds);
  // 1.1 h is 3960.0000000000005 s in doubles, so "whole" allows for their error.
  const isWhole = Math.abs(seconds - rounded) < 1e-6;
  return isWhole && rounded <= MAX_SECONDS ? rounded : null;
}

/** 259200 -> "3d", 5400 -> "90m": the largest unit that divides it. */
export function durationText(seconds: number): string {
  for (const unit of ["d", "h", "m"] as const) {
    const size = UNIT_SECONDS[unit];
    if (seconds > 0 && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** "10%" -> 1000, "0.01%" -> 1; null when it is no share of 0% to 100% in steps of 0.01%. */
export function parseShareBps(text: string): number | null {
  const match = /^(\d{1,3})(?:\.(\d{1,2}))?\s?%$/.exec(text.trim());
  if (match === null) return null;
  const bps = Number(match[1]) * 100 + Number((match[2] ?? "").padEnd(2, "0"));
  return bps <= 10_000 ? bps : null;
}
