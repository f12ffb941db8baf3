import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sql } from "kysely";
import {
  buildFeature,
  buildModel,
  buildPrompt,
  parseNamedStrategy,
} from "../../../testkit/src/control-builders.ts";
import { recordingHooks, refusalOf } from "../../../testkit/src/registry-kit.ts";
import { createTestDatabase, type TestDatabase } from "../../../testkit/src/database.ts";
import { parseStrategyDocument } from "../compose-stores.ts";
import type { RegistryPort } from "../control/control-ports.ts";
import type { Bundle } from "../ports/registry-records.ts";
import { createRegistryStore, type RegistryStore } from "./registry-store.ts";

let test: TestDatabase;
let registry: RegistryStore;
const { hooks, ledger, causes } = recordingHooks();
let nowMs = 1_000_000;

const by = (actor = "ana") => ({ actor, nowMs: nowMs++ });

beforeAll(async () => {
  test = await createTestDatabase("registry-store");
  const { database } = test;
  registry = createRegistryStore({
    database,
    hooks,
    checks: {
      parseStrategy: parseNamedStrategy,
      promptProblems: ({ messages }) =>
        messages.flatMap(({ content }, index) =>
          content.includes("{{#")
            ? [{ path: `messages[${index}].content`, message: "An open section." }]
            : [],
        ),
      scorerProblems: ({ kind }) =>
        kind === "exact_match" ? [] : [{ path: "kind", message: `No scorer "${kind}".` }],
    },
  });
});

afterAll(() => test.drop());

beforeEach(async () => {
  ledger.length = 0;
  causes.length = 0;
  await sql`truncate api_keys, components, features, releases, strategies, snapshots,
    rollouts cascade`.execute(test.database.kysely);
});

const bundle = (parts: Partial<Bundle> = {}): Bundle => ({
  features: [buildFeature()],
  components: [buildPrompt("Answer briefly."), buildModel("gpt-4.1-2025-04-14")],
  releases: [
    {
      feature: "search",
      references: {
        prompt: "search-prompt:v1",
        model: "search-model:v1",
        index: null,
        guardrails: null,
        dataset: null,
        app: null,
      },
      message: "",
    },
  ],
  strategies: [{ name: "careful" }],
  baselines: [{ feature: "search", release: "search@1" }],
  ...parts,
});

const release = (prompt: string, feature = "search") => ({
  ...bundle().releases[0]!,
  feature,
  references: { ...bundle().releases[0]!.references, prompt },
});

describe("component versions", () => {
  it("are registered once, whatever the label of a repeat", async () => {
    const first = await registry.registerComponent(buildPrompt("Be brief."), by());
    expect(first.change).toBe("created");
    const again = await registry.registerComponent(buildPrompt("Be brief."), by("ben"));
    expect(again).toEqual({ change: "unchanged", record: first.record, isRouting: false });
    const other = await registry.registerComponent(
      buildPrompt("Be brief.", { label: "v2" }),
      by("ben"),
    );
    expect(other.record).toEqual(first.record);
    expect(ledger.map((entry) => [entry.actor, entry.action, entry.subject])).toEqual([
      ["ana", "component.registered", "prompt/search-prompt:v1"],
    ]);
  });

  it("refuse a label with other content, naming both digests", async () => {
    const first = await registry.registerComponent(buildPrompt("Be brief."), by());
    const error = await refusalOf(registry.registerComponent(buildPrompt("Be kind."), by()));
    expect(error.code).toBe("conflict");
    expect(error.message).toContain(first.record.digest);
    expect(error.message).toContain(String(error.details["sentDigest"]));
  });

  it("refuse a model that is not pinned, naming the pinned ones", async () => {
    const error = await refusalOf(registry.registerComponent(buildModel("gpt-4o"), by()));
    expect(error.code).toBe("unpinned_model");
    expect(error.message).toContain("gpt-4o-2024-11-20");
    expect(ledger).toEqual([]);
  });

  it("are listed newest first, page by page", async () => {
    for (const label of ["v1", "v2", "v3"]) {
      await registry.registerComponent(buildPrompt(label, { label }), by());
    }
    const first = await registry.listComponents({ limit: 2, kind: "prompt" });
    expect(first.items.map((item) => item.label)).toEqual(["v3", "v2"]);
    const second = await registry.listComponents({ limit: 2, cursor: first.nextCursor! });
    expect(second.items.map((item) => item.label)).toEqual(["v1"]);
    expect(second.nextCursor).toBeNull();
    const error = await refusalOf(registry.listComponents({ limit: 2, cursor: "zz" }));
    expect(error.code).toBe("invalid_request");
  });

  it("give back their content as it was", async () => {
    const draft = buildPrompt('A "quote", {{ name }} and \u{1F30A}');
    const { record } = await registry.registerComponent(draft, by());
    const found = await registry.loadComponent(record.digest);
    expect(found).toEqual({ ...record, content: draft.content });
    expect(await registry.loadComponent("nothing")).toBeNull();
  });
});

describe("a bundle", () => {
  it("is applied as one, in the order of what refers to what", async () => {
    const applied = await registry.applyBundle(bundle(), by());
    expect(applied.changes.map(({ resource, name, change }) => [resource, name, change])).toEqual([
      ["feature", "search", "created"],
      ["component", "prompt/search-prompt:v1", "created"],
      ["component", "model/search-model:v1", "created"],
      ["release", "search@1", "created"],
      ["strategy", "careful", "created"],
      ["baseline", "search", "created"],
    ]);
    expect(applied.snapshotRevision).toBe(1);
    expect(causes).toEqual(["apply"]);
    expect((await registry.loadFeature("search"))?.baseline).toBe("search@1");
  });

  it("changes nothing the second time", async () => {
    await registry.applyBundle(bundle(), by());
    const written = ledger.length;
    const again = await registry.applyBundle(bundle(), by());
    expect(again.changes.every((change) => change.change === "unchanged")).toBe(true);
    expect(again.snapshotRevision).toBe(1);
    expect([ledger.length, causes.length]).toEqual([written, 1]);
  });

  it("never moves a feature that serves", async () => {
    await registry.applyBundle(bundle(), by());
    const next = buildPrompt("Longer.", { label: "v2" });
    const applied = await registry.applyBundle(
      bundle({
        components: [next],
        releases: [release("search-prompt:v2")],
        baselines: [{ feature: "search", release: "search@2" }],
      }),
      by(),
    );
    expect(applied.changes.at(-1)).toEqual({
      resource: "baseline",
      name: "search",
      change: "unchanged",
      id: "search@1",
    });
    expect(causes).toEqual(["apply"]);
  });

  it("stores nothing when one item is refused", async () => {
    const broken = bundle({ releases: [release("search-prompt:v9")] });
    const error = await refusalOf(registry.applyBundle(broken, by()));
    expect(error.code).toBe("invalid_configuration");
    expect(error.details["problems"]).toEqual([
      { path: "releases[0].components.prompt", message: expect.stringContaining("v9") as string },
    ]);
    expect(await registry.listFeatures()).toEqual([]);
    expect((await registry.listComponents({ limit: 10 })).items).toEqual([]);
  });

  it("reports every problem that needs no look-up at once, by its path", async () => {
    const broken = bundle({
      features: [buildFeature({ scorers: [{ kind: "vibes", metric: "m", settings: {} }] })],
      components: [buildPrompt("{{# open"), buildModel("gpt-4o")],
      strategies: [{}],
    });
    const error = await refusalOf(registry.applyBundle(broken, by()));
    expect(error.code).toBe("unpinned_model");
    const problems = error.details["problems"] as { path: string }[];
    expect(problems.map((problem) => problem.path)).toEqual([
      "components[1].content.id",
      "features[0].scorers[0].kind",
      "components[0].content.messages[0].content",
      "strategies[0].name",
    ]);
  });

  it("may name a fallback that it registers itself, and none that does not exist", async () => {
    const fallback = { kind: "release", releaseId: "search@1" } as const;
    const features = [buildFeature({ tier: 2, fallback })];
    await registry.applyBundle(bundle({ features }), by());
    const dangling = buildFeature({ fallback: { kind: "release", releaseId: "search@7" } });
    const error = await refusalOf(registry.applyBundle(bundle({ features: [dangling] }), by()));
    expect(error.message).toContain("search@7");
    const alone = await refusalOf(registry.putFeature(dangling, by()));
    expect(alone.code).toBe("invalid_configuration");
  });
});

describe("releases", () => {
  it("are numbered per feature without gaps when many are registered at once", async () => {
    await registry.applyBundle(bundle({ releases: [], baselines: [] }), by());
    const labels = ["a", "b", "c", "d", "e"];
    for (const label of labels) {
      await registry.registerComponent(buildPrompt(label, { label }), by());
    }
    const done = await Promise.all(
      labels.map((label) => registry.registerRelease(release(`search-prompt:${label}`), by())),
    );
    const numbers = done.map((each) => each.record.number).toSorted((a, b) => a - b);
    expect(numbers).toEqual([1, 2, 3, 4, 5]);
  });

  it("keep their number when the same tuple is released again", async () => {
    await registry.applyBundle(bundle(), by());
    const { digest } = (await registry.listComponents({ limit: 1, kind: "prompt" })).items[0]!;
    const again = await registry.registerRelease(release(digest), by());
    expect([again.change, again.record.id]).toEqual(["unchanged", "search@1"]);
  });

  it("need a prompt and a model, and a feature that is there", async () => {
    await registry.applyBundle(bundle({ releases: [], baselines: [] }), by());
    const draft = bundle().releases[0]!;
    const references = { ...draft.references, model: null };
    const error = await refusalOf(registry.registerRelease({ ...draft, references }, by()));
    expect(error.details["problems"]).toEqual([
      { path: "components.model", message: "A release needs a model." },
    ]);
    const other = await refusalOf(registry.registerRelease(release("x", "nothing"), by()));
    expect(other.code).toBe("feature_not_found");
  });

  it("give back their parts and the identity people read", async () => {
    await registry.applyBundle(bundle(), by());
    const parts = await registry.loadReleaseComponents("search@1");
    expect(parts?.model.content.id).toBe("gpt-4.1-2025-04-14");
    expect(parts?.index).toBeNull();
    const found = await registry.loadRelease("search@1");
    expect(found?.promptIdentity).toBe("search-prompt:v1:gpt-4.1-2025-04-14");
    expect(await registry.loadReleaseComponents("search@9")).toBeNull();
    const page = await registry.listReleases({ limit: 10, feature: "search" });
    expect(page.items).toEqual([found]);
  });
});

describe("features", () => {
  it("are created, updated, and unchanged when nothing changes", async () => {
    const created = await registry.putFeature(buildFeature(), by());
    const same = await registry.putFeature(buildFeature(), by());
    const updated = await registry.putFeature(buildFeature({ title: "Finder" }), by());
    expect([created.change, same.change, updated.change]).toEqual([
      "created",
      "unchanged",
      "updated",
    ]);
    expect(causes).toEqual([]);
    expect((await registry.loadFeature("search"))?.definition.title).toBe("Finder");
  });

  it("tell the gateways when a feature that serves changes", async () => {
    await registry.applyBundle(bundle(), by());
    await registry.putFeature(buildFeature({ slaLatencyMs: 900 }), by());
    expect(causes).toEqual(["apply", "feature search"]);
  });

  it("cannot serve at tier 1 or 2 without a fallback", async () => {
    const features = [buildFeature({ tier: 1 })];
    const error = await refusalOf(registry.applyBundle(bundle({ features }), by()));
    expect(error.message).toContain("has no fallback");
    await registry.applyBundle(bundle(), by());
    const later = await refusalOf(registry.putFeature(buildFeature({ tier: 1 }), by()));
    expect(later.code).toBe("invalid_configuration");
  });

  it("keep what their evidence rests on while a rollout is under way, and change the rest", async () => {
    await registry.applyBundle(bundle(), by());
    await sql`insert into rollouts (id, feature, tier, baseline, candidate, strategy,
      strategy_document, algorithm, author, created_at_ms, state_kind, state, approvals, version,
      updated_at_ms, sentence, unmet) values ('roll_1', 'search', 3, 'search@1', 'search@1', '{}',
      '{}', 'x', 'ana', 1, 'progressing', '{}', '[]', 1, 1, '', '[]')`.execute(
      test.database.kysely,
    );
    expect((await registry.loadFeature("search"))?.activeRolloutId).toBe("roll_1");
    const moved = buildFeature({
      assignment: { unit: "tenant", attribute: null, onMissing: "error", salt: "search" },
    });
    const error = await refusalOf(registry.putFeature(moved, by()));
    expect(error.message).toContain("roll_1");
    const rescored = buildFeature({ slices: ["ward"], scorers: [] });
    const mixing = await refusalOf(registry.putFeature(rescored, by()));
    expect(mixing.code).toBe("conflict");
    expect(mixing.message).toContain("slices");
    const renamed = buildFeature({ title: "Another title" });
    expect((await registry.putFeature(renamed, by())).change).toBe("updated");
  });
});

describe("strategies", () => {
  it("are stored by name with their document", async () => {
    const document = { name: "careful", description: "Slow." };
    expect((await registry.putStrategy(document, by())).change).toBe("created");
    expect((await registry.putStrategy(document, by())).change).toBe("unchanged");
    const other = { ...document, description: "Slower." };
    expect((await registry.putStrategy(other, by())).change).toBe("updated");
    expect((await registry.loadStrategy("careful"))?.document).toEqual(other);
    expect((await registry.listStrategies()).length).toBe(1);
    expect((await refusalOf(registry.putStrategy({}, by()))).code).toBe("invalid_configuration");
  });
});

it("a strategy that was read and is applied again is unchanged, whatever the order of its keys", async () => {
  const checks = {
    parseStrategy: parseStrategyDocument,
    promptProblems: () => [],
    scorerProblems: () => [],
  };
  const store = createRegistryStore({ database: test.database, hooks, checks });
  const document = {
    strategy: "ordered",
    gate: {
      quality: { rollback: "-10%", hold: "-3%", on_no_data: "rollback" },
      error_rate: { limit: "5%", over: "15m" },
      edit_rate: { rollback: "+2pp", within: "24h" },
      leak: { tolerance: "zero" },
    },
    stages: [{ stage: "ramp", share: ["50%", "100%"], least: { duration: "1h" } }],
  };
  await store.putStrategy(document, by());
  const stored = await store.loadStrategy("ordered");
  const again = await store.putStrategy(stored?.document ?? {}, by());
  expect([again.change, again.record.strategy]).toEqual(["unchanged", stored?.strategy]);
});

it("the store is what the control API asks for", () => {
  const port: RegistryPort = registry;
  expect(port).toBe(registry);
});
