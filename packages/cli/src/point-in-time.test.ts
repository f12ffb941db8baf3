import { describe, expect, it } from "vitest";
import { parsePointInTime } from "./point-in-time.ts";

const NOW = new Date(2026, 10, 12, 14, 30).getTime();

describe("parsePointInTime", () => {
  it.each([
    ["now", NOW],
    ["1794492000000", 1_794_492_000_000],
    ["2h ago", NOW - 7_200_000],
    ["1h 30m ago", NOW - 5_400_000],
    ["2026-11-12T14:03:00Z", Date.UTC(2026, 10, 12, 14, 3)],
    ["2026-11-12T14:03:00+01:00", Date.UTC(2026, 10, 12, 13, 3)],
    ["14:03", new Date(2026, 10, 12, 14, 3).getTime()],
    ["14:30:00", NOW],
    ["15:00", new Date(2026, 10, 11, 15, 0).getTime()],
  ])("%s", (text, atMs) => expect(parsePointInTime(text, NOW)).toBe(atMs));

  it.each(["", "lately", "25:00", "14:60", "ago", "12 Nov", "2026-13-45", "17"])(
    "does not guess %j",
    (text) => expect(parsePointInTime(text, NOW)).toBeNull(),
  );
});
