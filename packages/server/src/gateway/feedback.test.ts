import { AppError } from "@spillway/core";
import { createMemorySink, startGatewayHarness } from "@spillway/testkit";
import type { GatewayHarness } from "@spillway/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { GATEWAY_SECRET } from "../../../testkit/src/routing-builders.ts";

let harness: GatewayHarness;
afterEach(() => harness.close());

const post = async (body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const response = await fetch(`${harness.url}/v1/feedback`, {
    method: "POST",
    headers: { authorization: `Bearer ${GATEWAY_SECRET}`, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe("POST /v1/feedback", () => {
  test("is kept with all that it says, and told so", async () => {
    harness = await startGatewayHarness();
    const answer = await post({
      exchange: "exch_1",
      edited: { text: "as it was used" },
      corrected: ["amount"],
      rating: 4,
      values: { appealed: true, minutes_saved: 3.5 },
    });
    const id: unknown = answer.body["id"];
    expect(answer).toEqual({ status: 202, body: { object: "feedback", id, exchange: "exch_1" } });
    expect(harness.sink.feedback).toEqual([
      {
        id,
        exchangeId: "exch_1",
        receivedAtMs: expect.any(Number) as number,
        features: ["*"],
        isAccepted: false,
        edit: { kind: "text", text: "as it was used" },
        correction: { isWrong: true, fields: ["amount"] },
        rating: 4,
        values: { appealed: 1, minutes_saved: 3.5 },
      },
    ]);
    expect(harness.sink.exchanges).toEqual([]);
  });

  test("has the same id when it is sent again with the same key, on the same exchange only", async () => {
    harness = await startGatewayHarness();
    const said = { accepted: true };
    const ids = [
      await post({ exchange: "exch_1", id: "k", ...said }),
      await post({ exchange: "exch_1", ...said }, { "idempotency-key": "k" }),
      await post({ exchange: "exch_2", id: "k", ...said }),
      await post({ exchange: "exch_1", ...said }),
    ].map(({ body }) => body["id"]);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  test.each<[string, unknown, string | null, string]>([
    ["no JSON", "{", null, "The body is not JSON"],
    ["no exchange", { accepted: true }, "exchange", "`exchange`"],
    ["nothing said", { exchange: "x" }, null, "It says nothing"],
    ["an unknown word", { exchange: "x", acepted: true }, null, '"acepted"'],
    ["not accepted", { exchange: "x", accepted: false }, "accepted", "say edited or corrected"],
    ["an edit without its text", { exchange: "x", edited: {} }, "edited", "wanted { text }"],
    ["a distance beyond 1", { exchange: "x", edited: { distance: 2 } }, "edited.distance", "<=1"],
    [
      "two things that exclude each other",
      { exchange: "x", accepted: true, edited: { distance: 0.1 } },
      "accepted",
      "send one",
    ],
    [
      "a value with a meaning of its own",
      { exchange: "x", values: { edit_rate: 1 } },
      "values.edit_rate",
      "Wanted accepted or edited",
    ],
    ["a bad name", { exchange: "x", values: { "A-B": 1 } }, "values.A-B", "small letters"],
    ["a value that is no number", { exchange: "x", values: { a: "b" } }, "values.a", "a number"],
    ["a rating in words", { exchange: "x", rating: "good" }, "rating", "number"],
  ])("%s is refused in the vendor's envelope", async (_name, body, param, words) => {
    harness = await startGatewayHarness();
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body["error"]).toMatchObject({ type: "invalid_request_error", param });
    expect((answer.body["error"] as { message: string }).message).toContain(words);
    expect(harness.sink.feedback).toEqual([]);
  });

  test("wants a key", async () => {
    harness = await startGatewayHarness();
    const answer = await post({ exchange: "x", accepted: true }, { authorization: "Bearer no" });
    expect(answer.status).toBe(401);
  });

  test("that cannot be kept is given back to who sent it", async () => {
    const full = new AppError("overloaded", "Full.", { details: { retryAfterMs: 10_000 } });
    harness = await startGatewayHarness({ sink: createMemorySink(() => Promise.reject(full)) });
    const answer = await post({ exchange: "x", accepted: true });
    expect(answer.status).toBe(503);
    expect(answer.body["error"]).toMatchObject({ code: "overloaded", message: "Full." });
  });
});
