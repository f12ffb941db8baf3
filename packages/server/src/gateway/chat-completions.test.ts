import type { GatewayHarness, GatewayHarnessOptions } from "@spillway/testkit";
import {
  buildRoute,
  buildServableRelease,
  buildSnapshot,
  completionOf,
  jsonReply,
  sseReply,
  startGatewayHarness,
  streamOf,
} from "@spillway/testkit";
import { afterEach, describe, expect, test } from "vitest";

let harness: GatewayHarness | undefined;

async function start(options: GatewayHarnessOptions): Promise<GatewayHarness> {
  harness = await startGatewayHarness(options);
  return harness;
}

afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

const QUESTION = { model: "support", messages: [{ role: "user" as const, content: "Hello?" }] };

describe("a unary call", () => {
  test("is answered through the official client, and recorded with what it cost", async () => {
    const { client, provider, only } = await start({
      script: () => jsonReply(completionOf("Hi there."), 200, { "x-request-id": "upstream-7" }),
      snapshot: buildSnapshot({
        releases: [
          buildServableRelease({
            number: 1,
            model: {
              parameters: { temperature: 0 },
              price: { inputMicroUsdPerMillion: 1_000_000, outputMicroUsdPerMillion: 2_000_000 },
            },
          }),
        ],
      }),
    });
    const { data, response } = await client.chat.completions
      .create({ ...QUESTION, temperature: 1, metadata: { language: "en", item: "7" }, top_p: 0.5 })
      .withResponse();

    expect(data.choices[0]?.message.content).toBe("Hi there.");
    expect(data.model).toBe("model-1");
    const sent = provider.seen[0]!;
    expect(sent.body).toEqual({
      model: "model-1",
      messages: [
        { role: "system", content: "You are release 1." },
        { role: "user", content: "Hello?" },
      ],
      temperature: 0,
      top_p: 0.5,
    });
    expect(sent.headers.authorization).toBe("Bearer provider-key");
    expect(Object.keys(sent.headers).filter((name) => name.startsWith("x-stainless"))).toEqual([]);

    const exchange = only();
    expect(response.headers.get("x-spillway-exchange")).toBe(exchange.id);
    expect(response.headers.get("x-upstream-request-id")).toBe("upstream-7");
    expect(response.headers.get("x-request-id")).toMatch(/^req_[0-9a-z]{26}$/);
    expect(exchange).toMatchObject({
      feature: "support",
      release: "support@1",
      arm: "baseline",
      role: "primary",
      outcome: "ok",
      attributes: { language: "en", item: "7" },
      inputTokens: 10,
      outputTokens: 5,
      costMicroUsd: 20,
      modelServed: "model-1",
      finishReason: "stop",
      input: QUESTION.messages,
      output: "Hi there.",
      attempts: [{ target: "openai/model-1", outcome: "ok", error: null }],
    });
  });
});

describe("a stream", () => {
  test("passes byte for byte, without the usage frame that nobody asked for", async () => {
    const frames = streamOf(["Hi ", "the", "re."]);
    const { post, provider, only } = await start({ script: () => sseReply(frames) });
    const response = await post({ ...QUESTION, stream: true });
    const text = await response.text();

    expect(text).toBe(frames.filter((frame) => !frame.includes('"usage"')).join(""));
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(provider.seen[0]?.body["stream_options"]).toEqual({ include_usage: true });
    expect(only()).toMatchObject({
      outcome: "ok",
      output: "Hi there.",
      inputTokens: 10,
      outputTokens: 5,
      finishReason: "stop",
    });
    expect(only().firstTokenMs).not.toBeNull();
  });

  test("gives usage to the official client that asks for it", async () => {
    const { client } = await start({ script: () => sseReply(streamOf(["Hi."])) });
    const stream = client.chat.completions.stream({
      ...QUESTION,
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.message.content).toBe("Hi.");
    expect(completion.usage?.completion_tokens).toBe(5);
  });
});

test("a feature that nobody knows is named", async () => {
  const { client } = await start({ snapshot: buildSnapshot({ routes: [buildRoute()] }) });
  const call = client.chat.completions.create({ ...QUESTION, model: "supprot" });
  await expect(call).rejects.toMatchObject({
    status: 404,
    code: "model_not_found",
    param: "model",
  });
  await expect(call).rejects.toThrow(/"supprot"/);
});
