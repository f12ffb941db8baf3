import type { ChatChunk, TokenUsage } from "./chat-frame.ts";

/** What is known of an answer: of a whole one, or of one that broke off. */
export type AnswerFacts = {
  readonly text: string | null;
  readonly modelServed: string | null;
  readonly finishReason: string | null;
  readonly usage: TokenUsage | null;
  /** On the clock; null when nothing was streamed. */
  readonly firstContentAtMs: number | null;
  /** Frames that were no chunks and have not been passed on. */
  readonly droppedFrames: number;
};

export const NO_FACTS: AnswerFacts = {
  text: null,
  modelServed: null,
  finishReason: null,
  usage: null,
  firstContentAtMs: null,
  droppedFrames: 0,
};

export type ChatMeter = {
  readonly take: (chunk: ChatChunk, nowMs: number) => void;
  readonly drop: () => void;
  /** Every choice has a reason for its end. */
  readonly isFinished: () => boolean;
  readonly facts: () => AnswerFacts;
};

/** An answer beyond this is cut in the record (never in the reply). */
const MAX_RECORDED_CHARS = 1_000_000;

/** Reads along with one attempt's stream; thrown away with the attempt. */
export function createChatMeter(expectedChoices = 1): ChatMeter {
  const parts: string[] = [];
  let length = 0;
  const open = new Set<number>();
  const finished = new Map<number, string>();
  let modelServed: string | null = null;
  let usage: TokenUsage | null = null;
  let firstContentAtMs: number | null = null;
  let droppedFrames = 0;

  function take(chunk: ChatChunk, nowMs: number): void {
    if (chunk.hasContent) firstContentAtMs ??= nowMs;
    if (chunk.text !== "" && length < MAX_RECORDED_CHARS) {
      parts.push(chunk.text.slice(0, MAX_RECORDED_CHARS - length));
      length += chunk.text.length;
    }
    for (const { index, finishReason } of chunk.choices) {
      if (finishReason === null) {
        if (!finished.has(index)) open.add(index);
      } else {
        open.delete(index);
        finished.set(index, finishReason);
      }
    }
    modelServed = chunk.model ?? modelServed;
    // Some servers send it with every frame, each time for all so far: the last one counts.
    usage = chunk.usage ?? usage;
  }

  return {
    take,
    drop: () => {
      droppedFrames += 1;
    },
    isFinished: () => finished.size >= expectedChoices && open.size === 0,
    facts: () => ({
      text: firstContentAtMs === null ? null : parts.join(""),
      modelServed,
      finishReason: finished.get(0) ?? finished.values().next().value ?? null,
      usage,
      firstContentAtMs,
      droppedFrames,
    }),
  };
}
