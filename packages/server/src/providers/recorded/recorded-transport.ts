import type { JsonObject } from "@spillway/core";
import type { Clock, ModelReply, ModelRequest, ModelTransport } from "../../ports.ts";
import type { Recording } from "./recording-library.ts";
import { createRecordingLibrary, inputDigest } from "./recording-library.ts";

type Answer = {
  readonly request: ModelRequest;
  readonly recording: Recording;
  readonly text: string;
  readonly latencyMs: number;
  readonly usage: JsonObject;
};

const LATENCY_IF_UNRECORDED_MS = 300;
/** About where the first token of a streamed answer stands in its whole time. */
const FIRST_TOKEN_SHARE = 0.3;
/** An answer is cut into at most so many pieces, whatever its length. */
const MAX_PIECES = 64;
const CHARS_PER_TOKEN = 4;

/**
 * Answers known inputs with what a real model once said, as if it were live: after the recorded latency
 * (on the clock), unary or in pieces. Model ids are "<source>/<version>".
 */
export function createRecordedTransport(options: {
  readonly directory: string;
  readonly clock: Clock;
}): ModelTransport {
  const library = createRecordingLibrary(options.directory);
  const { clock } = options;

  async function send(request: ModelRequest, signal: AbortSignal): Promise<ModelReply> {
    const found = await library.find({
      modelId: request.modelId,
      promptLabel: request.origin.promptLabel,
      itemId: request.origin.attributes["item_id"] ?? null,
      clientMessages: request.origin.clientMessages,
    });
    if (found.kind === "not_found") return notRecorded(found.message);
    const { recording } = found;
    if (recording.output === null) {
      return notRecorded(`The source of ${request.modelId} did not keep the text of its answers.`);
    }
    const answer = answerOf(request, recording, recording.output);
    if (request.isStream) {
      return { kind: "stream", status: 200, headers: {}, chunks: streamed(answer, clock, signal) };
    }
    await clock.sleep(answer.latencyMs, signal);
    return { kind: "unary", status: 200, headers: {}, body: completion(answer, clock.nowMs()) };
  }

  return { send };
}

function notRecorded(message: string): ModelReply {
  return {
    kind: "failure",
    class: "not_found",
    status: 404,
    message,
    body: { kind: "recording_not_found", error: { message } },
    retryAfterMs: null,
  };
}

function answerOf(request: ModelRequest, recording: Recording, text: string): Answer {
  // A live provider always tells; where the source did not keep it, the usual rule of thumb does.
  const inputTokens = recording.inputTokens ?? tokensIn(JSON.stringify(request.body["messages"]));
  const outputTokens = recording.outputTokens ?? tokensIn(text);
  return {
    request,
    recording,
    text,
    latencyMs: recording.latencyMs ?? LATENCY_IF_UNRECORDED_MS,
    usage: {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    },
  };
}

function completion(answer: Answer, nowMs: number): JsonObject {
  return {
    ...identity(answer, nowMs),
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: answer.text, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: answer.usage,
  };
}

async function* streamed(
  answer: Answer,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const startMs = clock.nowMs();
  const base = { ...identity(answer, startMs), object: "chat.completion.chunk" };
  const frame = (delta: JsonObject, finishReason: string | null): Uint8Array =>
    bytesOf({
      ...base,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
    });
  const pieces = piecesOf(answer.text);
  yield frame({ role: "assistant", content: "" }, null);
  for (const [index, content] of pieces.entries()) {
    // Against the start and not the piece before, so that late timers do not add up.
    const share = FIRST_TOKEN_SHARE + ((1 - FIRST_TOKEN_SHARE) * index) / pieces.length;
    const waitMs = startMs + answer.latencyMs * share - clock.nowMs();
    if (waitMs > 0) await clock.sleep(waitMs, signal);
    yield frame({ content }, null);
  }
  const restMs = startMs + answer.latencyMs - clock.nowMs();
  if (restMs > 0) await clock.sleep(restMs, signal);
  yield frame({}, "stop");
  if (wantsUsage(answer.request)) yield bytesOf({ ...base, choices: [], usage: answer.usage });
  yield Buffer.from("data: [DONE]\n\n");
}

/** Whole words, each with the white space before it. */
function piecesOf(text: string): readonly string[] {
  const words = text.match(/\s*\S+|\s+$/g) ?? [];
  const perPiece = Math.max(1, Math.ceil(words.length / MAX_PIECES));
  const pieces: string[] = [];
  for (let at = 0; at < words.length; at += perPiece) {
    pieces.push(words.slice(at, at + perPiece).join(""));
  }
  return pieces;
}

function identity({ request, recording }: Answer, nowMs: number): JsonObject {
  const digest = inputDigest([request.modelId, recording.itemId]).slice(0, 24);
  return {
    id: `chatcmpl-${digest}`,
    created: Math.floor(nowMs / 1_000),
    model: request.modelId,
  };
}

function wantsUsage(request: ModelRequest): boolean {
  const options = request.body["stream_options"];
  return typeof options === "object" && options !== null && "include_usage" in options;
}

const tokensIn = (text: string): number => Math.ceil(text.length / CHARS_PER_TOKEN);

const bytesOf = (chunk: JsonObject): Uint8Array =>
  Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`);
