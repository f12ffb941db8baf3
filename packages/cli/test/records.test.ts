import {
  EXAMPLE_NOW_MS,
  exampleChange,
  exampleDecisionSummary,
} from "@spillway/testkit/control-examples";
import type { FakeControlApi } from "@spillway/testkit/fake-control-api";
import { startFakeControlApi } from "@spillway/testkit/fake-control-api";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";

let api: FakeControlApi;

beforeEach(async () => {
  api = await startFakeControlApi();
  const clock = { nowMs: EXAMPLE_NOW_MS, speed: 60 };
  api.answer("health", { status: "ok", database: "ok", version: "0.1.0", clock });
});
afterEach(() => api.close());

const run = (...argv: string[]) => runCli([...argv, "--url", api.url, "--key", "k"]);

const replayOf = (decisionId: string, agrees: boolean) => ({
  decisionId,
  agrees,
  stored: {},
  replayed: {},
  sentence: agrees ? "advance, as then." : "hold now, advance then.",
});

it("explain prints the sentences", async () => {
  api.answer("explainDecision", { decisionId: "dec_4", sentences: ["One.", "Two."] });
  expect(await run("explain", "dec_4")).toEqual({ code: 0, stdout: "One.\nTwo.\n", stderr: "" });
});

it("replay ends with 1 when a decision comes out differently", async () => {
  api.answer("replayDecision", ({ params }) => replayOf(params["id"] ?? "", true));
  expect((await run("replay", "dec_4")).code).toBe(0);
  api.answer("replayDecision", ({ params }) => replayOf(params["id"] ?? "", false));
  const differs = await run("replay", "dec_4");
  expect(differs.code).toBe(1);
  expect(differs.stdout).toBe("✖ differs  dec_4  hold now, advance then.\n");
});

it("replay ends with 3 for what was decided from no stored inputs, and claims no agreement", async () => {
  const sentence = "Cannot be decided again.";
  api.answer("replayDecision", { ...replayOf("dec_5", false), agrees: null, sentence });
  const { code, stdout } = await run("replay", "dec_5");
  expect(code).toBe(3);
  expect(stdout).toBe("⚠ not replayable  dec_5  Cannot be decided again.\n");
});

it("replay --rollout replays every page, oldest first", async () => {
  api.answer("listDecisions", ({ query }) => {
    const isFirst = query["cursor"] === undefined;
    const id = isFirst ? "dec_2" : "dec_1";
    return { items: [exampleDecisionSummary({ id })], nextCursor: isFirst ? "c" : null };
  });
  api.answer("replayDecision", ({ params }) =>
    replayOf(params["id"] ?? "", params["id"] === "dec_1"),
  );
  const { code, stdout } = await run("replay", "--rollout", "rol_1");
  expect(code).toBe(1);
  expect(stdout).toMatchInlineSnapshot(`
    "✔ agrees  dec_1  advance, as then.
    ✖ differs  dec_2  hold now, advance then.
    1 of 2 decisions came out the same.
    "
  `);
});

it("replay --rollout without any decision is not known, not fine", async () => {
  api.answer("listDecisions", { items: [], nextCursor: null });
  expect((await run("replay", "--rollout", "rol_1")).code).toBe(3);
});

it("ledger verify ends with 1 when the chain is broken", async () => {
  const intact = { isIntact: true, entries: 9, head: "ff", brokenAtSeq: null, sentence: "9 fit." };
  api.answer("verifyLedger", intact);
  const good = await run("ledger", "verify");
  expect(good).toEqual({ code: 0, stdout: "✔ intact  9 fit.\nhead 9:ff\n", stderr: "" });
  const sentence = "Entry 4 was changed.";
  api.answer("verifyLedger", { ...intact, isIntact: false, brokenAtSeq: 4, sentence });
  const bad = await run("ledger", "verify");
  expect(bad).toEqual({ code: 1, stdout: "✖ broken  Entry 4 was changed.\n", stderr: "" });
});

it("ledger verify takes the head that it printed", async () => {
  const head = `9:${"f".repeat(64)}`;
  const intact = { isIntact: true, entries: 9, brokenAtSeq: null, sentence: "9 fit." };
  api.answer("verifyLedger", { ...intact, head: "f".repeat(64) });
  const { stdout } = await run("ledger", "verify");
  expect(stdout).toContain(`head ${head}\n`);
  await run("ledger", "verify", "--head", head);
  expect(api.requests.at(-1)?.query).toMatchObject({ head });
});

it("ledger list", async () => {
  const entry = {
    seq: 7,
    atMs: EXAMPLE_NOW_MS,
    actor: "ada",
    action: "rollout.start",
    subject: "rol_1",
    body: {},
    previousHash: "0",
    hash: "a".repeat(64),
  };
  api.answer("listLedger", { items: [entry], nextCursor: null });
  const { stdout } = await run("ledger", "list", "--limit", "3");
  expect(stdout).toContain("7    2026-11-12 14:00:00 UTC  ada    rollout.start  rol_1    aaaa");
  expect(api.requests[0]?.query).toEqual({ limit: "3" });
});

it("who-served reads relative times by the server's clock", async () => {
  api.answer("whoServed", ({ query }) => ({
    feature: "discharge-summary",
    atMs: Number(query["at"]),
    tenant: query["tenant"] ?? null,
    baseline: "discharge-summary@13",
    candidate: "discharge-summary@14",
    setShareBps: 500,
    isKilled: false,
    served: [
      {
        release: "discharge-summary@13",
        promptIdentity: "discharge-prompt:v3.1:claude-opus-4-8",
        exchanges: 1_204,
        fallbacks: 2,
        firstAtMs: EXAMPLE_NOW_MS - 7_260_000,
        lastAtMs: EXAMPLE_NOW_MS - 7_140_000,
      },
    ],
    sentence: "discharge-summary@13 answered mercy.",
  }));
  const argv = ["who-served", "discharge-summary", "--at", "2h ago", "--tenant", "mercy"];
  expect((await run(...argv)).stdout).toMatchInlineSnapshot(`
    "discharge-summary at 2026-11-12 12:00:00 UTC for tenant mercy
    discharge-summary@13 answered mercy.
    routed: discharge-summary@13, and discharge-summary@14 for 5%
    release               prompt                                 exchanges  by fallback  first                    last
    discharge-summary@13  discharge-prompt:v3.1:claude-opus-4-8  1,204      2            2026-11-12 11:59:00 UTC  2026-11-12 12:01:00 UTC
    "
  `);
});

it("diff asks for what changes from the first to the second", async () => {
  const changes = [
    exampleChange(),
    exampleChange({ kind: "index", change: "removed", fields: [], sentence: "index is removed" }),
  ];
  api.answer("diffReleases", { before: "a@1", after: "a@2", changes });
  const { stdout } = await run("diff", "a@1", "a@2");
  expect(stdout).toContain("a@1 → a@2\n~ prompt discharge-prompt v3.1 becomes v3.2");
  expect(stdout).toContain("- index is removed");
  expect(api.requests[0]).toMatchObject({ params: { id: "a@2" }, query: { from: "a@1" } });
});

it("keys: the secret is alone on stdout", async () => {
  const key = {
    id: "key_1",
    name: "ci",
    scope: "control",
    role: "operator",
    features: [],
    createdAtMs: 0,
    expiresAtMs: null,
    revokedAtMs: null,
  };
  api.answer("createKey", { ...key, secret: "sk_abc" });
  const created = await run("keys", "create", "ci", "--role", "operator", "--expires", "1d");
  expect(created.stdout).toBe("sk_abc\n");
  expect(api.requests.at(-1)?.body).toMatchObject({
    role: "operator",
    expiresAtMs: EXAMPLE_NOW_MS + 86_400_000,
  });
  api.answer("listKeys", { items: [key] });
  expect((await run("keys", "list")).stdout).toContain("key_1  ci    control  operator  all");
  api.answer("revokeKey", { ...key, revokedAtMs: 5 });
  expect((await run("keys", "revoke", "key_1")).stdout).toBe("key_1 (ci) is revoked.\n");
});
