import { describe, expect, test } from "vitest";
import type { Exchange, Score } from "../exchange/exchange.ts";
import { exchangeId } from "../exchange/exchange.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { LEFT_BY_UNITS } from "../gate/cancellations.ts";
import { originText } from "../gate/number-origin.ts";
import { unitBucket } from "../gate/unit-bucket.ts";
import { evaluateBatch } from "./evaluate-batch.ts";
import { exclusionOf, observationsOf, pairObservationsOf } from "./observations.ts";

const metric = (name: string, source?: string): MetricDefinition => ({
  name,
  kind: "bounded",
  direction: "higher_is_better",
  unit: "score",
  description: name,
  ...(source === undefined ? {} : { source }),
});

const METRICS = [
  metric("error_rate"),
  metric("latency_p95", "latency_ms"),
  metric("quality"),
  metric("constructor"),
];

const FEATURE = { slices: ["document_type"] };

const exchange = (parts: Partial<Exchange> = {}): Exchange => ({
  id: exchangeId("x1"),
  feature: "summary",
  release: "summary@1",
  arm: "baseline",
  role: "primary",
  shadowOf: null,
  rolloutId: "r1",
  stageIndex: 2,
  propensityBps: 1_000,
  assignmentReason: "split",
  isRandomised: true,
  isRepeat: false,
  isFallback: false,
  unit: "u",
  tenant: null,
  user: null,
  conversation: null,
  attributes: { document_type: "letter" },
  snapshotRevision: 1,
  startedAtMs: 0,
  outcome: "ok",
  errorCode: null,
  attempts: [],
  latencyMs: 120,
  firstTokenMs: null,
  inputTokens: null,
  outputTokens: null,
  costMicroUsd: null,
  modelServed: null,
  finishReason: null,
  input: null,
  output: "text",
  ...parts,
});

const score = (value: number | null): Score => ({
  metric: "quality",
  value,
  scorer: "exact_match",
  note: null,
});

test("whatever the gateway measures reaches the metrics of the catalogue", () => {
  const answered = exchange({
    firstTokenMs: 40,
    inputTokens: 10,
    outputTokens: 5,
    costMicroUsd: 7,
    attributes: {},
  });
  const found = observationsOf({
    feature: FEATURE,
    metrics: METRIC_CATALOGUE,
    exchange: answered,
    scores: [],
  });
  expect(found.map(({ metric: name, observed }) => [name, observed])).toEqual([
    ["error_rate", 0],
    ["fallback_rate", 0],
    ["latency_p50", 120],
    ["latency_p95", 120],
    ["latency_p99", 120],
    ["time_to_first_token_p50", 40],
    ["time_to_first_token_p95", 40],
    ["time_to_first_token_p99", 40],
    ["cost_per_call", 0.000007],
    ["tokens_per_call", 15],
    ["input_tokens_per_call", 10],
    ["output_tokens_per_call", 5],
  ]);
  // Of all others people are told what to send.
  const comesByItself = METRIC_CATALOGUE.filter((of) => originText(of) === "");
  expect(comesByItself.map(({ name }) => name)).toEqual(found.map((of) => of.metric));
});

describe("observationsOf", () => {
  const of = (parts: Partial<Exchange>, scores: Score[] = [score(0.5)]) =>
    observationsOf({ feature: FEATURE, metrics: METRICS, exchange: exchange(parts), scores });

  test("one for each metric with a number and each slice", () => {
    const place = { rolloutId: "r1", stageIndex: 2, propensityBps: 1_000, arm: "baseline" };
    const both = ["*", "document_type=letter"];
    const rows = (name: string, observed: number) =>
      both.map((slice) => ({ ...place, metric: name, slice, observed }));
    expect(of({})).toEqual([
      ...rows("error_rate", 0),
      ...rows("latency_p95", 120),
      ...rows("quality", 0.5),
    ]);
  });

  test("what was not scored is absent, and not zero", () => {
    expect(of({}, [score(null)]).some((found) => found.metric === "quality")).toBe(false);
    expect(of({}, [score(Number.NaN)]).some((found) => found.metric === "quality")).toBe(false);
  });

  test("a failed call counts as an error and has no latency", () => {
    const found = of({ outcome: "error", attributes: {} }, []);
    expect(found.map(({ metric: name, observed }) => [name, observed])).toEqual([
      ["error_rate", 1],
    ]);
  });

  test.each([
    [{ isRepeat: true }, "repeat"],
    [{ isFallback: true }, "fallback"],
    [{ outcome: "cancelled" as const }, "cancelled"],
    [{ isRandomised: false }, "forced"],
    [{ rolloutId: null }, "not_in_rollout"],
    [{ propensityBps: null }, "not_in_rollout"],
  ])("%j is excluded as %s", (parts, reason) => {
    expect(exclusionOf(exchange(parts))).toBe(reason);
    if (reason !== "fallback") expect(of(parts)).toEqual([]);
  });

  test("what its caller left is counted by arm, where chance assigned it", () => {
    const countedAs = (parts: Partial<Exchange>): unknown =>
      evaluateBatch({
        exchanges: [exchange({ outcome: "cancelled", ...parts })],
        primaries: new Map(),
        knowledgeOf: () => ({
          feature: FEATURE,
          metrics: METRICS,
          scorers: [],
          caseOf: () => null,
        }),
      }).exposures.map(({ excluded }) => excluded);
    expect(countedAs({ arm: "baseline" })).toEqual([{ cancelled_baseline: 1 }]);
    expect(countedAs({ arm: "candidate" })).toEqual([{ cancelled_candidate: 1 }]);
    expect(countedAs({ arm: "candidate", isRandomised: false })).toEqual([{ cancelled: 1 }]);
  });

  test("what a caller left is kept by group of units where they come more than once", () => {
    const leftOf = (parts: Partial<Exchange>): unknown[] =>
      evaluateBatch({
        exchanges: [exchange({ outcome: "cancelled", ...parts })],
        primaries: new Map(),
        knowledgeOf: () => ({
          feature: FEATURE,
          metrics: METRICS,
          scorers: [],
          caseOf: () => null,
        }),
      }).evidence.map(({ metric: name, arm, slice, cell }) => ({ name, arm, slice, cell }));
    const user = { unit: "user-7", unitKind: "user" as const, arm: "candidate" as const };
    const units = { [`${unitBucket("user-7")}:100`]: 1 };
    expect(leftOf(user)).toMatchObject([
      { name: LEFT_BY_UNITS, arm: "candidate", slice: "*", cell: { bins: { 100: 1 }, units } },
    ]);
    expect(leftOf({ ...user, unitKind: "request" })).toEqual([]);
    expect(leftOf({ ...user, isRandomised: false })).toEqual([]);
    expect(leftOf({ ...user, isRepeat: true })).toEqual([]);
  });

  test("a shadow copy that was cut off is left by nobody", () => {
    const primary = exchange({ unit: "user-7", unitKind: "user" });
    const shadow = exchange({
      id: exchangeId("exch_copy"),
      role: "shadow",
      shadowOf: primary.id,
      arm: "candidate",
      outcome: "cancelled",
    });
    const batch = evaluateBatch({
      exchanges: [shadow],
      primaries: new Map([[primary.id, primary]]),
      knowledgeOf: () => ({ feature: FEATURE, metrics: METRICS, scorers: [], caseOf: () => null }),
    });
    expect(batch.evidence).toEqual([]);
    expect(batch.exposures.map(({ pairs, excluded }) => ({ pairs, excluded }))).toEqual([
      { pairs: 0, excluded: { shadow_cancelled: 1 } },
    ]);
  });

  test("behind a fallback's answer stands a failed call of the arm, and nothing else", () => {
    const found = of({ isFallback: true, attributes: {} });
    expect(found.map(({ metric: name, observed }) => [name, observed])).toEqual([
      ["error_rate", 1],
    ]);
    expect(of({ isFallback: true, isRepeat: true })).toEqual([]);
    expect(of({ isFallback: true, isRandomised: false })).toEqual([]);
  });

  test("a shadow is no observation of its own, and not excluded either", () => {
    expect(of({ role: "shadow" })).toEqual([]);
    expect(exclusionOf(exchange({ role: "shadow", isRandomised: false }))).toBeNull();
  });
});

describe("pairObservationsOf", () => {
  const pairs = (
    primary: Partial<Exchange>,
    shadow: Partial<Exchange>,
    scores: [Score[], Score[]] = [[score(0.9)], [score(0.4)]],
  ) =>
    pairObservationsOf({
      feature: FEATURE,
      metrics: METRICS,
      primary: exchange({ attributes: {}, ...primary }),
      shadow: exchange({
        id: exchangeId("x2"),
        role: "shadow",
        arm: "candidate",
        shadowOf: exchangeId("x1"),
        isRandomised: false,
        latencyMs: 80,
        ...shadow,
      }),
      primaryScores: scores[0],
      shadowScores: scores[1],
    }).map(({ metric: name, baseline, candidate }) => [name, baseline, candidate]);

  test("baseline answered, candidate in its shadow", () => {
    expect(pairs({}, {})).toEqual([
      ["error_rate", 0, 0],
      ["latency_p95", 120, 80],
      ["quality", 0.9, 0.4],
    ]);
  });

  test("candidate answered, the previous release in its shadow", () => {
    expect(pairs({ arm: "candidate" }, { arm: "baseline" })).toEqual([
      ["error_rate", 0, 0],
      ["latency_p95", 80, 120],
      ["quality", 0.4, 0.9],
    ]);
  });

  test("both sides must have the number; an error has its error rate only", () => {
    expect(pairs({}, { outcome: "error" }, [[score(1)], []])).toEqual([["error_rate", 0, 1]]);
    expect(pairs({}, {}, [[score(1)], [score(null)]]).map(([name]) => name)).toEqual([
      "error_rate",
      "latency_p95",
    ]);
  });

  test.each([
    [{ isRepeat: true }, {}],
    [{ isRandomised: false }, {}],
    [{}, { isFallback: true }],
    [{}, { outcome: "cancelled" as const }],
    [{}, { shadowOf: exchangeId("other") }],
    [{}, { arm: "baseline" as const }],
    [{}, { stageIndex: 3 }],
    [{}, { rolloutId: "r2" }],
    [{}, { role: "primary" as const }],
  ])("no pair: %j with %j", (primary, shadow) => {
    expect(pairs(primary, shadow)).toEqual([]);
  });
});

test("a pair keeps the group of the unit that asked, where units come again", () => {
  const unitsOf = (parts: Partial<Exchange>): unknown[] => {
    const primary = exchange({ unit: "user-7", ...parts });
    const shadow = exchange({
      id: exchangeId("exch_copy"),
      role: "shadow",
      shadowOf: primary.id,
      arm: "candidate",
      outcome: "error",
      // The copy names no unit: who asked is known of the request.
      unit: null,
    });
    return evaluateBatch({
      exchanges: [shadow],
      primaries: new Map([[primary.id, primary]]),
      knowledgeOf: () => ({ feature: FEATURE, metrics: METRICS, scorers: [], caseOf: () => null }),
    }).evidence.flatMap(({ slice, cell }) => (slice === "*" ? [cell] : []));
  };
  const joint = { "0:100": 1 };
  const units = { [`${unitBucket("user-7")}:0:100`]: 1 };
  expect(unitsOf({ unitKind: "user" })).toEqual([{ joint, units }]);
  expect(unitsOf({ unitKind: "request" })).toEqual([{ joint }]);
  expect(unitsOf({ unitKind: "user", unit: null })).toEqual([{ joint }]);
});

describe("answers to a ring", () => {
  const ring: Partial<Exchange> = {
    arm: "candidate",
    assignmentReason: "ring",
    isRandomised: false,
    attributes: {},
  };
  const harmful: MetricDefinition = {
    ...metric("harmful_content"),
    kind: "binary",
    direction: "lower_is_better",
  };
  const observed = (value: number) =>
    observationsOf({
      feature: FEATURE,
      metrics: [...METRICS, harmful],
      exchange: exchange(ring),
      scores: [
        { metric: "harmful_content", value, scorer: "test", note: null },
        { metric: "quality", value: 0.9, scorer: "test", note: null },
      ],
    });

  test("can convict and never acquit: harmful ones are kept, at a share that no test looks at", () => {
    expect(exclusionOf(exchange(ring))).toBe("ring");
    expect(observed(0)).toEqual([]);
    expect(observed(1)).toMatchObject([
      { metric: "harmful_content", propensityBps: 0, slice: "*" },
    ]);
  });
});
