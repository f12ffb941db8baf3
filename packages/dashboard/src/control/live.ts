import type { ControlClient } from "@spillway/sdk";
import type { ChangeEvent } from "@spillway/contract";

export type LiveState = "connecting" | "live" | "reconnecting";

export type LiveFeed = {
  readonly subscribe: (listener: () => void) => () => void;
  readonly state: () => LiveState;
};

/** A stream that has stayed open this long counts as live although nothing has changed yet. */
const OPEN_AFTER_MS = 1_200;
/** Changes within this time are fetched together, so that a busy hour does not flood the server. */
const GATHER_MS = 800;
const MOST_BACKOFF_MS = 15_000;

/**
 * Follows the server's changes for as long as somebody is subscribed. The stream ends when the
 * server restarts or the network breaks; then it is opened again after a growing, jittered wait, and
 * everything is fetched again because changes may have been missed in between.
 */
export function followChanges(options: {
  readonly client: ControlClient;
  readonly onChanges: (events: readonly ChangeEvent[]) => void;
  readonly onReconnected: () => void;
}): LiveFeed {
  const listeners = new Set<() => void>();
  let state: LiveState = "connecting";
  let controller: AbortController | null = null;

  const setState = (next: LiveState) => {
    if (state === next) return;
    state = next;
    for (const listener of listeners) listener();
  };

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      if (controller === null) {
        controller = new AbortController();
        void followUntilAborted({ ...options, setState, signal: controller.signal });
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        controller?.abort();
        controller = null;
      };
    },
  };
}

async function followUntilAborted(options: {
  readonly client: ControlClient;
  readonly onChanges: (events: readonly ChangeEvent[]) => void;
  readonly onReconnected: () => void;
  readonly setState: (state: LiveState) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { client, setState, signal } = options;
  const gather = gathering(options.onChanges, signal);
  for (let failures = 0; !signal.aborted; failures += 1) {
    const opened = setTimeout(() => {
      if (failures > 0) options.onReconnected();
      failures = 0;
      setState("live");
    }, OPEN_AFTER_MS);
    try {
      for await (const event of client.events(signal)) {
        setState("live");
        gather(event);
      }
    } catch {
      // The reason does not matter here: the indicator says "reconnecting" and calls show theirs.
    }
    clearTimeout(opened);
    if (signal.aborted) return;
    setState("reconnecting");
    const backoffMs = Math.min(MOST_BACKOFF_MS, 500 * 2 ** Math.min(failures, 8));
    await new Promise((resolve) => setTimeout(resolve, backoffMs * (0.5 + Math.random() / 2)));
  }
}

function gathering(
  onChanges: (events: readonly ChangeEvent[]) => void,
  signal: AbortSignal,
): (event: ChangeEvent) => void {
  let gathered: ChangeEvent[] = [];
  return (event) => {
    gathered.push(event);
    if (gathered.length > 1) return;
    setTimeout(() => {
      const events = gathered;
      gathered = [];
      if (!signal.aborted) onChanges(events);
    }, GATHER_MS);
  };
}
