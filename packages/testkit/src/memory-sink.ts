import type { Exchange, Feedback } from "@spillway/core";
import type { ExchangeSink, FeedbackSink, Log } from "../../server/src/ports.ts";

export type MemorySink = ExchangeSink &
  FeedbackSink & {
    readonly exchanges: readonly Exchange[];
    readonly feedback: readonly Feedback[];
    /** Resolves with the first exchange, past or future, that fits. */
    readonly until: (isWanted: (exchange: Exchange) => boolean) => Promise<Exchange>;
  };

/** Keeps what it is given; `before` lets a test hold a record back or make it fail. */
export function createMemorySink(
  before: () => Promise<void> = () => Promise.resolve(),
): MemorySink {
  const exchanges: Exchange[] = [];
  const feedback: Feedback[] = [];
  const watchers = new Set<(exchange: Exchange) => void>();
  return {
    exchanges,
    feedback,
    recordFeedback: async (given) => {
      await before();
      feedback.push(given);
    },
    record: async (exchange) => {
      await before();
      exchanges.push(exchange);
      for (const tell of watchers) tell(exchange);
    },
    until: (isWanted) => {
      const known = exchanges.find(isWanted);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => {
        const tell = (exchange: Exchange): void => {
          if (!isWanted(exchange)) return;
          watchers.delete(tell);
          resolve(exchange);
        };
        watchers.add(tell);
      });
    },
  };
}

export type LogLine = {
  readonly level: "error" | "warn" | "info" | "debug";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
};

export function createMemoryLog(): Log & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: LogLine["level"]) =>
    (message: string, fields: LogLine["fields"] = {}) => {
      lines.push({ level, message, fields });
    };
  return { lines, error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}
