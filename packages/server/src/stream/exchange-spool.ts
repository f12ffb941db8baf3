import type { Exchange } from "@spillway/core";
import type { ExchangeSink, Log, Wall } from "../ports.ts";
import type { DeliverExchanges } from "./spool-delivery.ts";
import { runDelivery } from "./spool-delivery.ts";
import { createSpoolBacklog, inheritSpool } from "./spool-backlog.ts";
import { createSpoolWriter } from "./spool-writer.ts";

export type ExchangeSpoolOptions = {
  readonly directory: string;
  /** Undelivered bytes on disk; beyond, new exchanges are dropped and counted. */
  readonly maxBytes: number;
  readonly deliver: DeliverExchanges;
  readonly wall: Wall;
  readonly log: Log;
  readonly segmentBytes?: number;
  /** In [0, 1); spreads the tries of many gateways. */
  readonly random?: () => number;
};

export type SpoolState = {
  /** Not yet delivered. */
  readonly spooledExchanges: number;
  readonly spoolBytes: number;
  /** Since the start. */
  readonly droppedExchanges: number;
};

export type ExchangeSpool = ExchangeSink & {
  readonly state: () => SpoolState;
  /** Resolves when everything recorded so far has been delivered. */
  readonly delivered: () => Promise<void>;
  /** Stops delivery; what is not delivered stays on disk for the next start. */
  readonly close: () => Promise<void>;
};

const SEGMENT_BYTES = 16 * 1024 * 1024;

/**
 * Keeps exchanges on disk until the control plane has them. `record` resolves when the exchange would
 * survive a kill of this process; it never waits for the network, and never fails a reply: when the
 * spool is full the exchange is dropped and counted.
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
    const line = Buffer.from(`${JSON.stringify(exchange)}\n`);
    if (!backlog.reserve(line.length)) {
      dropped += 1;
      const { maxBytes } = options;
      if (dropped === 1) log.error("The spool is full: exchanges are dropped", { maxBytes });
      return;
    }
    try {
      await writer.append(line);
    } catch (cause) {
      backlog.release(line.length);
      dropped += 1;
      throw cause;
    }
  }

  return {
    record,
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
