/** Pieces of the OpenAI chat protocol as a provider sends them. */

export const DONE = "data: [DONE]\n\n";

export function completionOf(content: string, model = "model-1"): Record<string, unknown> {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model,
    choices: [
      { index: 0, message: { role: "assistant", content, refusal: null }, finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  };
}

export function chunkOf(
  delta: Record<string, unknown>,
  finishReason: string | null = null,
  model = "model-1",
): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return dataOf({ id: "c1", object: "chat.completion.chunk", created: 1, model, choices });
}

export function usageFrame(model = "model-1"): string {
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  return dataOf({
    id: "c1",
    object: "chat.completion.chunk",
    created: 1,
    model,
    choices: [],
    usage,
  });
}

export function dataOf(body: unknown): string {
  return `data: ${JSON.stringify(body)}\n\n`;
}

/** Role, one frame for each word, the end, usage, [DONE]. */
export function streamOf(words: readonly string[], model = "model-1"): string[] {
  return [
    chunkOf({ role: "assistant", content: "" }, null, model),
    ...words.map((content) => chunkOf({ content }, null, model)),
    chunkOf({}, "stop", model),
    usageFrame(model),
    DONE,
  ];
}
