import type { Exchange, Feedback } from "@spillway/core";
import { AppError } from "@spillway/core";
import type { ExchangeSink, FeedbackSink, Log, Wall } from "../ports.ts";
import type { DeliverRecords } from "./spool-delivery.ts";
import { runDelivery } from "./spool-delivery.ts";
import type { SpoolBacklog } from "./spool-backlog.ts";
import { createSpoolBacklog, inheritSpool } from "./spool-backlog.ts";
import type { SpoolWriter } from "./spool-writer.ts";
import { createSpoolWriter } from "./spool-writer.ts";

export type ExchangeSpoolOptions = {
  readonly directory: string;
  /** Undelivered bytes on disk; beyond, new exchanges are dropped and counted. */
  readonly maxBytes: number;
  readonly deliver: DeliverRecords;
  readonly wall: Wall;
  readonly log: Log;
  readonly segmentBytes?: number;
  /** In [0, 1); spreads the tries of many gateways. */
  readonly random?: () => number;
};

export type SpoolState = {
  /** Not yet delivered, feedback among them. */
  readonly spooledExchanges: number;
  readonly spoolBytes: number;
  /** Since the start. */
  readonly droppedExchanges: number;
};

export type ExchangeSpool = ExchangeSink &
  FeedbackSink & {
    readonly state: () => SpoolState;
    /** Resolves when everything recorded so far has been delivered. */
    readonly delivered: () => Promise<void>;
    /** Stops delivery; what is not delivered stays on disk for the next start. */
    readonly close: () => Promise<void>;
  };

const SEGMENT_BYTES = 16 * 1024 * 1024;
/** A full spool empties when the control plane is back, which takes seconds at best. */
const SPOOL_FULL_RETRY_MS = 10_000;

/** What tells a line of feedback from one of an exchange, which has no such member. */
export const FEEDBACK_KIND = "feedback";

/**
 * Keeps exchanges, and the feedback on them, on disk until the control plane has them. `record` resolves
 * when the exchange would survive a kill of this process; it never waits for the network, and never fails a
 * reply: when the spool is full the exchange is dropped and counted. `recordFeedback` says so instead.
 */
export async function createExchangeSpool(options: ExchangeSpoolOptions): Promise<ExchangeSpool> {
  const { directory, log } = options;
  const inherited = await inheritSpool(directory);
  const backlog = createSpoolBacklog(inherited, options.maxBytes);
  const closing = new AbortController();
  let dropped = 0;
  const writer = createSpoolWriter({
    directory,
    firstSegment: inherited.nextSegment,
    segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
    onWritten: backlog.written,
  });
  const delivery = runDelivery({
    ...options,
    random: options.random ?? Math.random,
    start: inherited.start,
    end: writer.end,
    signal: closing.signal,
    untilBeyond: (position) => {
      // Looked up in the same turn in which the wait begins, so that no write falls in between.
      const end = writer.end();
      const isBeyond = end.segment > position.segment || end.offset > position.offset;
      return closing.signal.aborted || isBeyond ? Promise.resolve() : backlog.changed();
    },
    onDelivered: backlog.delivered,
  }).catch((cause: unknown) => {
    log.error("Delivery of exchanges has stopped", { error: cause });
  });

  async function record(exchange: Exchange): Promise<void> {
    const isKept = await append({ backlog, writer }, exchange).catch((cause: unknown) => {
      dropped += 1;
      throw cause;
    });
    if (isKept) return;
    dropped += 1;
    const { maxBytes } = options;
    if (dropped === 1) log.error("The spool is full: exchanges are dropped", { maxBytes });
  }

  async function recordFeedback(feedback: Feedback): Promise<void> {
    if (await append({ backlog, writer }, { ...feedback, kind: FEEDBACK_KIND })) return;
    throw new AppError("overloaded", "The gateway can keep no feedback at the moment. Try again.", {
      details: { retryAfterMs: SPOOL_FULL_RETRY_MS },
    });
  }

  return {
    record,
    recordFeedback,
    state: () => {
      const { records, bytes } = backlog.now();
      return { spooledExchanges: records, spoolBytes: bytes, droppedExchanges: dropped };
    },
    delivered: async () => {
      while (!backlog.isEmpty()) await backlog.changed();
    },
    close: async () => {
      closing.abort(new Error("the spool is closing"));
      backlog.wake();
      await delivery;
      await writer.close();
    },
  };
}

/** False when the spool is full. */
async function append(
  { backlog, writer }: { readonly backlog: SpoolBacklog; readonly writer: SpoolWriter },
  kept: object,
): Promise<boolean> {
  const line = Buffer.from(`${JSON.stringify(kept)}\n`);
  if (!backlog.reserve(line.length)) return false;
  try {
    await writer.append(line);
  } catch (cause) {
    backlog.release(line.length);
    throw cause;
  }
  return true;
}
