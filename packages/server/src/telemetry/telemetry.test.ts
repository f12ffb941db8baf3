import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { createAcceleratedClock, createHandMovedClock } from "./clocks.ts";
import { createIds } from "./ids.ts";
import { createLog } from "./log.ts";

describe("ids", () => {
  test("sort by the time they were made, also within one millisecond", () => {
    let nowMs = 1_700_000_000_000;
    const ids = createIds({ nowMs: () => nowMs });
    const made = Array.from({ length: 500 }, (_, i) => {
      if (i % 7 === 0) nowMs += 1;
      return ids.next("exch");
    });
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(500);
    expect(made[0]).toMatch(/^exch_[0-9a-z]{26}$/);
    expect(ids.secret()).toMatch(/^[\w-]{43}$/);
  });

  test("stay in order when the clock is set back", () => {
    let nowMs = 2_000;
    const ids = createIds({ nowMs: () => nowMs });
    const before = ids.next("req");
    nowMs = 1_000;
    expect(ids.next("req") > before).toBe(true);
  });
});

describe("clocks", () => {
  test("a hand-moved clock wakes in order, also who went to sleep meanwhile", async () => {
    const clock = createHandMovedClock(100);
    const woken: string[] = [];
    const sleeps = [
      clock.sleep(20).then(() => woken.push(`late ${clock.nowMs()}`)),
      clock
        .sleep(5)
        .then(() => clock.sleep(5))
        .then(() => woken.push(`twice ${clock.nowMs()}`)),
    ];
    await clock.advance(30);
    await Promise.all(sleeps);
    expect(woken).toEqual(["twice 110", "late 120"]);
    expect(clock.nowMs()).toBe(130);
  });

  test("a sleep rejects with the reason of its signal", async () => {
    const clock = createHandMovedClock();
    const abort = new AbortController();
    const sleeping = clock.sleep(1_000, abort.signal);
    abort.abort(new Error("enough"));
    await expect(sleeping).rejects.toThrow("enough");
    expect(clock.sleepers()).toBe(0);
  });

  test("an accelerated clock is its wall, so many times as fast", async () => {
    const wall = createHandMovedClock(5_000);
    const clock = createAcceleratedClock({ speed: 60, startMs: 0, wall });
    const sleeping = clock.sleep(120_000);
    await wall.advance(2_000);
    await sleeping;
    expect(clock.nowMs()).toBe(120_000);
    expect(() => createAcceleratedClock({ speed: 0, startMs: 0 })).toThrow(/speed is 0/);
  });
});

test("the log redacts secrets and writes the whole chain of causes", () => {
  let written = "";
  const destination = new Writable({
    write: (chunk: Buffer, _, done) => {
      written += chunk.toString();
      done();
    },
  });
  const log = createLog({ level: "info", destination });
  const error = new Error("outer", { cause: new Error("inner") });
  log.warn("It failed", { error, token: "s3cret", headers: { authorization: "Bearer s3cret" } });
  log.debug("not written");
  expect(JSON.parse(written)).toMatchObject({ level: "warn", msg: "It failed" });
  expect(written).toContain("inner");
  expect(written).not.toContain("s3cret");
});
