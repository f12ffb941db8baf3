import {
  exampleFeature,
  exampleFeatureMove,
  exampleRolloutDetail,
} from "@spillway/testkit/control-examples";
import type { FakeControlApi } from "@spillway/testkit/fake-control-api";
import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createControlClient } from "./control-client.ts";
import { SpillwayError } from "./spillway-error.ts";

let api: FakeControlApi;

beforeEach(async () => {
  api = await startFakeControlApi();
});
afterEach(() => api.close());

const clientOf = (baseUrl = api.url) => createControlClient({ baseUrl, key: "sk_test" });

const errorOf = (promise: Promise<unknown>): Promise<SpillwayError> =>
  promise.then(
    () => Promise.reject(new Error("did not fail")),
    (error: unknown) => (error instanceof SpillwayError ? error : Promise.reject(error as Error)),
  );

describe("call", () => {
  it("fills the path, the query, the body and the key", async () => {
    api.answer("listRollouts", { items: [], nextCursor: null });
    api.answer("rollbackFeature", exampleFeatureMove());
    const client = clientOf(`${api.url}/`);

    await client.call("listRollouts", { query: { feature: "a", limit: 5 } });
    const move = await client.call("rollbackFeature", {
      params: { feature: "discharge-summary" },
      body: { note: "bad", component: "prompt" },
    });

    expect(move.to).toBe("discharge-summary@13");
    expect(api.requests[0]).toMatchObject({ query: { feature: "a", limit: "5" }, key: "sk_test" });
    expect(api.requests[1]).toMatchObject({
      params: { feature: "discharge-summary" },
      body: { note: "bad", component: "prompt" },
    });
  });

  it("escapes path parameters and refuses an empty one", async () => {
    api.answer("getRollout", exampleRolloutDetail());
    await clientOf().call("getRollout", { params: { id: "a/b@1" } });
    expect(api.requests[0]?.params["id"]).toBe("a/b@1");
    await expect(clientOf().call("getRollout", { params: { id: "" } })).rejects.toThrow('"id"');
  });

  it("turns problem details into an error that keeps all of them", async () => {
    api.refuse("rolloutAction", {
      status: 409,
      code: "requirements_unmet",
      title: "Requirements are not met",
      detail: "Two things are missing.",
      unmet: [{ code: "approval", sentence: "A person must approve." }],
      requestId: "req_9",
    });
    const input = { params: { id: "rol_1", action: "promote" }, body: {} } as const;
    const error = await errorOf(clientOf().call("rolloutAction", input));
    expect(error).toMatchObject({
      code: "requirements_unmet",
      status: 409,
      message: "Two things are missing.",
      unmet: [{ code: "approval", sentence: "A person must approve." }],
      requestId: "req_9",
    });
  });

  it("refuses an answer that the contract does not know", async () => {
    const fetchOther = () => Promise.resolve(Response.json({ items: [{ key: 7 }] }));
    const client = createControlClient({ baseUrl: "http://x", key: null, fetch: fetchOther });
    const error = await errorOf(client.call("listFeatures"));
    expect(error.code).toBe("unexpected_response");
    expect(error.message).toContain("items.0.key");
  });

  it("says what a page that is no control API answered", async () => {
    const fetchHtml = () => Promise.resolve(new Response("<html>", { status: 200 }));
    const client = createControlClient({ baseUrl: "http://x", key: null, fetch: fetchHtml });
    expect((await errorOf(client.call("health"))).message).toContain("other than JSON");
  });

  it("says that nothing listens", async () => {
    await api.close();
    const error = await errorOf(clientOf().call("listFeatures"));
    expect(error.code).toBe("unreachable");
    expect(error.message).toBe(
      `cannot reach ${api.url}: connection refused; is \`spillway up\` running?`,
    );
  });

  it("gives up after the timeout, and at once when the caller does", async () => {
    const fetchNever: typeof fetch = (_, init) =>
      new Promise((_resolve, reject) => {
        const signal = init?.signal;
        if (signal?.aborted) reject(signal.reason as Error);
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const options = { baseUrl: "http://x", key: null, fetch: fetchNever, timeoutMs: 5 };
    const client = createControlClient(options);
    expect((await errorOf(client.call("health"))).code).toBe("timeout");
    const signal = AbortSignal.abort();
    await expect(client.call("health", { signal })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("events", () => {
  it("yields what changes until the caller stops", async () => {
    const event = { kind: "rollout", feature: "a", rolloutId: "r", snapshotRevision: 1 } as const;
    const stop = new AbortController();
    const seen: unknown[] = [];
    const publishing = setInterval(() => api.publish(event), 5);
    for await (const change of clientOf().events(stop.signal)) {
      seen.push(change);
      break;
    }
    clearInterval(publishing);
    expect(seen).toEqual([event]);
  });

  it("throws when the connection cannot be made", async () => {
    await api.close();
    await expect(clientOf().events().next()).rejects.toMatchObject({ code: "unreachable" });
  });
});

it("infers inputs and outputs from the route table", async () => {
  api.answer("getFeature", exampleFeature());
  const client = clientOf();
  const feature = await client.call("getFeature", { params: { feature: "discharge-summary" } });
  const tier: 1 | 2 | 3 = feature.tier;
  expect(tier).toBe(1);
  // @ts-expect-error the path wants a feature
  await expect(client.call("getFeature", {})).rejects.toThrow('"feature"');
});
