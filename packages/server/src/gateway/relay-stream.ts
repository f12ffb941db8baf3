import { AppError } from "@spillway/core";
import type { Clock, ProviderFailure } from "../ports.ts";
import { orStopped, stopOf } from "./call-stop.ts";
import type { Watchdog } from "./call-stop.ts";
import { parseChatFrame } from "./chat-frame.ts";
import type { ChatFrame } from "./chat-frame.ts";
import type { AnswerFacts, ChatMeter } from "./chat-meter.ts";
import { createChatMeter } from "./chat-meter.ts";
import type { CommitPhase } from "./commit-state.ts";
import { decideFrame } from "./commit-state.ts";
import { createEventSplitter } from "./event-splitter.ts";
import type { GatewayLimits } from "./limits.ts";
import { classifyInBandError, connectionLost, failureOfTimer } from "./provider-failure.ts";

/** Where a stream goes. For a shadow, nowhere. */
export type ClientStream = {
  /** Sends status and headers; called once, with the first content. */
  readonly begin: (providerHeaders: Readonly<Record<string, string>>) => void;
  /** Null when more may be written at once, else a promise of the moment when it may. */
  readonly write: (bytes: Uint8Array) => Promise<void> | null;
};

export type RelayInput = {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly headers: Readonly<Record<string, string>>;
  readonly wantsUsage: boolean;
  readonly expectedChoices: number;
  readonly client: ClientStream;
  readonly clock: Clock;
  readonly limits: Pick<GatewayLimits, "idleMs" | "afterFinishMs" | "clientStallMs">;
  readonly watchdog: Watchdog;
  /** Aborted with a CallStop by the watchdog, by the client's leaving, or by a shutdown. */
  readonly signal: AbortSignal;
};

export type RelayResult =
  /** The provider finished. `[DONE]` has not been sent: the exchange is recorded first. */
  | { readonly kind: "finished"; readonly facts: AnswerFacts }
  /** Nothing has been sent: another attempt is possible. */
  | { readonly kind: "failed"; readonly failure: ProviderFailure }
  | {
      readonly kind: "truncated";
      readonly failure: ProviderFailure;
      readonly facts: AnswerFacts;
      /** The provider's own error frame has been passed on. */
      readonly isErrorSent: boolean;
    }
  | { readonly kind: "cancelled"; readonly facts: AnswerFacts };

type Relay = {
  readonly input: RelayInput;
  readonly meter: ChatMeter;
  phase: CommitPhase;
  hasBegun: boolean;
  readonly held: Buffer[];
  heldBytes: number;
};

type Taken =
  | { readonly kind: "more"; readonly bytes: readonly Buffer[] }
  | { readonly kind: "end"; readonly bytes: readonly Buffer[]; readonly result: RelayResult };

/** Lifecycle frames are small; a provider that sends more than this without content is broken. */
const MAX_HELD_BYTES = 1024 * 1024;

/**
 * Passes one attempt's stream on, byte for byte, from the first content (see commit-state.ts). Reads
 * no further than the client takes.
 */
export async function relayStream(input: RelayInput): Promise<RelayResult> {
  const relay: Relay = {
    input,
    meter: createChatMeter(input.expectedChoices),
    phase: "held",
    hasBegun: false,
    held: [],
    heldBytes: 0,
  };
  const splitter = createEventSplitter();
  const iterator = input.chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await orStopped(iterator.next(), input.signal);
      const events = step.done === true ? lastEvent(splitter.end()) : splitter.push(step.value);
      const taken = takeEvents(relay, events);
      await send(relay, taken.bytes);
      if (taken.kind === "end") return taken.result;
      if (step.done === true) return endOf(relay, connectionLost("the stream ended too early"));
    }
  } catch (cause) {
    return brokenOff(relay, cause);
  } finally {
    // Frees the provider's connection. Not waited for: the reply does not depend on it.
    void iterator.return?.()?.then(undefined, () => undefined);
  }
}

/** An event at the very end may lack the blank line that the next frame needs before it. */
function lastEvent(rest: Buffer | null): readonly Buffer[] {
  return rest === null ? [] : [Buffer.concat([rest, Buffer.from("\n\n")])];
}

function takeEvents(relay: Relay, events: readonly Buffer[]): Taken {
  const bytes: Buffer[] = [];
  for (const event of events) {
    const frame = parseChatFrame(event);
    if (frame.kind === "chunk") takeChunk(relay, frame);
    const action = decideFrame(relay.phase, frame, {
      isFinished: relay.meter.isFinished(),
      wantsUsage: relay.input.wantsUsage,
    });
    switch (action) {
      case "hold":
        hold(relay, event);
        break;
      case "commit":
        relay.phase = "committed";
        bytes.push(...relay.held, event);
        break;
      case "send":
        bytes.push(event);
        break;
      case "drop":
        relay.meter.drop();
        break;
      case "strip":
        break;
      case "finish":
        return { kind: "end", bytes, result: { kind: "finished", facts: relay.meter.facts() } };
      case "fail":
        return failOn(relay, frame, { bytes, event });
    }
  }
  return { kind: "more", bytes };
}

function takeChunk(relay: Relay, frame: Extract<ChatFrame, { kind: "chunk" }>): void {
  const { meter, input } = relay;
  const wasFinished = meter.isFinished();
  meter.take(frame.chunk, input.clock.nowMs());
  if (meter.isFinished()) {
    if (!wasFinished) input.watchdog.expect("after finish", input.limits.afterFinishMs);
  } else if (frame.chunk.hasContent || frame.chunk.usage !== null) {
    if (relay.phase === "committed" || frame.chunk.hasContent) {
      input.watchdog.expect("idle", input.limits.idleMs);
    }
  }
}

function failOn(
  relay: Relay,
  frame: ChatFrame,
  sent: { readonly bytes: Buffer[]; readonly event: Buffer },
): Taken {
  if (frame.kind !== "error") {
    return {
      kind: "end",
      bytes: sent.bytes,
      result: endOf(relay, connectionLost("[DONE] too early")),
    };
  }
  const failure = classifyInBandError(frame.error);
  if (relay.phase === "held")
    return { kind: "end", bytes: [], result: { kind: "failed", failure } };
  const facts = relay.meter.facts();
  return {
    kind: "end",
    bytes: [...sent.bytes, sent.event],
    result: { kind: "truncated", failure, facts, isErrorSent: true },
  };
}

function hold(relay: Relay, event: Buffer): void {
  relay.held.push(event);
  relay.heldBytes += event.length;
  if (relay.heldBytes > MAX_HELD_BYTES) {
    throw new AppError("provider_failed", "The provider streams frames without any content.");
  }
}

async function send(relay: Relay, bytes: readonly Buffer[]): Promise<void> {
  const [first] = bytes;
  if (first === undefined) return;
  const { client, watchdog, limits, signal, headers } = relay.input;
  if (!relay.hasBegun) client.begin(headers);
  relay.hasBegun = true;
  const drained = client.write(bytes.length === 1 ? first : Buffer.concat(bytes));
  if (drained === null) return;
  // While the client does not read, the provider is not read either and must not be called idle.
  watchdog.expect("client", limits.clientStallMs);
  await orStopped(drained, signal);
  if (relay.meter.isFinished()) watchdog.expect("after finish", limits.afterFinishMs);
  else watchdog.expect("idle", limits.idleMs);
}

/** The stream is over without a `[DONE]`: fine if every choice was finished, which is what counts. */
function endOf(relay: Relay, failure: ProviderFailure): RelayResult {
  const facts = relay.meter.facts();
  if (relay.meter.isFinished()) return { kind: "finished", facts };
  return relay.phase === "held"
    ? { kind: "failed", failure }
    : { kind: "truncated", failure, facts, isErrorSent: false };
}

function brokenOff(relay: Relay, cause: unknown): RelayResult {
  const stop = stopOf(relay.input.signal);
  if (stop === null) return endOf(relay, connectionLost("the stream broke off", cause));
  if (stop.kind === "timer" && stop.timer !== "client") return endOf(relay, failureOfTimer(stop));
  return { kind: "cancelled", facts: relay.meter.facts() };
}
