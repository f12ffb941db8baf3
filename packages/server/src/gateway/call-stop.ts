import type { Wall } from "../ports.ts";

/** Why a call was given up from this side. */
export type StopCause =
  | { readonly kind: "client_left" }
  | { readonly kind: "shutdown" }
  | { readonly kind: "timer"; readonly timer: TimerName; readonly afterMs: number };

export type TimerName =
  "headers" | "first content" | "idle" | "after finish" | "answer" | "client" | "total";

/** The reason of every abort signal in the gateway, so that whoever sees one knows what happened. */
export class CallStop extends Error {
  readonly stop: StopCause;

  constructor(stop: StopCause) {
    super(stop.kind === "timer" ? `no ${stop.timer} within ${stop.afterMs} ms` : stop.kind);
    this.name = "CallStop";
    this.stop = stop;
  }
}

/** The cause when `signal` was aborted by the gateway, else null. */
export function stopOf(signal: AbortSignal): StopCause | null {
  return signal.aborted && signal.reason instanceof CallStop ? signal.reason.stop : null;
}

/** Settles as `promise` does, or rejects with the signal's reason; never waits for a deaf transport. */
export function orStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** An abort controller that also follows another signal, until it is released. */
export function linkedController(parent: AbortSignal): {
  readonly controller: AbortController;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const follow = (): void => controller.abort(parent.reason);
  if (parent.aborted) follow();
  parent.addEventListener("abort", follow, { once: true });
  return { controller, release: () => parent.removeEventListener("abort", follow) };
}

export type Watchdog = {
  /** Replaces the deadline: `timer` must be followed by another call within so many milliseconds. */
  readonly expect: (timer: TimerName, withinMs: number) => void;
  readonly stop: () => void;
};

/**
 * One deadline at a time, moved often and reached seldom: moving it later costs nothing, because the
 * one sleep under way looks at the deadline when it wakes.
 */
export function startWatchdog(wall: Wall, onExpire: (stop: CallStop) => void): Watchdog {
  let expected: { timer: TimerName; withinMs: number; atMs: number } | null = null;
  let sleepsUntilMs = Infinity;
  let sleeper: AbortController | null = null;

  function watch(): void {
    if (expected === null) return;
    const current = new AbortController();
    sleeper = current;
    sleepsUntilMs = expected.atMs;
    wall.sleep(expected.atMs - wall.nowMs(), current.signal).then(
      () => wake(current),
      () => undefined,
    );
  }

  function wake(woken: AbortController): void {
    if (sleeper !== woken || expected === null) return;
    if (wall.nowMs() < expected.atMs) return watch();
    const { timer, withinMs } = expected;
    stop();
    onExpire(new CallStop({ kind: "timer", timer, afterMs: withinMs }));
  }

  function stop(): void {
    expected = null;
    sleepsUntilMs = Infinity;
    sleeper?.abort();
    sleeper = null;
  }

  return {
    expect: (timer, withinMs) => {
      expected = { timer, withinMs, atMs: wall.nowMs() + withinMs };
      if (expected.atMs >= sleepsUntilMs) return;
      sleeper?.abort();
      watch();
    },
    stop,
  };
}
