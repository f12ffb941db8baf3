import { createParser } from "eventsource-parser";
import type { JsonObject } from "@spillway/core";
import { isJsonObject } from "@spillway/core";

/** What one server-sent event of a chat completion means for the stream as a whole. */
export type ChatFrame =
  /** A comment, or an event without data. */
  | { readonly kind: "silent" }
  | { readonly kind: "done" }
  /** In-band failure of the provider. */
  | { readonly kind: "error"; readonly error: JsonObject }
  /** Not JSON, or not a chunk: it would make the official clients throw away the whole answer. */
  | { readonly kind: "malformed" }
  | { readonly kind: "chunk"; readonly chunk: ChatChunk };

export type ChatChunk = {
  readonly model: string | null;
  /** Something that a user would see or a program would act on: from here on nothing is retried. */
  readonly hasContent: boolean;
  /** Text of the first choice. */
  readonly text: string;
  readonly choices: readonly { readonly index: number; readonly finishReason: string | null }[];
  readonly usage: TokenUsage | null;
  /** `choices: []` with usage: sent because the gateway asked for it. */
  readonly isUsageOnly: boolean;
};

export type TokenUsage = {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
};

const CONTENT_FIELDS = ["content", "reasoning_content", "reasoning", "refusal"];

/** `event` holds exactly one event, whole. */
export function parseChatFrame(event: Buffer): ChatFrame {
  const data = dataOf(event.toString("utf8"));
  if (data === null) return { kind: "silent" };
  if (data.trim() === "[DONE]") return { kind: "done" };
  const parsed = jsonOf(data);
  if (!isJsonObject(parsed)) return { kind: "malformed" };
  const error = parsed["error"];
  if (error !== undefined && error !== null) {
    return {
      kind: "error",
      error: isJsonObject(error) ? error : { message: JSON.stringify(error) },
    };
  }
  return Array.isArray(parsed["choices"])
    ? { kind: "chunk", chunk: chunkOf(parsed, parsed["choices"]) }
    : { kind: "malformed" };
}

export function usageOf(found: unknown): TokenUsage | null {
  if (!isJsonObject(found)) return null;
  return {
    inputTokens: countOf(found["prompt_tokens"]),
    outputTokens: countOf(found["completion_tokens"]),
  };
}

function chunkOf(parsed: JsonObject, choices: readonly unknown[]): ChatChunk {
  const objects = choices.filter(isJsonObject);
  const usage = usageOf(parsed["usage"]);
  return {
    model: typeof parsed["model"] === "string" ? parsed["model"] : null,
    hasContent: objects.some(hasContent),
    text: objects.map(textOf).join(""),
    choices: objects.map((choice) => ({
      index: typeof choice["index"] === "number" ? choice["index"] : 0,
      finishReason: typeof choice["finish_reason"] === "string" ? choice["finish_reason"] : null,
    })),
    usage,
    isUsageOnly: choices.length === 0 && usage !== null,
  };
}

function hasContent(choice: JsonObject): boolean {
  const delta = choice["delta"];
  if (!isJsonObject(delta)) return false;
  if (CONTENT_FIELDS.some((field) => typeof delta[field] === "string" && delta[field] !== "")) {
    return true;
  }
  const toolCalls = delta["tool_calls"];
  return (
    (Array.isArray(toolCalls) && toolCalls.length > 0) ||
    isJsonObject(delta["function_call"]) ||
    isJsonObject(delta["audio"])
  );
}

function textOf(choice: JsonObject): string {
  const delta = choice["delta"];
  if ((choice["index"] ?? 0) !== 0 || !isJsonObject(delta)) return "";
  return typeof delta["content"] === "string" ? delta["content"] : "";
}

function dataOf(text: string): string | null {
  let data: string | null = null;
  const parser = createParser({ onEvent: (event) => (data = event.data) });
  parser.feed(text);
  // An event at the very end of a stream may lack its blank line.
  parser.reset({ consume: true });
  return data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is one of the things that a provider may send: the caller drops the frame and counts it.
    return null;
  }
}

function countOf(found: unknown): number | null {
  return typeof found === "number" && Number.isFinite(found) && found >= 0 ? found : null;
}
