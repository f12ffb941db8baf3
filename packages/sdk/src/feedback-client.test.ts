import { expect, it } from "vitest";
import { createFeedbackClient } from "./feedback-client.ts";

type Sent = { readonly url: string; readonly init: RequestInit };

const clientOf = (answer: () => Promise<Response>, baseUrl = "http://gw:4100/v1/") => {
  const sent: Sent[] = [];
  const fetchFake = (url: string | URL | Request, init: RequestInit = {}) => {
    sent.push({ url: typeof url === "string" ? url : "", init });
    return answer();
  };
  return { sent, client: createFeedbackClient({ baseUrl, key: "sw_k", fetch: fetchFake }) };
};

it("posts to the gateway and gives its receipt", async () => {
  const receipt = { object: "feedback", id: "fb_1", exchange: "exch_1" };
  const { client, sent } = clientOf(() => Promise.resolve(Response.json(receipt, { status: 202 })));
  const draft = { exchange: "exch_1", edited: { text: "used" }, values: { appealed: false } };
  expect(await client.send(draft)).toEqual(receipt);
  expect(sent[0]?.url).toBe("http://gw:4100/v1/feedback");
  expect(sent[0]?.init).toMatchObject({
    method: "POST",
    headers: { authorization: "Bearer sw_k" },
    body: JSON.stringify(draft),
  });
});

it("throws what the gateway says is wrong", async () => {
  const error = {
    message: "It says nothing.",
    type: "invalid_request_error",
    param: null,
    code: null,
  };
  const { client } = clientOf(() => Promise.resolve(Response.json({ error }, { status: 400 })));
  await expect(client.send({ exchange: "exch_1" })).rejects.toMatchObject({
    code: "invalid_request_error",
    status: 400,
    message: "It says nothing.",
  });
});

it("says that nothing answers, and that it may be sent again", async () => {
  const { client } = clientOf(() => Promise.reject(new TypeError("fetch failed")));
  const refused = client.send({ exchange: "exch_1", accepted: true });
  await expect(refused).rejects.toMatchObject({ code: "unreachable", status: 0 });
  await expect(refused).rejects.toThrow("same id");
});

it("says of a page that is no gateway what it answered", async () => {
  const { client } = clientOf(() => Promise.resolve(new Response("<html>", { status: 404 })));
  await expect(client.send({ exchange: "x", accepted: true })).rejects.toThrow("answered 404");
});
