import { describe, expect, it } from "vitest";
import type { DeclaredMetric } from "../feature/declared-metric.ts";
import type { Feature } from "../feature/feature.ts";
import { assessComponent } from "./assess-component.ts";
import { featureProblems, rolloutConflicts, servingProblems } from "./assess-feature.ts";
import { hasRole, keyProblems, ROLES, type ApiKeyDraft } from "./assess-key.ts";
import { problemPath } from "./configuration-problem.ts";

const feature: Feature = {
  key: "search",
  title: "Search",
  owner: "team",
  tier: 2,
  assignment: { unit: "user", attribute: null, onMissing: "error", salt: "search" },
  rules: [],
  slices: [],
  fallback: null,
  scorers: [],
  slaLatencyMs: null,
};

const APPEALS: DeclaredMetric = {
  name: "appeal_rate",
  kind: "binary",
  direction: "lower_is_better",
  expected: { value: 0.04 },
  expectedDelaySeconds: 86_400,
  source: "appealed",
};
const STARS: DeclaredMetric = {
  name: "stars",
  kind: "bounded",
  direction: "higher_is_better",
  unit: "stars",
  range: [1, 5],
  expected: { value: 4, spread: 1 },
  source: "rating",
};

describe("a feature's own metrics", () => {
  const pathsOf = (...metrics: readonly DeclaredMetric[]) =>
    featureProblems({ ...feature, metrics }).map(({ path }) => path);

  it.each<[string, readonly DeclaredMetric[], readonly string[]]>([
    ["sound", [APPEALS, STARS, { ...APPEALS, name: "guardrail_trips_pii" }], []],
    ["bad name", [{ ...APPEALS, name: "Appeals" }], ["metrics[0].name"]],
    ["name of the catalogue", [{ ...APPEALS, name: "edit_rate" }], ["metrics[0].name"]],
    ["declared twice", [APPEALS, APPEALS], ["metrics[1].name"]],
    ["source of the catalogue", [{ ...APPEALS, source: "latency_ms" }], ["metrics[0].source"]],
    ["source that nothing has", [{ ...APPEALS, source: "a b" }], ["metrics[0].source"]],
    ["correction that is no event", [{ ...STARS, source: "corrected.x" }], ["metrics[0].source"]],
    ["unit of a share", [{ ...APPEALS, unit: "ms" }], ["metrics[0].unit"]],
    ["range of an event", [{ ...APPEALS, range: [0, 1] }], ["metrics[0].range"]],
    [
      "range upside down",
      [{ ...STARS, range: [5, 1] }],
      ["metrics[0].range", "metrics[0].expected.value"],
    ],
    [
      "expected outside of the range",
      [{ ...STARS, expected: { value: 6 } }],
      ["metrics[0].expected.value"],
    ],
    [
      "expected nothing of a tail",
      [{ ...APPEALS, kind: "heavy_tailed", expected: { value: 0 } }],
      ["metrics[0].expected.value"],
    ],
    [
      "spread of nothing",
      [{ ...STARS, expected: { value: 4, spread: 0 } }],
      ["metrics[0].expected.spread"],
    ],
  ])("%s", (_name, metrics, paths) => {
    expect(pathsOf(...metrics)).toEqual(paths);
  });
});

describe("a feature's definition", () => {
  it.each<[string, Partial<Feature>, string[]]>([
    ["sound", {}, []],
    ["bad key", { key: "Search" }, ["key"]],
    [
      "unit without attribute",
      { assignment: { ...feature.assignment, unit: "attribute" } },
      ["assignment.attribute"],
    ],
    [
      "attribute without unit",
      { assignment: { ...feature.assignment, attribute: "ward" } },
      ["assignment.attribute"],
    ],
    ["slice listed twice", { slices: ["a", "b", "a"] }, ["slices[2]"]],
    [
      "fallback of another feature",
      { fallback: { kind: "release", releaseId: "other@1" } },
      ["fallback.releaseId"],
    ],
  ])("%s", (_name, parts, paths) => {
    const problems = featureProblems({ ...feature, ...parts });
    expect(problems.map((problem) => problem.path)).toEqual(paths);
  });

  it("may serve without a fallback at tier 3 only", () => {
    expect(servingProblems(feature).length).toBe(1);
    expect(servingProblems({ ...feature, tier: 3 })).toEqual([]);
    expect(servingProblems({ ...feature, fallback: { kind: "static", text: "x" } })).toEqual([]);
  });

  it.each([
    ["assignment", { assignment: { ...feature.assignment, salt: "x" } }],
    ["assignment", { assignment: { ...feature.assignment, onMissing: "request" } }],
    ["rules", { rules: [{ attribute: "user", values: ["ada"], arm: "candidate" }] }],
    ["slices", { slices: ["other"] }],
    ["metrics", { metrics: [APPEALS] }],
    ["scorers", { scorers: [{ kind: "exact_match", metric: "quality", settings: {} }] }],
  ] as const)("does not let its %s change under a rollout, case %#", (part, change) => {
    expect(rolloutConflicts(feature, { ...feature, ...change })).toEqual([part]);
  });

  it("may change everything else under a rollout", () => {
    const fallback = { kind: "static", text: "Later." } as const;
    const after = {
      ...feature,
      title: "x",
      owner: "y",
      tier: 3,
      slaLatencyMs: 1,
      fallback,
    } as const;
    expect(rolloutConflicts(feature, after)).toEqual([]);
  });
});

describe("a component version", () => {
  const draft = {
    kind: "dataset",
    name: "cases",
    label: "v1",
    content: { cases: [{ id: "a" }, { id: "a" }] },
  } as const;

  it("has cases with ids of their own, and names without colons", () => {
    const { problems } = assessComponent({ ...draft, name: "a:b", label: " v1" });
    expect(problems.map((problem) => problem.path)).toEqual([
      "name",
      "label",
      "content.cases[1].id",
    ]);
  });

  it("of a model is pinned", () => {
    const content = { provider: "openai", id: "gpt-4o", parameters: {} };
    const { unpinned } = assessComponent({ ...draft, kind: "model", content });
    expect(unpinned[0]?.message).toContain("gpt-4o-2024-11-20");
  });
});

describe("an API key", () => {
  const draft: ApiKeyDraft = {
    name: "ci",
    scope: "control",
    role: "viewer",
    features: [],
    expiresAtMs: null,
  };

  it.each<[Partial<ApiKeyDraft>, string[]]>([
    [{}, []],
    [{ role: null }, ["role"]],
    [{ features: ["search"] }, ["features"]],
    [{ scope: "gateway" }, ["role", "features"]],
    [{ scope: "gateway", role: null, features: ["*"] }, []],
    [{ expiresAtMs: 10 }, ["expiresAtMs"]],
  ])("%o has problems %o", (parts, paths) => {
    const problems = keyProblems({ ...draft, ...parts }, 10);
    expect(problems.map((problem) => problem.path)).toEqual(paths);
  });

  it("may do what lesser roles may", () => {
    const allowed = ROLES.map((role) => ROLES.filter((least) => hasRole(role, least)).length);
    expect(allowed).toEqual([1, 2, 3, 4]);
  });
});

it("paths are joined as people write them", () => {
  expect(problemPath("", "a.b")).toBe("a.b");
  expect(problemPath("a[0]", "b")).toBe("a[0].b");
  expect(problemPath("a", "[1].b")).toBe("a[1].b");
});
