import { request as httpRequest } from "node:http";
import { once } from "node:events";
import type { GatewayHarness, GatewayHarnessOptions } from "@spillway/testkit";
import {
  buildGatewayKey,
  buildRoute,
  buildServableRelease,
  buildSnapshot,
  completionOf,
  errorReply,
  GATEWAY_SECRET,
  jsonReply,
  startGatewayHarness,
} from "@spillway/testkit";
import OpenAI from "openai";
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
const answer = () => jsonReply(completionOf("Hi."));

describe("keys", () => {
  test("a wrong key is 401 in the vendor's envelope", async () => {
    const { url } = await start();
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "wrong", maxRetries: 0 });
    await expect(client.chat.completions.create(QUESTION)).rejects.toMatchObject({
      status: 401,
      type: "authentication_error",
      code: "invalid_api_key",
    });
  });

  test("x-api-key is as good as a bearer, and a foreign bearer beside it does not matter", async () => {
    const { post } = await start({ script: answer });
    const response = await post(QUESTION, {
      authorization: "Bearer sk-of-somebody-else",
      "x-api-key": GATEWAY_SECRET,
    });
    expect(response.status).toBe(200);
  });

  test("a key calls its own features only, and sees no others", async () => {
    const { client } = await start({
      snapshot: buildSnapshot({
        routes: [buildRoute(), buildRoute({ key: "search", baseline: "support@1" as never })],
        keys: [buildGatewayKey({ features: ["search"] })],
      }),
    });
    await expect(client.chat.completions.create(QUESTION)).rejects.toMatchObject({ status: 403 });
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(["search"]);
    expect((await client.models.retrieve("search")).id).toBe("search");
    await expect(client.models.retrieve("support")).rejects.toMatchObject({ status: 404 });
  });

  test("an expired key is told when it expired", async () => {
    const { client } = await start({
      snapshot: buildSnapshot({ keys: [buildGatewayKey({ expiresAtMs: 0 })] }),
    });
    await expect(client.models.list()).rejects.toThrow(/expired on 1970-01-01/);
  });
});

describe("requests that cannot be served", () => {
  test.each([
    ["broken JSON", "{", /not JSON/],
    ["no model", { messages: [] }, /`model` is missing/],
    ["no messages", { model: "support" }, /`messages` is missing/],
  ])("%s is 400", async (_, body, message) => {
    const { post, sink } = await start();
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { type: "invalid_request_error", message: expect.stringMatching(message) },
    });
    expect(sink.exchanges).toEqual([]);
  });

  test("a missing unit of assignment names the header and the field", async () => {
    const assignment = { unit: "user", attribute: null, onMissing: "error", salt: "s" } as const;
    const { post } = await start({
      script: answer,
      snapshot: buildSnapshot({ routes: [buildRoute({ assignment })] }),
    });
    const response = await post(QUESTION);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/`x-spillway-user` or `metadata.user`/);
    for (const given of [{ user: "u" }, { metadata: { user: "u" } }]) {
      expect((await post({ ...QUESTION, ...given })).status).toBe(200);
    }
    expect((await post(QUESTION, { "x-spillway-user": "u" })).status).toBe(200);
  });

  test("a missing prompt variable is the caller's 400, and an error of the release", async () => {
    const prompt = { variables: { language: { required: true } } };
    const { post, only } = await start({
      snapshot: buildSnapshot({ releases: [buildServableRelease({ number: 1, prompt })] }),
    });
    const response = await post(QUESTION);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/metadata\.language/);
    expect(only()).toMatchObject({ outcome: "error", errorCode: "variable_missing" });
  });

  test("a body over the bound is 413 before it is read, declared or not", async () => {
    const { url, post } = await start({ limits: { maxBodyBytes: 1_000 } });
    const response = await post({ ...QUESTION, padding: "x".repeat(2_000_000) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: "body_too_large" } });

    const chunked = httpRequest(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${GATEWAY_SECRET}`, "transfer-encoding": "chunked" },
    });
    chunked.on("error", () => undefined);
    chunked.write("x".repeat(2_000));
    const [reply] = (await once(chunked, "response")) as [{ statusCode: number }];
    expect(reply.statusCode).toBe(413);
    chunked.destroy();
  });

  test.each([
    ["/v1/v1/chat/completions", /twice/],
    ["/chat/completions", /missing/],
    ["/v1/embeddings", /Served are/],
  ])("%s is a 404 that helps", async (path, message) => {
    const { url } = await start();
    const response = await fetch(url + path, { method: "POST", body: "{}" });
    expect(response.status).toBe(404);
    expect(await response.text()).toMatch(message);
  });

  test("without a snapshot it is 503, and so is the health", async () => {
    const { url, post, setSnapshot } = await start({ snapshot: null, script: answer });
    const refused = await post(QUESTION);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect((await fetch(`${url}/healthz`)).status).toBe(503);
    setSnapshot(buildSnapshot({ revision: 7 }));
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({
      status: "ok",
      snapshotRevision: 7,
    });
    expect((await post(QUESTION)).status).toBe(200);
  });

  test("an unknown error shows neither its message nor its details", async () => {
    const send = () => Promise.reject(new Error("password of the database"));
    const { post, log } = await start({ transports: { openai: { send } } });
    const response = await post(QUESTION);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/password/);
    expect(response.headers.get("x-should-retry")).toBeNull();
    expect(log.filter(({ level }) => level === "error")).toHaveLength(1);
  });
});

describe("providers that fail", () => {
  test("a 500 is tried once more", async () => {
    const { post, only } = await start({
      script: (_, index) => (index === 0 ? errorReply(500) : answer()),
    });
    expect((await post(QUESTION)).status).toBe(200);
    expect(only().attempts.map(({ outcome }) => outcome)).toEqual(["failed", "ok"]);
  });

  test("when all attempts are used up, the client is told not to try again", async () => {
    const { post, only, provider } = await start({ script: () => errorReply(503) });
    const response = await post(QUESTION);
    expect(response.status).toBe(503);
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect(response.headers.get("x-spillway-exchange")).toBe(only().id);
    expect(only()).toMatchObject({ outcome: "error", errorCode: "provider_failed", output: null });
    expect(provider.seen).toHaveLength(2);
  });

  test("waits for a rate limit as long as it asks, on the wall", async () => {
    const wall = createHandMovedClock();
    const { post, provider } = await start({
      wall,
      script: (_, index) =>
        index === 0 ? errorReply(429, { message: "slow" }, { "retry-after": "2" }) : answer(),
    });
    const replying = post(QUESTION);
    await provider.untilSeen(1);
    // The total deadline, the drop of the first answer's timer, and the wait.
    await wall.untilSleeping(2);
    await wall.advance(1_999);
    expect(provider.seen).toHaveLength(1);
    await wall.advance(1);
    expect((await replying).status).toBe(200);
  });

  test("a connection reset is tried once more", async () => {
    const { post, provider } = await start({
      script: (_, index) =>
        index === 0 ? { status: 200, headers: {}, steps: [{ kind: "reset" }] } : answer(),
    });
    expect((await post(QUESTION)).status).toBe(200);
    expect(provider.seen).toHaveLength(2);
  });

  test("a refused request reaches the caller as the provider said it, after one attempt", async () => {
    const fallback = { kind: "static", text: "Sorry." } as const;
    const { client, provider } = await start({
      script: () =>
        errorReply(400, { message: "too long", type: "x", code: "context_length_exceeded" }),
      snapshot: buildSnapshot({ routes: [buildRoute({ fallback })] }),
    });
    await expect(client.chat.completions.create(QUESTION)).rejects.toMatchObject({
      status: 400,
      code: "context_length_exceeded",
      message: expect.stringContaining("too long"),
    });
    expect(provider.seen).toHaveLength(1);
  });

  test("a provider that refuses our key is our fault, and says nothing of it", async () => {
    const { post } = await start({ script: () => errorReply(401, { message: "bad key sk-1" }) });
    const response = await post(QUESTION);
    expect(response.status).toBe(502);
    expect(await response.text()).not.toMatch(/sk-1/);
  });

  test("a silent provider is left for the fallback, and asked once", async () => {
    const wall = createHandMovedClock();
    const fallback = { kind: "release", releaseId: "support@2" } as const;
    const { post, provider, only } = await start({
      wall,
      script: ({ body }) =>
        body["model"] === "model-1"
          ? { status: 200, headers: {}, steps: [{ kind: "silence" }] }
          : jsonReply(completionOf("From the other.", "model-2")),
      snapshot: buildSnapshot({ routes: [buildRoute({ fallback })] }),
    });
    const replying = post(QUESTION);
    await provider.untilSeen(1);
    await wall.advance(30_000);
    expect(await (await replying).json()).toMatchObject({ model: "model-2" });
    expect(only()).toMatchObject({ release: "support@2", isFallback: true, outcome: "ok" });
    expect(only().attempts[0]?.error).toMatch(/^timeout/);
  });

  test("the declared text answers when nobody else does, unary and streamed", async () => {
    const fallback = { kind: "static", text: "Please call us." } as const;
    const { client, sink } = await start({
      script: () => errorReply(401),
      snapshot: buildSnapshot({ routes: [buildRoute({ fallback })] }),
    });
    const unary = await client.chat.completions.create(QUESTION);
    expect(unary.choices[0]?.message.content).toBe("Please call us.");
    const stream = client.chat.completions.stream(QUESTION);
    expect(await stream.finalContent()).toBe("Please call us.");
    expect(sink.exchanges.map(({ isFallback, outcome }) => [isFallback, outcome])).toEqual([
      [true, "ok"],
      [true, "ok"],
    ]);
  });
});

describe("bounds", () => {
  test("one call more than the bound is told to come again, and nobody else notices", async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { post, provider } = await start({
      limits: { maxCalls: 1 },
      script: () => {
        const reply = answer();
        return { ...reply, steps: [{ kind: "gate", gate: held }, ...reply.steps] };
      },
    });
    const first = post(QUESTION);
    await expect.poll(() => provider.seen.length).toBe(1);
    const refused = await post(QUESTION);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({ error: { code: "overloaded" } });
    release();
    expect((await first).status).toBe(200);
  });
});
