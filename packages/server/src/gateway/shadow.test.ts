import type { GatewayHarness, GatewayHarnessOptions, FakeScript } from "@spillway/testkit";
import {
  buildRolloutRoute,
  buildRoute,
  buildSnapshot,
  completionOf,
  errorReply,
  jsonReply,
  sseReply,
  startGatewayHarness,
  streamOf,
} from "@spillway/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "./limits.ts";

let harness: GatewayHarness | undefined;

async function start(options: GatewayHarnessOptions): Promise<GatewayHarness> {
  harness = await startGatewayHarness({ snapshot: shadowed(), ...options });
  return harness;
}

afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

const QUESTION = { model: "support", messages: [{ role: "user" as const, content: "Hello?" }] };

/** Everyone is answered by the baseline (model-1); model-2 gets a copy of each request. */
function shadowed(overrides: Parameters<typeof buildRolloutRoute>[0] = {}) {
  const rollout = buildRolloutRoute({ stageKind: "shadow", shadowBps: 10_000, ...overrides });
  return buildSnapshot({ routes: [buildRoute({ rollout })] });
}

/** model-1 answers at once; model-2 as soon as the gate opens. */
function gatedShadow() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const script: FakeScript = ({ body }) =>
    body["model"] === "model-1"
      ? jsonReply(completionOf("For the user."))
      : {
          ...jsonReply(completionOf("For nobody.", "model-2")),
          steps: [
            { kind: "gate", gate: promise },
            { kind: "bytes", bytes: JSON.stringify(completionOf("For nobody.", "model-2")) },
          ],
        };
  return { script, open: resolve };
}

describe("a shadow", () => {
  test("gets the same input, never delays the reply, and is seen by nobody", async () => {
    const { script, open } = gatedShadow();
    const { client, sink, provider, gateway } = await start({ script });
    const completion = await client.chat.completions.create({
      ...QUESTION,
      metadata: { language: "en", tenant: "acme" },
    });
    expect(completion.choices[0]?.message.content).toBe("For the user.");
    await provider.untilSeen(2);
    expect(sink.exchanges).toHaveLength(1);

    open();
    await gateway.shadowsIdle();
    const [primary, shadow] = sink.exchanges;
    expect(shadow).toMatchObject({
      role: "shadow",
      shadowOf: primary?.id,
      arm: "candidate",
      release: "support@2",
      rolloutId: "roll_1",
      stageIndex: 0,
      propensityBps: 0,
      tenant: "acme",
      attributes: { language: "en" },
      output: "For nobody.",
      outcome: "ok",
    });
    expect(shadow?.unit).toBe(primary?.unit);
    expect(shadow?.input).toEqual(primary?.input);
  });

  test("runs no tool and stores nothing", async () => {
    const { script, open } = gatedShadow();
    open();
    const { client, provider, gateway } = await start({ script });
    await client.chat.completions.create({
      ...QUESTION,
      store: true,
      tools: [{ type: "function", function: { name: "refund", parameters: {} } }],
      tool_choice: "auto",
    });
    await gateway.shadowsIdle();
    const [primary, shadow] = provider.seen.map(({ body }) => body);
    expect(primary).toMatchObject({ store: true, tool_choice: "auto" });
    expect(shadow).toMatchObject({ model: "model-2", store: false });
    expect(Object.keys(shadow ?? {})).not.toEqual(expect.arrayContaining(["tools"]));
    expect(Object.keys(shadow ?? {})).not.toEqual(expect.arrayContaining(["tool_choice"]));
  });

  test("of a stream is a stream, measured to its first token", async () => {
    const { post, gateway, sink } = await start({
      script: ({ body }) => sseReply(streamOf([`I am ${String(body["model"])}.`])),
    });
    const text = await (await post({ ...QUESTION, stream: true })).text();
    expect(text).not.toContain("model-2");
    await gateway.shadowsIdle();
    expect(sink.exchanges[1]).toMatchObject({ role: "shadow", output: "I am model-2." });
    expect(sink.exchanges[1]?.firstTokenMs).not.toBeNull();
  });

  test("that fails is recorded as such, after one attempt, and counted", async () => {
    const { client, gateway, sink, provider } = await start({
      script: ({ body }) =>
        body["model"] === "model-1" ? jsonReply(completionOf("Hi.")) : errorReply(500),
    });
    await client.chat.completions.create(QUESTION);
    await gateway.shadowsIdle();
    expect(sink.exchanges[1]).toMatchObject({ role: "shadow", outcome: "error", output: null });
    expect(provider.seen).toHaveLength(2);
    expect(gateway.shadowDrops()).toEqual([
      { rolloutId: "roll_1", reason: "provider_failed", count: 1 },
    ]);
  });

  test("is bounded: what is over the queue is dropped and counted", async () => {
    const { script, open } = gatedShadow();
    const { client, gateway, sink, provider } = await start({
      script,
      limits: { shadow: { ...DEFAULT_LIMITS.shadow, maxInFlight: 1, maxQueued: 1 } },
    });
    await client.chat.completions.create(QUESTION);
    await provider.untilSeen(2);
    for (let i = 0; i < 3; i++) await client.chat.completions.create(QUESTION);
    expect(gateway.shadowDrops()).toEqual([
      { rolloutId: "roll_1", reason: "queue_full", count: 2 },
    ]);
    open();
    await gateway.shadowsIdle();
    expect(sink.exchanges.filter(({ role }) => role === "shadow")).toHaveLength(2);
  });

  test("that waited while its rollout went on is dropped", async () => {
    const { script, open } = gatedShadow();
    const { client, gateway, setSnapshot, provider } = await start({
      script,
      limits: { shadow: { ...DEFAULT_LIMITS.shadow, maxInFlight: 1 } },
    });
    await client.chat.completions.create(QUESTION);
    await provider.untilSeen(2);
    await client.chat.completions.create(QUESTION);
    setSnapshot(shadowed({ stageIndex: 1 }));
    open();
    await gateway.shadowsIdle();
    expect(gateway.shadowDrops()).toEqual([
      { rolloutId: "roll_1", reason: "snapshot_changed", count: 1 },
    ]);
  });

  test("under way at a shutdown is cut off and does not hold it", async () => {
    const { script, open } = gatedShadow();
    const { client, gateway, provider, sink } = await start({ script });
    await client.chat.completions.create(QUESTION);
    await provider.untilSeen(2);
    await gateway.close();
    expect(gateway.shadowDrops()).toEqual([{ rolloutId: "roll_1", reason: "shutdown", count: 1 }]);
    expect(sink.exchanges).toHaveLength(1);
    open();
  });

  test("is made of no failed reply", async () => {
    const { post, provider, gateway } = await start({ script: () => errorReply(400) });
    await post(QUESTION);
    await gateway.shadowsIdle();
    expect(provider.seen).toHaveLength(1);
  });
});
