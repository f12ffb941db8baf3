import { InvalidArgumentError } from "commander";
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
