import { z } from "zod";
import { BasisPoints, ComponentKind, FeatureKey, JsonObject, TimestampMs } from "./common.ts";

const PromptMessage = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string().max(200_000),
});

const PromptContent = z.strictObject({
  messages: z.array(PromptMessage).min(1).max(100),
  fewShot: z.array(PromptMessage).max(200).default([]),
  variables: z
    .record(
      z.string(),
      z.strictObject({ description: z.string().optional(), required: z.boolean().default(true) }),
    )
    .default({}),
});

const ModelContent = z.strictObject({
  provider: z.string().min(1),
  id: z.string().min(1),
  parameters: JsonObject.default({}),
  contextLimitTokens: z.number().int().positive().optional(),
  price: z
    .strictObject({
      inputMicroUsdPerMillion: z.number().int().nonnegative(),
      outputMicroUsdPerMillion: z.number().int().nonnegative(),
    })
    .optional(),
});

const DatasetCase = z.strictObject({
  id: z.string().min(1).max(200),
  input: z.string().optional(),
  reference: z.string().optional(),
  facts: z.array(z.array(z.string().min(1)).min(1)).optional(),
  judgedAnswers: z.record(z.string(), z.number().min(0).max(1)).optional(),
  attributes: z.record(z.string(), z.string()).optional(),
});

const draftOf = <K extends string, C extends z.ZodType>(kind: K, content: C) =>
  z.strictObject({
    kind: z.literal(kind),
    name: z.string().min(1).max(120),
    label: z.string().min(1).max(60),
    message: z.string().max(2_000).default(""),
    content,
  });

/** A component version as it is sent; its digest is computed by the server. */
export const ComponentDraft = z
  .discriminatedUnion("kind", [
    draftOf("prompt", PromptContent),
    draftOf("model", ModelContent),
    draftOf("index", z.strictObject({ location: z.string(), settings: JsonObject.default({}) })),
    draftOf("guardrails", z.strictObject({ rules: z.array(JsonObject).default([]) })),
    draftOf("dataset", z.strictObject({ cases: z.array(DatasetCase).max(50_000) })),
    draftOf("app", z.strictObject({ codeVersion: z.string(), settings: JsonObject.default({}) })),
  ])
  .meta({ id: "ComponentDraft" });
export type ComponentDraft = z.infer<typeof ComponentDraft>;

export const ComponentSummary = z
  .object({
    kind: ComponentKind,
    name: z.string(),
    label: z.string(),
    digest: z.string(),
    author: z.string(),
    message: z.string(),
    createdAtMs: TimestampMs,
  })
  .meta({ id: "ComponentSummary" });
export type ComponentSummary = z.infer<typeof ComponentSummary>;

export const Component = ComponentSummary.extend({ content: z.json() }).meta({ id: "Component" });
export type Component = z.infer<typeof Component>;

const AssignmentPolicy = z.strictObject({
  unit: z.enum(["request", "conversation", "user", "tenant", "attribute"]).default("request"),
  attribute: z.string().nullable().default(null),
  onMissing: z.enum(["error", "request", "baseline"]).default("error"),
  /** Absent: the feature's key. Sharing a salt makes two features assign the same people alike. */
  salt: z.string().optional(),
});

const PinRule = z.strictObject({
  attribute: z.string().min(1),
  values: z.array(z.string()).min(1).max(10_000),
  arm: z.enum(["baseline", "candidate"]),
  /** Rests until a rollout's strategy serves the ring of this name. */
  ring: z.string().min(1).max(100).optional(),
});

const ScorerConfig = z.strictObject({
  kind: z.string(),
  metric: z.string(),
  settings: JsonObject.default({}),
});

/** A metric of the feature's own; which names and sources are free is checked by the server. */
const DeclaredMetric = z
  .strictObject({
    name: z.string().min(1).max(63),
    kind: z.enum(["binary", "bounded", "heavy_tailed"]),
    direction: z.enum(["higher_is_better", "lower_is_better"]),
    /** Absent: "share" of a binary metric, "score" of a bounded one. */
    unit: z.string().min(1).max(20).optional(),
    /** Of a bounded metric; [0, 1] when absent. */
    range: z.tuple([z.number(), z.number()]).optional(),
    /** What the baseline usually shows. A wrong guess costs time and never validity. */
    expected: z.strictObject({ value: z.number(), spread: z.number().optional() }),
    /** Median time from the answer to its number. */
    expectedDelaySeconds: z.number().int().nonnegative().max(2_592_000).optional(),
    /** Name of a feedback value or a scorer's metric, `rating` or `corrected.<field>`; else the name. */
    source: z.string().min(1).max(120).optional(),
    description: z.string().max(500).optional(),
  })
  .meta({ id: "DeclaredMetric" });

export const FeatureDraft = z
  .strictObject({
    key: FeatureKey,
    title: z.string().min(1).max(200),
    owner: z.string().min(1).max(200),
    tier: z.union([z.literal(1), z.literal(2), z.literal(3)]),
    assignment: AssignmentPolicy.default({ unit: "request", attribute: null, onMissing: "error" }),
    rules: z.array(PinRule).max(1_000).default([]),
    slices: z.array(z.string().min(1)).max(10).default([]),
    fallback: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("static"), text: z.string() }),
        z.strictObject({ kind: z.literal("release"), releaseId: z.string() }),
      ])
      .nullable()
      .default(null),
    scorers: z.array(ScorerConfig).max(50).default([]),
    metrics: z.array(DeclaredMetric).max(50).default([]),
    slaLatencyMs: z.number().int().positive().nullable().default(null),
  })
  .meta({ id: "FeatureDraft" });
export type FeatureDraft = z.infer<typeof FeatureDraft>;

export const Feature = FeatureDraft.extend({
  baseline: z.string().nullable(),
  isKilled: z.boolean(),
  activeRolloutId: z.string().nullable(),
  createdAtMs: TimestampMs,
}).meta({ id: "Feature" });
export type Feature = z.infer<typeof Feature>;

/** Components of a release by reference: a digest, or `name:label` of a version already registered. */
export const ReleaseDraft = z
  .strictObject({
    feature: FeatureKey,
    components: z.strictObject({
      prompt: z.string(),
      model: z.string(),
      index: z.string().nullable().default(null),
      guardrails: z.string().nullable().default(null),
      dataset: z.string().nullable().default(null),
      app: z.string().nullable().default(null),
    }),
    message: z.string().max(2_000).default(""),
  })
  .meta({ id: "ReleaseDraft" });
export type ReleaseDraft = z.infer<typeof ReleaseDraft>;

export const Release = z
  .object({
    id: z.string(),
    feature: z.string(),
    number: z.number().int(),
    digest: z.string(),
    promptIdentity: z.string(),
    components: z.record(ComponentKind, ComponentSummary.nullable()),
    author: z.string(),
    message: z.string(),
    createdAtMs: TimestampMs,
  })
  .meta({ id: "Release" });
export type Release = z.infer<typeof Release>;

export const ComponentChange = z
  .object({
    kind: ComponentKind,
    change: z.enum(["added", "removed", "changed"]),
    before: z.object({ name: z.string(), label: z.string(), digest: z.string() }).nullable(),
    after: z.object({ name: z.string(), label: z.string(), digest: z.string() }).nullable(),
    fields: z.array(z.object({ path: z.string(), before: z.json(), after: z.json() })),
    sentence: z.string(),
  })
  .meta({ id: "ComponentChange" });
export type ComponentChange = z.infer<typeof ComponentChange>;

export const ReleaseDiff = z.object({
  before: z.string(),
  after: z.string(),
  changes: z.array(ComponentChange),
});

/** A strategy document as written in YAML; checked by the server, problem by problem. */
export const StrategyDocument = JsonObject.meta({ id: "StrategyDocument" });

const UndecidedAction = z.enum(["extend", "hold", "rollback"]);

/** What silence leads to. Like all that is optional here, servers from before it do not say it. */
const UndecidedActions = {
  onInconclusive: UndecidedAction.optional(),
  onNoData: UndecidedAction.optional(),
  onError: UndecidedAction.optional(),
};

export const Stage = z.object({
  kind: z.string(),
  name: z.string(),
  shareBps: BasisPoints,
  shadowBps: BasisPoints,
  least: z.object({
    durationSeconds: z.number(),
    observations: z.number(),
    need: z.enum(["both", "either"]),
  }),
  mostSeconds: z.number().nullable(),
  approval: z.string().nullable(),
  ring: z.string().optional(),
  /** Criteria that must be proven before the stage is left; all of them when absent. */
  prove: z.array(z.string()).optional(),
  /** Criteria that hold the stage for a person, and never take back. */
  review: z.array(z.string()).optional(),
  ...UndecidedActions,
});
export type Stage = z.infer<typeof Stage>;

/** The sentence says all that decides; the other fields say the same as values. */
const StrategyCriterion = z.object({
  id: z.string(),
  metric: z.string(),
  sentence: z.string(),
  comparison: z.json(),
  withinSeconds: z.number().nullable().optional(),
  overSeconds: z.number().nullable().optional(),
  perSlice: z.boolean().optional(),
  ...UndecidedActions,
});

export const Strategy = z
  .object({
    name: z.string(),
    description: z.string(),
    stages: z.array(Stage),
    criteria: z.array(StrategyCriterion),
    confidence: z
      .object({
        alpha: z.number(),
        alphaBlock: z.number(),
        alphaPromote: z.number(),
        amberOdds: z.number(),
      })
      .optional(),
    personGraceSeconds: z.number().optional(),
    /** Who keeps one arm; the feature's own unit when absent. */
    unit: z.string().optional(),
    /** What the baseline usually shows, by metric; of a rollout, as frozen at its start. */
    expected: z.record(z.string(), z.number()).optional(),
    /** What is judged by itself, as "attribute=value"; of a rollout, as frozen at its start. */
    slices: z.array(z.string()).optional(),
    /** Of a rollout: the feature's own metrics that it judges, as frozen at its start. */
    metrics: z
      .array(z.looseObject({ name: z.string(), kind: z.string(), unit: z.string() }))
      .optional(),
    undecidable: z.literal("refuse").optional(),
    /** What `spillway rehearse` must show. */
    rehearsal: z.json().optional(),
    /** As it was written: what `apply` takes to give the same strategy. */
    document: StrategyDocument,
    /** Comes with the server; a stored strategy of the same name takes its place. */
    isBuiltIn: z.boolean(),
  })
  .meta({ id: "Strategy" });
export type Strategy = z.infer<typeof Strategy>;

/** Everything of a project folder in one transaction: registered if new, unchanged if known. */
export const ApplyBody = z
  .strictObject({
    features: z.array(FeatureDraft).max(200).default([]),
    components: z.array(ComponentDraft).max(2_000).default([]),
    releases: z.array(ReleaseDraft).max(500).default([]),
    strategies: z.array(StrategyDocument).max(100).default([]),
    /** Serve this release where a feature serves nothing yet. Never moves a feature that serves. */
    baselines: z
      .array(z.strictObject({ feature: FeatureKey, release: z.string() }))
      .max(200)
      .default([]),
  })
  .meta({ id: "ApplyBody" });
export type ApplyBody = z.input<typeof ApplyBody>;

export const ApplyResult = z
  .object({
    changes: z.array(
      z.object({
        resource: z.enum(["feature", "component", "release", "strategy", "baseline"]),
        name: z.string(),
        change: z.enum(["created", "updated", "unchanged"]),
        /** The id to go on with: a digest, a release id, a key. */
        id: z.string(),
      }),
    ),
    snapshotRevision: z.number().int(),
  })
  .meta({ id: "ApplyResult" });
export type ApplyResult = z.infer<typeof ApplyResult>;
