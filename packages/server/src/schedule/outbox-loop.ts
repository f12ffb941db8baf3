import type { Json } from "@spillway/core";
import type { Clock, Log, Notifier, Wall } from "../ports.ts";

export type OutboxPort = {
  readonly claim: (claim: {
    readonly wallNowMs: number;
    readonly untilWallMs: number;
    readonly limit: number;
  }) => Promise<
    readonly {
      readonly id: number;
      readonly key: string;
      readonly topic: string;
      readonly text: string;
      readonly body: Json;
    }[]
  >;
  readonly markSent: (id: number, atMs: number) => Promise<void>;
};

const INTERVAL_MS = 1_000;
/** A notice that could not be sent, or whose sender died, is tried again after this. */
const RETRY_MS = 15_000;
const BATCH = 50;

/** Sends what decisions left in the outbox: at least once, keyed, so that a receiver can drop repeats. */
export async function runOutboxLoop(
  deps: {
    readonly port: OutboxPort;
    readonly notifier: Notifier;
    readonly clock: Clock;
    readonly wall: Wall;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const wallNowMs = deps.wall.nowMs();
      const claim = { wallNowMs, untilWallMs: wallNowMs + RETRY_MS, limit: BATCH };
      for (const notice of await deps.port.claim(claim)) {
        await deps.notifier.send(notice);
        await deps.port.markSent(notice.id, deps.clock.nowMs());
      }
    } catch (error) {
      deps.log.warn("Notices could not be sent; they are tried again", { error });
    }
    await deps.wall.sleep(INTERVAL_MS, signal).catch(() => undefined);
  }
}
