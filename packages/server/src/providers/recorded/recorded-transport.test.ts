import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { GatewayHarness } from "@spillway/testkit";
import {
  buildServableRelease,
  buildSnapshot,
  findSharedRecordings,
  startGatewayHarness,
} from "@spillway/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ModelReply, ModelRequest } from "../../ports.ts";
import { createAcceleratedClock, createHandMovedClock } from "../../telemetry/clocks.ts";
import { createRecordedTransport } from "./recorded-transport.ts";

let directory: string;
let harness: GatewayHarness | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "recordings-"));
  write("inputs/notes.jsonl", [
    { item_id: "n1", category: "a", messages: [{ role: "user", content: "One?" }] },
  ]);
  write("outputs/notes/v1.jsonl.gz", [
    { item_id: "n1", version: "v1", output: "one two three", latency_ms: 1_000, out_tokens: 3 },
    { item_id: "n2", version: "v1", output: "second" },
  ]);
  write("outputs/notes/v1+p2.jsonl", [{ item_id: "n1", version: "v1", output: "with p2" }]);
});

afterEach(async () => {
  await harness?.close();
  harness = undefined;
  rmSync(directory, { recursive: true });
});

function write(path: string, lines: readonly unknown[]): void {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  mkdirSync(join(directory, path, ".."), { recursive: true });
  writeFileSync(join(directory, path), path.endsWith(".gz") ? gzipSync(text) : text);
}

function requestOf(overrides: Partial<ModelRequest["origin"]> & { modelId?: string } = {}) {
  const { modelId = "notes/v1", ...origin } = overrides;
  const request: ModelRequest = {
    provider: "recorded",
    modelId,
    body: { messages: [], stream_options: { include_usage: true } },
    isStream: false,
    origin: {
      feature: "notes",
      releaseId: "notes@1",
      promptName: "p",
      promptLabel: "p1",
      clientMessages: [{ role: "user", content: "One?" }],
      attributes: {},
      ...origin,
    },
  };
  return request;
}

async function ask(request: ModelRequest): Promise<ModelReply> {
  const clock = createHandMovedClock();
  const transport = createRecordedTransport({ directory, clock });
  const replying = transport.send(request, new AbortController().signal);
  const slept = clock.untilSleeping(1).then(() => clock.advance(10_000));
  return Promise.race([replying, slept.then(() => replying)]);
}

const textOf = (reply: ModelReply): unknown =>
  reply.kind === "unary" ? reply.body["choices"] : reply;

describe("the recorded provider", () => {
  test("knows an input by its id, else by its messages", async () => {
    expect(textOf(await ask(requestOf()))).toMatchObject([
      { message: { content: "one two three" }, finish_reason: "stop" },
    ]);
    expect(textOf(await ask(requestOf({ attributes: { item_id: "n2" } })))).toMatchObject([
      { message: { content: "second" } },
    ]);
  });

  test("prefers what was recorded with the release's own prompt", async () => {
    expect(textOf(await ask(requestOf({ promptLabel: "p2" })))).toMatchObject([
      { message: { content: "with p2" } },
    ]);
  });

  test("answers after the recorded latency, on the clock", async () => {
    const clock = createHandMovedClock();
    const transport = createRecordedTransport({ directory, clock });
    let isAnswered = false;
    const replying = transport.send(requestOf(), new AbortController().signal).finally(() => {
      isAnswered = true;
    });
    await clock.untilSleeping(1);
    await clock.advance(999);
    expect(isAnswered).toBe(false);
    await clock.advance(1);
    expect(await replying).toMatchObject({ body: { usage: { completion_tokens: 3 } } });
  });

  test("streams whole words, the first at about a third of the latency", async () => {
    const clock = createHandMovedClock();
    const transport = createRecordedTransport({ directory, clock });
    const reply = await transport.send(
      { ...requestOf(), isStream: true },
      new AbortController().signal,
    );
    if (reply.kind !== "stream") throw new Error(reply.kind);
    const found: { readonly atMs: number; readonly content: string }[] = [];
    const reading = (async () => {
      for await (const chunk of reply.chunks) {
        const content = /"content":"([^"]+)"/.exec(Buffer.from(chunk).toString())?.[1];
        if (content !== undefined) found.push({ atMs: clock.nowMs(), content });
      }
    })();
    await clock.untilSleeping(1);
    await clock.advance(1_000);
    await reading;
    expect(found.map(({ content }) => content)).toEqual(["one", " two", " three"]);
    expect(found[0]?.atMs).toBe(300);
    expect(clock.nowMs()).toBe(1_000);
  });

  test.each([
    ["an unknown input", { clientMessages: [{ role: "user", content: "?" }] }, /No input of notes/],
    ["an unknown item", { attributes: { item_id: "n9" } }, /no answer to "n9"/],
    ["an unknown version", { modelId: "notes/v9" }, /outputs\/notes\/v9/],
    ["a path out of the directory", { modelId: "../secrets" }, /names no recording/],
    ["a path in the version", { modelId: "notes/../../etc/passwd" }, /names no recording/],
  ])("says what it looked for: %s", async (_, overrides, message) => {
    expect(await ask(requestOf(overrides))).toMatchObject({
      kind: "failure",
      class: "not_found",
      status: 404,
      message: expect.stringMatching(message),
    });
  });
});

const RECORDINGS = findSharedRecordings();
if (RECORDINGS === null) {
  process.stderr.write("Skipped: no shared recordings beside this checkout.\n");
}

test.skipIf(RECORDINGS === null)("real recordings are served through the gateway", async () => {
  const clock = createAcceleratedClock({ speed: 100, startMs: 1_000_000 });
  const model = { provider: "recorded", id: "aci_bench/gpt-4-2023" };
  harness = await startGatewayHarness({
    clock,
    snapshot: buildSnapshot({ releases: [buildServableRelease({ number: 1, model })] }),
    transports: { recorded: createRecordedTransport({ directory: RECORDINGS ?? "", clock }) },
  });
  const { client, sink } = harness;
  const question = {
    model: "support",
    messages: [{ role: "user" as const, content: "Named by its id." }],
    metadata: { item_id: "aci-test1-D2N088" },
  };
  const unary = await client.chat.completions.create(question);
  const streamed = await client.chat.completions.stream(question).finalContent();
  expect(unary.model).toBe("aci_bench/gpt-4-2023");
  expect(unary.choices[0]?.message.content).toMatch(/^Possible clinical note/);
  expect(streamed).toBe(unary.choices[0]?.message.content);
  expect(sink.exchanges.map(({ output }) => output)).toEqual([streamed, streamed]);
  expect(sink.exchanges[0]?.latencyMs).toBeGreaterThanOrEqual(300);
  await expect(client.chat.completions.create({ ...question, metadata: {} })).rejects.toMatchObject(
    { status: 404, code: "recording_not_found" },
  );
});
