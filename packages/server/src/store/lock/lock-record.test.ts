import { expect, test } from "vitest";
import { judgeLock, parseLockRecord, type LockSighting } from "./lock-record.ts";
import { parseLinuxProcessStat } from "./process-identity.ts";

const here = { place: "host pid:[1]", boot: "b1" };
const held: LockSighting = {
  record: {
    id: "00000000-0000-4000-8000-000000000000",
    sinceMs: 0,
    holder: { pid: 7, place: here.place, boot: "b1", started: "100" },
  },
  here,
  startedNow: "100",
  silentForMs: 0,
};

test("a living process with the recorded start holds the lock", () => {
  expect(judgeLock(held)).toEqual({ kind: "held" });
});

test("dead, reused and rebooted holders are stale", () => {
  expect(judgeLock({ ...held, startedNow: null })).toEqual({ kind: "stale", reason: "dead" });
  const reused = judgeLock({ ...held, startedNow: "101" });
  expect(reused).toEqual({ kind: "stale", reason: "pid-reused" });
  const rebooted = judgeLock({ ...held, here: { ...here, boot: "b2" } });
  expect(rebooted).toEqual({ kind: "stale", reason: "rebooted" });
});

test("an unknown start time never frees a lock", () => {
  expect(judgeLock({ ...held, startedNow: "" })).toEqual({ kind: "held" });
});

test("a holder in another container is judged by its signs of life alone", () => {
  const elsewhere = { ...held, here: { place: "other pid:[2]", boot: "b1" }, startedNow: null };
  expect(judgeLock({ ...elsewhere, silentForMs: 29_000 })).toEqual({ kind: "held" });
  const silent = judgeLock({ ...elsewhere, silentForMs: 31_000 });
  expect(silent).toEqual({ kind: "stale", reason: "silent" });
});

test("a record survives the file, and anything else is no record", () => {
  expect(parseLockRecord(JSON.stringify(held.record))).toEqual(held.record);
  for (const text of ["", "{", "null", "[]", '{"id":"../x"}']) {
    expect(parseLockRecord(text)).toBeNull();
  }
});

test("a command name with spaces and parentheses does not shift the start time", () => {
  const fields = Array.from({ length: 40 }, (_, index) => String(index + 4)).join(" ");
  expect(parseLinuxProcessStat(`7 (a) b) c) S ${fields}`)).toEqual({
    state: "S",
    startTicks: "22",
  });
});
