import type { ControlClient } from "@spillway/sdk";
import type { Io } from "./io.ts";

export type ChangeWait = {
  /** Returns after the time, or sooner when the feature changes. */
  wait(ms: number): Promise<void>;
  close(): void;
};

const RECONNECT_MS = 2_000;

/** A burst of events is one change to look at; without this a busy feature would be asked for all the time. */
const SETTLE_MS = 200;

/**
 * Waits that a change cuts short. The event stream only makes a watcher quicker: who waits looks again
 * every time anyway, so a stream that is refused or cut is tried again without a word.
 */
export function watchChanges(
  client: ControlClient,
  io: Pick<Io, "sleep">,
  feature: string,
): ChangeWait {
  const stop = new AbortController();
  let wake = new AbortController();
  void (async () => {
    while (!stop.signal.aborted) {
      try {
        for await (const event of client.events(stop.signal)) {
          if (event.feature === null || event.feature === feature) wake.abort();
        }
      } catch {
        // Deliberately without a message, see above.
      }
      if (!stop.signal.aborted) await io.sleep(RECONNECT_MS, stop.signal);
    }
  })();
  return {
    wait: async (ms) => {
      await io.sleep(Math.min(ms, SETTLE_MS), stop.signal);
      if (!wake.signal.aborted) await io.sleep(Math.max(0, ms - SETTLE_MS), wake.signal);
      if (wake.signal.aborted) wake = new AbortController();
    },
    close: () => stop.abort(),
  };
}
