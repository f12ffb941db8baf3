import type { GatewayHarness, GatewayHarnessOptions } from "@spillway/testkit";
import {
  buildRoute,
  buildSnapshot,
  chunkOf,
  createMemorySink,
  dataOf,
  DONE,
  errorReply,
  sseReply,
  startGatewayHarness,
  streamOf,
  usageFrame,
} from "@spillway/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { createHandMovedClock } from "../telemetry/clocks.ts";

let harness: GatewayHarness | undefined;

async function start(options: GatewayHarnessOptions = {}): Promise<GatewayHarness> {
  harness = await startGatewayHarness(options);
  return harness;
}

afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

const QUESTION = { model: "support", messages: [{ role: "user" as const, content: "Hello?" }] };
const STREAMED = { ...QUESTION, stream: true as const };
const ROLE = chunkOf({ role: "assistant", content: "" });
const WORD = chunkOf({ content: "Word. " });
const END = chunkOf({}, "stop");

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

describe("before the first content", () => {
  test("a stream that dies after its lifecycle frames is made again, unseen", async () => {
    const { post, only } = await start({
      script: (_, index) =>
        index === 0 ? sseReply([ROLE, { kind: "reset" }]) : sseReply(streamOf(["Hi."])),
    });
    const text = await (await post(STREAMED)).text();
    expect(text.split("assistant")).toHaveLength(2);
    expect(only()).toMatchObject({ outcome: "ok", output: "Hi." });
    expect(only().attempts).toHaveLength(2);
  });

  test("an in-band error is a failure like any other: a real status, after a retry", async () => {
    const failure = dataOf({ error: { message: "busy", type: "overloaded_error", code: null } });
    const { post, provider } = await start({ script: () => sseReply([ROLE, failure]) });
    const response = await post(STREAMED);
    expect([response.status, response.headers.get("x-should-retry")]).toEqual([529, "false"]);
    expect(provider.seen).toHaveLength(2);
  });

  test("a first token that does not come in time goes to the fallback", async () => {
    const wall = createHandMovedClock();
    const late = gate();
    const { post, provider } = await start({
      wall,
      script: () => sseReply([ROLE, ": ping\n\n", { kind: "gate", gate: late.opened }, WORD]),
      snapshot: buildSnapshot({
        routes: [buildRoute({ fallback: { kind: "static", text: "Later." } })],
      }),
    });
    const replying = post(STREAMED);
    await provider.untilSeen(1);
    await wall.advance(30_000);
    expect(await (await replying).text()).toContain("Later.");
    late.open();
  });

  test("an answer without content is an answer", async () => {
    const { client } = await start({
      script: () => sseReply([ROLE, chunkOf({}, "content_filter"), DONE]),
    });
    const stream = client.chat.completions.stream(QUESTION);
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]?.finish_reason).toBe("content_filter");
  });
});

describe("after the first content", () => {
  test("a stream that dies ends in an error, and is never made again", async () => {
    const { client, provider, sink } = await start({
      script: () => sseReply([ROLE, WORD, WORD, { kind: "reset" }]),
    });
    const stream = client.chat.completions.stream(QUESTION);
    await expect(stream.finalContent()).rejects.toThrow(/connection/);
    const exchange = await sink.until(() => true);
    expect(exchange).toMatchObject({ outcome: "truncated", output: "Word. Word. " });
    expect(provider.seen).toHaveLength(1);
  });

  test.each([
    ["ends without a finish reason", [ROLE, WORD]],
    ["says [DONE] too early", [ROLE, WORD, DONE]],
  ])("a stream that %s is no clean end", async (_, frames) => {
    const { post, only } = await start({ script: () => sseReply(frames) });
    const text = await (await post(STREAMED)).text();
    expect(text.startsWith(ROLE + WORD)).toBe(true);
    expect(text).toMatch(
      /data: \{"error":\{"message":".*","type":"server_error"[^\n]*\n\ndata: \[DONE\]\n\n$/,
    );
    expect(only().outcome).toBe("truncated");
  });

  test("silence between two words is ended by the idle timer", async () => {
    const wall = createHandMovedClock();
    const forever = gate();
    const { post, sink } = await start({
      wall,
      script: () => sseReply([ROLE, WORD, { kind: "gate", gate: forever.opened }]),
    });
    const response = await post(STREAMED);
    await wall.untilSleeping(2);
    await wall.advance(30_000);
    expect(await response.text()).toMatch(/"code":"timeout".*\n\ndata: \[DONE\]/);
    expect((await sink.until(() => true)).outcome).toBe("truncated");
    forever.open();
  });

  test("a provider that never closes its finished stream does not hold the reply", async () => {
    const wall = createHandMovedClock();
    const forever = gate();
    const { post, only } = await start({
      wall,
      script: () =>
        sseReply([ROLE, WORD, END, usageFrame(), { kind: "gate", gate: forever.opened }]),
    });
    const response = await post(STREAMED);
    await wall.untilSleeping(2);
    await wall.advance(2_000);
    expect(await response.text()).toBe(ROLE + WORD + END + DONE);
    expect(only()).toMatchObject({ outcome: "ok", outputTokens: 5 });
    forever.open();
  });

  test("a frame that is no JSON is dropped and counted, and the rest is passed on", async () => {
    const { post, log } = await start({
      script: () => sseReply([ROLE, WORD, "data: {broken\n\n", WORD, END, DONE]),
    });
    expect(await (await post(STREAMED)).text()).toBe(ROLE + WORD + WORD + END + DONE);
    expect(log.find(({ level }) => level === "warn")?.fields).toMatchObject({ droppedFrames: 1 });
  });

  test("a stream without [DONE] and without its last blank line is completed", async () => {
    const { post } = await start({ script: () => sseReply([ROLE, WORD, END.trimEnd()]) });
    expect(await (await post(STREAMED)).text()).toBe(ROLE + WORD + END + DONE);
  });
});

describe("the client", () => {
  test("that leaves aborts the provider, and its exchange is cancelled", async () => {
    const forever = gate();
    const { client, provider, sink } = await start({
      script: () => sseReply([ROLE, WORD, { kind: "gate", gate: forever.opened }]),
    });
    const stream = await client.chat.completions.create(STREAMED);
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content !== "") break;
    }
    await provider.seen[0]!.aborted;
    expect(await sink.until(() => true)).toMatchObject({ outcome: "cancelled", output: "Word. " });
    forever.open();
  });

  test("has its whole answer only when it is recorded", async () => {
    const disk = gate();
    const sink = createMemorySink(() => disk.opened);
    const { post } = await start({ sink, script: () => sseReply(streamOf(["Hi."])) });
    const response = await post(STREAMED);
    const reader = response.body!.getReader();
    let text = "";
    while (!text.includes('"finish_reason":"stop"')) {
      const { value } = await reader.read();
      text += Buffer.from(value ?? []).toString();
    }
    const rest = reader.read();
    expect(text).not.toContain("[DONE]");
    expect(sink.exchanges).toHaveLength(0);
    disk.open();
    expect(Buffer.from((await rest).value ?? []).toString()).toBe(DONE);
    expect(sink.exchanges).toHaveLength(1);
  });

  test("gets its answer even if the sink fails", async () => {
    const sink = createMemorySink(() => Promise.reject(new Error("no space left")));
    const { post, log } = await start({ sink, script: () => sseReply(streamOf(["Hi."])) });
    expect(await (await post(STREAMED)).text()).toContain("[DONE]");
    expect(log.some(({ level }) => level === "error")).toBe(true);
  });

  test("marks its own retries", async () => {
    const { post, sink } = await start({ script: () => errorReply(400) });
    await post(QUESTION, { "x-stainless-retry-count": "1" });
    expect(sink.exchanges[0]?.isRepeat).toBe(true);
  });

  test("sends its own request id, which comes back", async () => {
    const { post } = await start({ script: () => sseReply(streamOf(["Hi."])) });
    const response = await post(STREAMED, { "x-request-id": "mine-1" });
    expect(response.headers.get("x-request-id")).toBe("mine-1");
    expect(response.headers.get("request-id")).toBe("mine-1");
    await response.text();
  });
});

test("a closing gateway lets a stream end", async () => {
  const rest = gate();
  const { post, gateway } = await start({
    script: () => sseReply([ROLE, WORD, { kind: "gate", gate: rest.opened }, END, DONE]),
  });
  const response = await post(STREAMED);
  const closed = gateway.close();
  rest.open();
  expect(await response.text()).toBe(ROLE + WORD + END + DONE);
  await closed;
});
