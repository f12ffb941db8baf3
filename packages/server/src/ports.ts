/**
 * What the planes need from the outside, and nothing of how it is done. Adapters implement these;
 * compose.ts chooses which; fakes for tests live in testkit.
 */
import type { Exchange, Feedback, Json, JsonObject, Snapshot } from "@spillway/core";

/**
 * The time in which rollouts, exchanges and decisions live, epoch milliseconds. It may run faster than
 * the wall clock (demo) or stand still until it is moved (backtest, tests).
 */
export type Clock = {
  readonly nowMs: () => number;
  /** How many clock milliseconds pass in one of the wall's; 1 in production, Infinity if hand-moved. */
  readonly speed: number;
  /** Waits so many clock milliseconds; rejects with the signal's reason. */
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
};

/** Real time, for what protects the process: timeouts, leases, back-off. Never scaled. */
export type Wall = {
  readonly nowMs: () => number;
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
};

export type Ids = {
  /** A new id, ordered by time: "<prefix>_<26 characters>". */
  readonly next: (prefix: "exch" | "fb" | "roll" | "dec" | "key" | "req" | "gw") => string;
  /** A secret of 256 random bits, URL-safe. */
  readonly secret: () => string;
};

/** Structured log. Error = a person must act; warn = degraded and handled; info = state changed. */
export type Log = {
  readonly error: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly info: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
  readonly debug: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
};

/** A chat completion to be made by a provider; `body` is in the OpenAI protocol, model and all. */
export type ModelRequest = {
  readonly provider: string;
  readonly modelId: string;
  readonly body: JsonObject;
  readonly isStream: boolean;
  /** Where it comes from. Providers over the wire ignore it; the recorded one needs it. */
  readonly origin: {
    readonly feature: string;
    readonly releaseId: string;
    readonly promptName: string;
    readonly promptLabel: string;
    /** The client's own messages, before the release's prompt was put around them. */
    readonly clientMessages: readonly Json[];
    readonly attributes: Readonly<Record<string, string>>;
  };
};

/** A failure of a provider, classified: what the attempt plan needs to go on. */
export type ProviderFailure = {
  readonly kind: "failure";
  readonly class:
    | "connection"
    | "timeout"
    | "rate_limited"
    | "overloaded"
    | "server_error"
    | "rejected"
    | "unauthenticated"
    | "not_found"
    | "malformed";
  readonly status: number | null;
  readonly message: string;
  /** The provider's own error body, passed on where the protocol is the same. */
  readonly body: JsonObject | null;
  readonly retryAfterMs: number | null;
};

export type ModelReply =
  | {
      readonly kind: "unary";
      readonly status: number;
      readonly body: JsonObject;
      readonly headers: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "stream";
      readonly status: number;
      /** The provider's bytes as they come; throws when the connection breaks. */
      readonly chunks: AsyncIterable<Uint8Array>;
      readonly headers: Readonly<Record<string, string>>;
    }
  | ProviderFailure;

/** One provider. Never throws for what a provider may do; throws AppError for our own mistakes. */
export type ModelTransport = {
  readonly send: (request: ModelRequest, signal: AbortSignal) => Promise<ModelReply>;
};

/** Takes an exchange before the reply ends; resolves when it would survive a kill of this process. */
export type ExchangeSink = {
  readonly record: (exchange: Exchange) => Promise<void>;
};

/**
 * Takes feedback; resolves when it would survive a kill of this process. Throws `overloaded` when it cannot
 * be kept: whoever sent it is still there to send it again.
 */
export type FeedbackSink = {
  readonly recordFeedback: (feedback: Feedback) => Promise<void>;
};

/** Where a gateway gets its snapshots: pushed, polled, and the last good one from disk. */
export type SnapshotSource = {
  readonly current: () => Snapshot | null;
};

export type Receipt = {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly { readonly id: string; readonly message: string }[];
};

/** Outgoing notices of decisions; at least once, keyed by the decision. */
export type Notifier = {
  readonly send: (notice: {
    readonly key: string;
    readonly topic: string;
    readonly text: string;
    readonly body: Json;
  }) => Promise<void>;
};
