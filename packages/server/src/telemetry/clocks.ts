import { AppError } from "@spillway/core";
import type { Clock, Wall } from "../ports.ts";

/** A timer cannot be set further ahead than this (Node fires it at once instead). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Real time. */
export function createSystemWall(): Wall {
  return { nowMs: () => Date.now(), sleep: sleepReal };
}

/** Clock time is real time: production. */
export function createSystemClock(wall: Wall = createSystemWall()): Clock {
  return { nowMs: wall.nowMs, speed: 1, sleep: wall.sleep };
}

/** Clock time starts at `startMs` and passes `speed` times as fast as real time: demonstrations. */
export function createAcceleratedClock(options: {
  readonly speed: number;
  readonly startMs: number;
  readonly wall?: Wall;
}): Clock {
  const { speed, startMs, wall = createSystemWall() } = options;
  if (!(speed > 0) || !Number.isFinite(speed)) {
    throw new AppError(
      "invalid_configuration",
      `The clock's speed is ${speed}, wanted a number above 0.`,
    );
  }
  const wallStartMs = wall.nowMs();
  return {
    nowMs: () => Math.floor(startMs + (wall.nowMs() - wallStartMs) * speed),
    speed,
    sleep: (durationMs, signal) => wall.sleep(durationMs / speed, signal),
  };
}

export type HandMovedClock = Clock & {
  /** Moves time on and wakes who is due, in the order of their time; resolves when they have run. */
  readonly advance: (durationMs: number) => Promise<void>;
  /** How many are asleep. */
  readonly sleepers: () => number;
  /** Resolves as soon as so many are asleep at the same time. */
  readonly untilSleeping: (count: number) => Promise<void>;
};

type Sleeper = { readonly atMs: number; readonly order: number; readonly wake: () => void };

/** Time that stands still until it is moved: tests, and backtests over recorded traffic. */
export function createHandMovedClock(startMs = 0): HandMovedClock {
  let nowMs = startMs;
  let order = 0;
  const sleepers = new Set<Sleeper>();
  const watchers = new Set<{ readonly count: number; readonly resolve: () => void }>();

  function tellWatchers(): void {
    for (const watcher of watchers) {
      if (sleepers.size < watcher.count) continue;
      watchers.delete(watcher);
      watcher.resolve();
    }
  }

  function sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const onAbort = (): void => {
        sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        atMs: nowMs + Math.max(0, durationMs),
        order: order++,
        wake: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      sleepers.add(sleeper);
      signal?.addEventListener("abort", onAbort, { once: true });
      tellWatchers();
    });
  }

  async function advance(durationMs: number): Promise<void> {
    const endMs = nowMs + durationMs;
    for (;;) {
      const due = [...sleepers].filter((sleeper) => sleeper.atMs <= endMs);
      const [first] = due.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (first === undefined) break;
      nowMs = Math.max(nowMs, first.atMs);
      sleepers.delete(first);
      first.wake();
      // Whoever woke may go to sleep again before `endMs`: let it run first.
      await new Promise((resolve) => setImmediate(resolve));
    }
    nowMs = endMs;
  }

  return {
    nowMs: () => nowMs,
    speed: Infinity,
    sleep,
    advance,
    sleepers: () => sleepers.size,
    untilSleeping: (count) =>
      new Promise((resolve) => {
        watchers.add({ count, resolve });
        tellWatchers();
      }),
  };
}

function sleepReal(durationMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      },
      Math.min(Math.max(0, durationMs), LONGEST_TIMER_MS),
    );
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
