import { afterEach, describe, expect, it } from "vitest";
import { Problem } from "@spillway/contract";
import { startTestControl, type TestControl } from "../../../../testkit/src/control-kit.ts";

let started: TestControl;
const start = (options: Parameters<typeof startTestControl>[0] = {}): TestControl => {
  started = startTestControl(options);
  return started;
};
afterEach(() => started.server.close());

const problemsOf = (body: unknown) =>
  (Problem.parse(body).problems ?? []).map((problem) => problem.path);

describe("a body", () => {
  it.each([
    ['{"key": "search",}', "line 1, column 18"],
    ['{\n  "key": nope\n}', "line 2, column 11"],
    ['{"key": "search"', "the end of the text"],
    ["[1, 2", "the end of the text"],
  ])("that is not JSON is refused, saying where: %s", async (text, where) => {
    const answer = await start().request("PUT", "/api/v1/features/search", { text });
    expect(answer.status).toBe(400);
    expect(Problem.parse(answer.body).detail).toContain(where);
  });

  it("of another type is refused", async () => {
    const answer = await start().request("POST", "/api/v1/apply", {
      text: "features: []",
      headers: { "content-type": "application/yaml" },
    });
    expect(answer.status).toBe(400);
    expect(Problem.parse(answer.body).detail).toContain("application/json");
  });

  it("over the limit is refused with 413", async () => {
    const control = start({ limits: { bodyBytes: 100 } });
    const text = JSON.stringify({ features: "x".repeat(200) });
    const answer = await control.request("POST", "/api/v1/apply", { text });
    expect([answer.status, Problem.parse(answer.body).code]).toEqual([413, "body_too_large"]);
  });

  it("is not read for somebody who may not send it", async () => {
    const answer = await start().request("POST", "/api/v1/apply", {
      as: "viewer",
      text: "{broken",
    });
    expect(answer.status).toBe(403);
  });

  it("has every problem reported at its path", async () => {
    const answer = await start().request("POST", "/api/v1/apply", {
      body: {
        extra: 1,
        features: [{ key: "Bad Key", title: "t", owner: "o", tier: 4 }],
        components: [
          { kind: "prompt", name: "p", label: "v1", content: { messages: [{ role: "robot" }] } },
        ],
        baselines: [{ feature: "search" }],
      },
    });
    expect(answer.status).toBe(400);
    expect(problemsOf(answer.body).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "",
      "baselines[0].release",
      "components[0].content.messages[0].content",
      "components[0].content.messages[0].role",
      "features[0].key",
      "features[0].tier",
    ]);
  });

  it("may not hold what cannot be stored, or reach into prototypes", async () => {
    const text = String.raw`{"name": "a\u0000b", "__proto__": {"x": 1}, "deep": ["\ud800"]}`;
    const answer = await start().request("POST", "/api/v1/strategies", { text });
    expect(answer.status).toBe(400);
    expect(problemsOf(answer.body).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "__proto__",
      "deep[0]",
      "name",
    ]);
  });

  it("that is nested without end is refused and harms nobody", async () => {
    const text = `{"name": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    const answer = await start().request("POST", "/api/v1/strategies", { text });
    expect(answer.status).toBe(400);
    expect(Problem.parse(answer.body).detail).toContain("Nested deeper");
  });

  it("may be left out where all of it has defaults", async () => {
    const control = start();
    const answer = await control.request("POST", "/api/v1/rollouts/roll_1/actions/pause");
    expect(answer.status).toBe(200);
    expect(control.acted).toEqual([
      { id: "roll_1", event: { kind: "pause", by: "admin key", note: "" } },
    ]);
  });
});

describe("the rest of a request", () => {
  it.each([
    ["GET", "/api/v1/rollouts?limit=0", "query.limit"],
    ["GET", "/api/v1/rollouts?active=maybe", "query.active"],
    ["GET", "/api/v1/components?kind=banana", "query.kind"],
    ["GET", "/api/v1/features/search/who-served", "query.at"],
    ["GET", "/api/v1/features/BAD", "params.feature"],
    ["GET", "/api/v1/components/a%00b", "params.id"],
    ["POST", "/api/v1/rollouts/roll_1/actions/explode", "params.action"],
  ] as const)("%s %s names %s", async (method, url, path) => {
    const answer = await start().request(method, url);
    expect(answer.status).toBe(400);
    expect(problemsOf(answer.body)).toContain(path);
  });

  it("agrees with the body about the feature", async () => {
    const body = { key: "other", title: "t", owner: "o", tier: 3 };
    const answer = await start().request("PUT", "/api/v1/features/search", { body });
    expect(problemsOf(answer.body)).toEqual(["key"]);
  });
});

it("a model that is not pinned is refused with 422, naming the pinned ones", async () => {
  const body = {
    kind: "model",
    name: "m",
    label: "v1",
    content: { provider: "openai", id: "gpt-4o" },
  };
  const answer = await start().request("POST", "/api/v1/components", { as: "operator", body });
  expect([answer.status, Problem.parse(answer.body).code]).toEqual([422, "unpinned_model"]);
  expect(Problem.parse(answer.body).detail).toContain("gpt-4o-2024-11-20");
  expect(problemsOf(answer.body)).toEqual(["content.id"]);
});
