import { afterAll, beforeAll, expect, it } from "vitest";
import {
  ApplyResult,
  CreatedKey,
  Feature,
  Problem,
  Release,
  ReleaseDiff,
} from "@spillway/contract";
import { AppError } from "@spillway/core";
import { parseNamedStrategy } from "../../../../testkit/src/control-builders.ts";
import { startTestControl, type TestControl } from "../../../../testkit/src/control-kit.ts";
import { createTestDatabase, type TestDatabase } from "../../../../testkit/src/database.ts";
import { createFakeControl } from "../../../../testkit/src/fake-control-ports.ts";
import { recordingHooks } from "../../../../testkit/src/registry-kit.ts";
import { openDatabase } from "../../store/database.ts";
import { isTransientDatabaseError } from "../../store/database-error.ts";
import { createRegistryStore } from "../../store/registry-store.ts";
import { createKeyStore } from "../../store/registry/key-store.ts";

let test: TestDatabase;
let control: TestControl;
let admin: string;
const { hooks, ledger, causes } = recordingHooks();

const classifyError = (cause: unknown): AppError | null =>
  isTransientDatabaseError(cause)
    ? new AppError("database_unavailable", "The database is away.", { cause })
    : null;

const checks = {
  parseStrategy: parseNamedStrategy,
  promptProblems: () => [],
  scorerProblems: () => [],
};

/** The control API over the real registry and keys; the rest are fakes. */
beforeAll(async () => {
  test = await createTestDatabase("apply-routes");
  const { database } = test;
  let id = 0;
  const ids = { next: () => `key_${++id}`, secret: () => `secret-${++id}` };
  const keys = createKeyStore({ database, hooks, ids });
  const registry = createRegistryStore({ database, hooks, checks });
  admin = (await keys.ensureFirstKeys(1))!.control.secret;
  const ports = { ...createFakeControl().ports, registry, keys };
  control = startTestControl({ ports, classifyError });
});

afterAll(async () => {
  await control.server.close();
  await test.drop();
});

const request = (method: "GET" | "POST" | "PUT" | "DELETE", url: string, body?: unknown) =>
  control.request(method, url, { key: admin, body });

const prompt = (label: string, content: string) => ({
  kind: "prompt",
  name: "discharge",
  label,
  content: {
    messages: [{ role: "system", content }],
    variables: { ward: { required: false } },
  },
});

const model = (id: string) => ({
  kind: "model",
  name: "summariser",
  label: "v1",
  content: {
    provider: "openai",
    id,
    price: { inputMicroUsdPerMillion: 1, outputMicroUsdPerMillion: 2 },
  },
});

const bundle = (modelId: string) => ({
  features: [
    {
      key: "discharge-summary",
      title: "Discharge summary",
      owner: "ward-9",
      tier: 1,
      fallback: { kind: "static", text: "Please write it by hand." },
    },
  ],
  components: [
    prompt("v1", "Summarise."),
    prompt("v2", "Summarise in plain words."),
    model(modelId),
  ],
  releases: [
    {
      feature: "discharge-summary",
      components: { prompt: "discharge:v1", model: "summariser:v1" },
    },
    {
      feature: "discharge-summary",
      components: { prompt: "discharge:v2", model: "summariser:v1" },
    },
  ],
  strategies: [{ name: "careful" }],
  baselines: [{ feature: "discharge-summary", release: "discharge-summary@1" }],
});

it("a project is refused, corrected, applied, and applied again", async () => {
  const refused = await request("POST", "/api/v1/apply", bundle("gpt-4o"));
  expect([refused.status, Problem.parse(refused.body).code]).toEqual([422, "unpinned_model"]);
  expect(Problem.parse(refused.body).problems?.[0]?.path).toBe("components[2].content.id");
  expect((await request("GET", "/api/v1/features")).body).toEqual({ items: [] });

  const applied = await request("POST", "/api/v1/apply", bundle("gpt-4.1-2025-04-14"));
  const { changes } = ApplyResult.parse(applied.body);
  expect(changes.map((change) => change.change)).toEqual(Array(8).fill("created"));
  expect(causes).toEqual(["keys", "apply"]);
  expect(new Set(ledger.slice(2).map((entry) => entry.actor))).toEqual(new Set(["first admin"]));

  const again = await request("POST", "/api/v1/apply", bundle("gpt-4.1-2025-04-14"));
  const second = ApplyResult.parse(again.body);
  expect(new Set(second.changes.map((change) => change.change))).toEqual(new Set(["unchanged"]));
});

it("what was applied reads back", async () => {
  const feature = Feature.parse((await request("GET", "/api/v1/features/discharge-summary")).body);
  expect([feature.baseline, feature.assignment.salt]).toEqual([
    "discharge-summary@1",
    "discharge-summary",
  ]);
  const release = Release.parse(
    (await request("GET", "/api/v1/releases/discharge-summary@2")).body,
  );
  expect(release.promptIdentity).toBe("discharge:v2:gpt-4.1-2025-04-14");
  const url = "/api/v1/releases/discharge-summary@2/diff?from=discharge-summary@1";
  const diff = ReleaseDiff.parse((await request("GET", url)).body);
  expect(diff.changes.map((change) => change.sentence)).toEqual([
    "The prompt discharge goes from v1 to v2: messages[0].content.",
  ]);
});

it("a key is made, used, revoked, and then of no use", async () => {
  const draft = { name: "ci", scope: "control", role: "viewer" };
  const made = CreatedKey.parse((await request("POST", "/api/v1/keys", draft)).body);
  const me = () => control.request("GET", "/api/v1/me", { key: made.secret });
  expect((await me()).body).toEqual({ name: "ci", role: "viewer" });
  expect((await request("DELETE", `/api/v1/keys/${made.id}`)).status).toBe(200);
  expect((await me()).status).toBe(401);
  expect((await request("GET", "/api/v1/keys")).text).not.toContain("secret");
});

it("a database that is away is said to be away", async () => {
  const database = openDatabase("postgres://nobody:nothing@127.0.0.1:1/none", {
    applicationName: "spillway-test",
  });
  const registry = createRegistryStore({ database, hooks, checks });
  const ports = { ...createFakeControl().ports, registry };
  const away = startTestControl({ ports, classifyError });
  const answer = await away.request("GET", "/api/v1/features");
  expect([answer.status, Problem.parse(answer.body).code]).toEqual([503, "database_unavailable"]);
  expect(answer.text).not.toContain("127.0.0.1");
  await away.server.close();
  await database.close();
});
