import { expect, it } from "vitest";
import { formatDuration, parseDurationMs } from "./duration.ts";

it.each([
  ["90s", 90_000],
  ["10m", 600_000],
  ["1h30m", 5_400_000],
  ["1.5h", 5_400_000],
  ["2d", 172_800_000],
])("parses %s", (text, ms) => expect(parseDurationMs(text)).toBe(ms));

it.each(["", "10", "m", "10 m", "-1s", "1h30", "soon"])("does not guess %j", (text) =>
  expect(parseDurationMs(text)).toBeNull(),
);

it.each([
  [0, "0s"],
  [-5, "0s"],
  [59_400, "59s"],
  [3_600_000, "1h"],
  [5_430_000, "1h 30m"],
  [90_061_000, "1d 1h"],
])("formats %d as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
