import { parseDurationMs } from "./duration.ts";

/**
 * A time as people name it, in epoch milliseconds; null when it cannot be read. A bare "14:03" is the
 * last time that a clock here showed it, so never in the future.
 */
export function parsePointInTime(text: string, nowMs: number): number | null {
  const trimmed = text.trim();
  if (trimmed === "now") return nowMs;
  if (/^\d{11,}$/.test(trimmed)) return Number(trimmed);
  const ago = /^(.+?)\s+ago$/.exec(trimmed)?.[1];
  if (ago !== undefined) {
    const durationMs = parseDurationMs(ago.replaceAll(" ", ""));
    return durationMs === null ? null : Math.round(nowMs - durationMs);
  }
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(trimmed);
  if (clock !== null) return lastTimeOfDay(clock.slice(1).map(Number), nowMs);
  if (!/^\d{4}-\d{2}-\d{2}/.test(trimmed)) return null;
  const parsed = Date.parse(trimmed);
  return Number.isNaN(parsed) ? null : parsed;
}

function lastTimeOfDay([hours, minutes, seconds]: number[], nowMs: number): number | null {
  const second = seconds === undefined || Number.isNaN(seconds) ? 0 : seconds;
  if (hours === undefined || minutes === undefined) return null;
  if (hours > 23 || minutes > 59 || second > 59) return null;
  const time = new Date(nowMs);
  time.setHours(hours, minutes, second, 0);
  // By the calendar and not by 24 hours: a day may have 23 or 25.
  if (time.getTime() > nowMs) time.setDate(time.getDate() - 1);
  return time.getTime();
}
