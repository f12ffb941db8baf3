import { describe, expect, test } from "vitest";
import type { Exchange } from "../exchange/exchange.ts";
import { exchangeId } from "../exchange/exchange.ts";
import type { Feedback } from "../exchange/feedback.ts";
import { feedbackId } from "../exchange/feedback.ts";
import type { DeclaredMetric } from "../feature/declared-metric.ts";
import type { ScorerConfig } from "../feature/feature.ts";
import { metricsOfFeature } from "../gate/feature-metrics.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { evaluateFeedback } from "./evaluate-feedback.ts";

const MINUTE_MS = 60_000;

const exchange = (parts: Partial<Exchange> = {}): Exchange => ({
  id: exchangeId("x1"),
  feature: "summary",
  release: "summary@2",
  arm: "candidate",
  role: "primary",
  shadowOf: null,
  rolloutId: "r1",
  stageIndex: 1,
  propensityBps: 1_000,
  assignmentReason: "split",
  isRandomised: true,
  isRepeat: false,
  isFallback: false,
  unit: "u",
  unitKind: "request",
  tenant: null,
  user: null,
  conversation: null,
  attributes: { document_type: "letter" },
  snapshotRevision: 1,
  startedAtMs: 7 * MINUTE_MS + 1,
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
  output: "the patient was discharged",
  ...parts,
});

let given = 0;
const said = (parts: Partial<Feedback> = {}): Feedback => ({
  id: feedbackId(`fb_${(given += 1)}`),
  exchangeId: exchangeId("x1"),
  receivedAtMs: 9_000 * MINUTE_MS,
  features: ["*"],
  isAccepted: false,
  edit: null,
  correction: null,
  rating: null,
  values: {},
  ...parts,
});

const feature = (
  metrics: readonly DeclaredMetric[] = [],
  scorers: readonly ScorerConfig[] = [],
) => ({
  slices: ["document_type"],
  assignment: { unit: "request", attribute: null, onMissing: "error", salt: "s" } as const,
  metrics,
  scorers,
});

const evaluated = (
  items: readonly { readonly feedback: Feedback; readonly exchange: Exchange }[],
  of = feature(),
) =>
  evaluateFeedback({
    items,
    knowledgeOf: () => ({ feature: of, metrics: metricsOfFeature(of, METRIC_CATALOGUE) }),
  });

const numbers = (parts: Partial<Feedback>, of = feature(), on = exchange()) =>
  Object.fromEntries(
    evaluated([{ feedback: said(parts), exchange: on }], of)
      .flatMap(({ labels }) => labels)
      .map(({ score }) => [score.metric, score.value]),
  );

const metric = (parts: Partial<DeclaredMetric> = {}): DeclaredMetric => ({
  name: "appeal_rate",
  kind: "binary",
  direction: "lower_is_better",
  expected: { value: 0.04 },
  source: "appealed",
  ...parts,
});

describe("what a feedback says", () => {
  test.each<[string, Partial<Feedback>, Record<string, number>]>([
    ["accepted", { isAccepted: true }, { edit_rate: 0, edit_distance: 0, correction_rate: 0 }],
    [
      "edited",
      { edit: { kind: "text", text: "the patient was not discharged" } },
      { edit_rate: 1, edit_distance: 0.2 },
    ],
    [
      "sent back as it was",
      { edit: { kind: "text", text: "the patient was  discharged\n" } },
      { edit_rate: 0, edit_distance: 0 },
    ],
    [
      "edited, measured by the client",
      { edit: { kind: "distance", distance: 0.3 } },
      { edit_rate: 1, edit_distance: 0.3 },
    ],
    ["wrong", { correction: { isWrong: true, fields: ["amount"] } }, { correction_rate: 1 }],
    ["checked", { correction: { isWrong: false, fields: [] } }, { correction_rate: 0 }],
    ["rated", { rating: 4 }, { rating: 4 }],
    ["a business value", { values: { appealed: 1 } }, { appealed: 1 }],
    ["what is measured elsewhere", { values: { error_rate: 0, latency_ms: 1 } }, {}],
  ])("%s", (_name, parts, expected) => {
    expect(numbers(parts)).toEqual(expected);
  });

  test("an edit of an answer that was not stored is an edit of unknown size", () => {
    const edit = { kind: "text", text: "changed" } as const;
    expect(numbers({ edit }, feature(), exchange({ output: null }))).toEqual({ edit_rate: 1 });
  });

  test("corrections by field, where a metric counts them and something is known of the fields", () => {
    const of = feature([metric({ name: "amount_wrong", source: "corrected.amount" })]);
    const wrong = (fields: readonly string[]) =>
      numbers({ correction: { isWrong: true, fields } }, of)["corrected.amount"];
    expect(wrong(["amount", "date"])).toBe(1);
    expect(wrong(["date"])).toBe(0);
    expect(wrong([])).toBeUndefined();
    expect(numbers({ isAccepted: true }, of)["corrected.amount"]).toBe(0);
  });

  test("the first of each name counts, and what others say beside it", () => {
    const items = [
      { feedback: said({ isAccepted: true }), exchange: exchange() },
      {
        feedback: said({ edit: { kind: "distance", distance: 1 }, rating: 2 }),
        exchange: exchange(),
      },
    ];
    const [first, second] = evaluated(items);
    expect(first?.labels.map(({ score }) => score.metric)).toEqual([
      "edit_rate",
      "edit_distance",
      "correction_rate",
    ]);
    expect(second?.labels.map(({ score }) => [score.metric, score.value])).toEqual([["rating", 2]]);
  });

  test("a key may speak of its own features only", () => {
    const [outcome] = evaluated([
      { feedback: said({ isAccepted: true, features: ["other"] }), exchange: exchange() },
    ]);
    expect(outcome).toMatchObject({ labels: [], refusal: "The key may not speak of summary." });
  });
});

describe("its evidence", () => {
  const evidenceOf = (parts: Partial<Feedback>, on: Partial<Exchange> = {}, of = feature()) =>
    evaluated([{ feedback: said(parts), exchange: exchange(on) }], of)
      .flatMap(({ labels }) => labels)
      .flatMap(({ evidence }) => evidence);

  test("says of what is harm how late it became known, by the metric's usual delay", () => {
    const lagsOf = (parts: Partial<Feedback>) =>
      evidenceOf(parts).filter(({ metric: name }) => name.startsWith("labels:late:"));
    const edit = { kind: "distance", distance: 0.5 } as const;
    const late = { receivedAtMs: 7 * MINUTE_MS + 31 * MINUTE_MS };
    expect(lagsOf({ edit, ...late })).toMatchObject([{ slice: "*", cell: { bins: { 100: 1 } } }]);
    const early = { receivedAtMs: 9 * MINUTE_MS };
    expect(lagsOf({ edit, ...early })).toMatchObject([{ slice: "*", cell: { bins: { 0: 1 } } }]);
    expect(lagsOf({ isAccepted: true, ...late })).toEqual([]);
  });

  test("stands where and when the request was made, however late it comes", () => {
    const found = evidenceOf({ edit: { kind: "distance", distance: 0.5 } });
    expect(found.map(({ metric: name, slice }) => [name, slice])).toEqual([
      ["edit_rate", "*"],
      ["edit_rate", "document_type=letter"],
      ["labels:late:edit_rate", "*"],
      ["edit_distance", "*"],
      ["edit_distance", "document_type=letter"],
    ]);
    expect(found[0]).toMatchObject({
      rolloutId: "r1",
      stageIndex: 1,
      propensityBps: 1_000,
      arm: "candidate",
      minuteMs: 7 * MINUTE_MS,
      cell: { bins: { 100: 1 } },
    });
  });

  test("is there for metrics that the feature declares, by their source, and for open names", () => {
    const of = feature([metric(), metric({ name: "rating", source: "rating", kind: "bounded" })]);
    const found = evidenceOf(
      { rating: 1, values: { appealed: 1, guardrail_trips_pii: 1, x: 1 } },
      {},
      of,
    );
    expect(new Set(found.map((each) => each.metric))).toEqual(
      new Set(["appeal_rate", "rating", "guardrail_trips_pii"]),
    );
  });

  test("is not counted twice where a scorer has the number already", () => {
    const of = feature([metric()], [{ kind: "regex", metric: "appealed", settings: {} }]);
    expect(evidenceOf({ values: { appealed: 1 } }, {}, of)).toEqual([]);
  });

  test.each<[string, Partial<Exchange>]>([
    ["a client's retry", { isRepeat: true }],
    ["forced traffic", { isRandomised: false, assignmentReason: "rule" }],
    ["a fallback's answer", { isFallback: true }],
    ["an answer that its caller left", { outcome: "cancelled" }],
    ["a shadow copy", { role: "shadow", shadowOf: exchangeId("x0") }],
    ["traffic outside of a rollout", { rolloutId: null }],
  ])("%s has the number and adds no evidence", (_name, on) => {
    const [outcome] = evaluated([{ feedback: said({ isAccepted: true }), exchange: exchange(on) }]);
    expect(outcome?.labels.length).toBe(3);
    expect(outcome?.labels.flatMap(({ evidence }) => evidence)).toEqual([]);
  });
});
