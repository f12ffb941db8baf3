import { createParser } from "eventsource-parser";
import { isJsonObject } from "@spillway/core";
import type { Log, Wall } from "../ports.ts";
import { coalesced } from "./coalesced.ts";
import type { ControlClient, ControlClientOptions } from "./control-client.ts";
import { createControlClient } from "./control-client.ts";

export type SnapshotFeedOptions = ControlClientOptions & {
  /** Takes a snapshot as it came; see the gateway's snapshot holder. */
  readonly offer: (found: unknown) => unknown;
  /** What is being served; null when there is nothing. */
  readonly served: () => { readonly revision: number; readonly createdAtMs: number } | null;
  readonly wall: Wall;
  readonly log: Log;
  readonly pollMs?: number;
  /** In [0, 1). */
  readonly random?: () => number;
};

export type SnapshotFeed = {
  readonly start: () => void;
  /** Pulls now; resolves when it has been tried. */
  readonly pull: () => Promise<void>;
  readonly close: () => Promise<void>;
};

const SNAPSHOT_PATH = "/internal/v1/snapshot";
const REVISIONS_PATH = "/internal/v1/snapshot/revisions";
const POLL_MS = 2_000;
const RECONNECT_MS = 500;

/**
 * Brings snapshots to a gateway. The push tells of a new revision within milliseconds; the poll is the
 * truth, so that a push that got lost, or a stream that died in silence, costs two seconds and no more.
 * Two pulls never run at once.
 */
export function createSnapshotFeed(options: SnapshotFeedOptions): SnapshotFeed {
  const client = createControlClient(options);
  const closing = new AbortController();
  const { signal } = closing;
  const report = createReachability(options.log, signal);
  const pull = coalesced(() => pullOnce(options, { client, signal, report }));
  let loops: readonly Promise<void>[] = [];

  async function poll(): Promise<void> {
    while (!signal.aborted) {
      await pull();
      await slept(options.wall, options.pollMs ?? POLL_MS, signal);
    }
  }

  async function listen(): Promise<void> {
    const random = options.random ?? Math.random;
    while (!signal.aborted) {
      try {
        for await (const revision of revisionsOf(await client.subscribe(REVISIONS_PATH, signal))) {
          if (revision !== options.served()?.revision) void pull();
        }
      } catch (cause) {
        options.log.debug("The stream of revisions broke off; it is opened again", {
          error: cause,
        });
      }
      // Spread, so that a restarted control plane does not meet all gateways in one moment.
      await slept(options.wall, RECONNECT_MS * (1 + random()), signal);
    }
  }

  return {
    start: () => {
      loops = [poll(), listen()];
    },
    pull,
    close: async () => {
      closing.abort(new Error("the feed is closing"));
      await Promise.all(loops);
      await client.close();
    },
  };
}

type Pull = {
  readonly client: ControlClient;
  readonly signal: AbortSignal;
  readonly report: (cause: unknown) => void;
};

async function pullOnce(options: SnapshotFeedOptions, pull: Pull): Promise<void> {
  const served = options.served();
  const etag = served === null ? null : `"${served.revision}-${served.createdAtMs}"`;
  try {
    const found = await pull.client.get(SNAPSHOT_PATH, { etag, signal: pull.signal });
    if (found !== null) options.offer(found);
    pull.report(null);
  } catch (cause) {
    pull.report(cause);
  }
}

/**
 * Says only what has changed: a control plane that is away is away for many polls. At the start the
 * gateway may be there first, which is no fault.
 */
function createReachability(log: Log, signal: AbortSignal): (cause: unknown) => void {
  let isReachable: boolean | null = null;
  let isWaiting = false;
  return (cause) => {
    if (signal.aborted || isReachable === (cause === null)) return;
    if (isReachable === null && cause !== null) {
      if (!isWaiting) log.info("Waiting for the control plane");
      isWaiting = true;
      return;
    }
    const isAgain = isReachable === false;
    isReachable = cause === null;
    if (isReachable)
      log.info(
        isAgain ? "The control plane can be reached again" : "The control plane can be reached",
      );
    else {
      log.warn("The control plane cannot be reached; the last snapshot is served", {
        error: cause,
      });
    }
  };
}

async function slept(wall: Wall, durationMs: number, signal: AbortSignal): Promise<void> {
  await wall.sleep(durationMs, signal).catch(() => undefined);
}

async function* revisionsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<number> {
  const decoder = new TextDecoder();
  let found: number[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      const revision = revisionOf(data);
      if (revision !== null) found.push(revision);
    },
  });
  for await (const chunk of chunks) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    const ready = found;
    found = [];
    yield* ready;
  }
}

function revisionOf(data: string): number | null {
  try {
    const parsed: unknown = JSON.parse(data);
    const revision = isJsonObject(parsed) ? parsed["revision"] : null;
    return typeof revision === "number" ? revision : null;
  } catch {
    // Not ours to understand; the poll will find what it was about.
    return null;
  }
}
