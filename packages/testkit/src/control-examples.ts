import type {
  ComponentChange,
  Decision,
  DecisionSummary,
  Feature,
  FeatureMove,
  FeatureStatus,
  Release,
  RolloutDetail,
  RolloutSummary,
  Strategy,
  Verdict,
} from "@spillway/contract";

/** 12 November 2026, 14:00:00 UTC; every example is told from then. */
export const EXAMPLE_NOW_MS = 1_794_492_000_000;

const STAGES = [
  { kind: "evaluate", name: "evaluate", shareBps: 0 },
  { kind: "shadow", name: "shadow", shareBps: 0 },
  { kind: "canary", name: "canary", shareBps: 500 },
  { kind: "ramp", name: "ramp 50%", shareBps: 5_000 },
  { kind: "verify", name: "verify", shareBps: 10_000 },
] as const;

/** Valid objects of the control API. A test states only what it is about. */
export function exampleRolloutSummary(over: Partial<RolloutSummary> = {}): RolloutSummary {
  return {
    id: "rol_1",
    feature: "discharge-summary",
    tier: 1,
    baseline: "discharge-summary@13",
    candidate: "discharge-summary@14",
    strategy: "careful",
    state: "progressing",
    stateCode: null,
    stageIndex: 2,
    stages: [...STAGES],
    setShareBps: 500,
    actualShareBps: 481,
    gate: "inconclusive",
    sentence: "canary needs 400 answers of the candidate; 118 are there.",
    nextAction: null,
    unmet: [
      {
        code: "observations",
        sentence: "canary needs 400 answers of the candidate; 118 are there.",
      },
    ],
    enteredAtMs: EXAMPLE_NOW_MS - 12 * 60_000,
    updatedAtMs: EXAMPLE_NOW_MS - 60_000,
    createdAtMs: EXAMPLE_NOW_MS - 3 * 3_600_000,
    author: "ada",
    version: 4,
    revision: 1,
    ...over,
  };
}

export function exampleVerdict(over: Partial<Verdict> = {}): Verdict {
  return {
    criterionId: "quality",
    metric: "quality",
    slice: "all",
    verdict: "inconclusive",
    evidence: "measured",
    estimate: 0.012,
    interval: { low: -0.031, high: 0.055, level: 0.95 },
    baselineMean: 0.83,
    candidateMean: 0.82,
    observations: { baseline: 2_333, candidate: 118, pairs: 0 },
    logHarm: 0.4,
    logBlock: 0,
    logSafety: 1.2,
    levels: { hold: 0.05, rollback: 0.1, margin: 0.05 },
    method: "betting-v1",
    sentence: "quality fell by 1.2% on 118 answers; more are needed.",
    moreObservations: 280,
    ...over,
  };
}

export function exampleStrategy(over: Partial<Strategy> = {}): Strategy {
  return {
    name: "careful",
    description: "Small steps",
    stages: STAGES.map((stage) => ({
      ...stage,
      shadowBps: stage.kind === "shadow" ? 10_000 : 0,
      least: { durationSeconds: 600, observations: 400, need: "both" as const },
      mostSeconds: null,
      approval: null,
    })),
    criteria: [
      { id: "quality", metric: "quality", sentence: "quality falls by 10%", comparison: {} },
    ],
    document: { name: "careful" },
    isBuiltIn: false,
    ...over,
  };
}

export function exampleChange(over: Partial<ComponentChange> = {}): ComponentChange {
  return {
    kind: "prompt",
    change: "changed",
    before: { name: "discharge-prompt", label: "v3.1", digest: "a".repeat(64) },
    after: { name: "discharge-prompt", label: "v3.2", digest: "b".repeat(64) },
    fields: [{ path: "messages[0].content", before: "Be brief.", after: "Be brief and exact." }],
    sentence: "prompt discharge-prompt v3.1 becomes v3.2",
    ...over,
  };
}

export function exampleRolloutDetail(over: Partial<RolloutDetail> = {}): RolloutDetail {
  return {
    ...exampleRolloutSummary(),
    strategyDetail: exampleStrategy(),
    changes: [exampleChange()],
    report: {
      verdict: "inconclusive",
      verdicts: [exampleVerdict()],
      warnings: [],
      culprit: null,
      logHarm: 0.4,
      logBlock: 0,
      sentence: "Not decided yet.",
      method: "betting-v1",
    },
    exposures: [
      {
        stageIndex: 2,
        propensityBps: 500,
        baseline: 2_333,
        candidate: 118,
        pairs: 0,
        excluded: {},
        lastObservedAtMs: EXAMPLE_NOW_MS,
      },
    ],
    shadowDrops: {},
    ...over,
  };
}

export function exampleDecisionSummary(over: Partial<DecisionSummary> = {}): DecisionSummary {
  return {
    id: "dec_4",
    rolloutId: "rol_1",
    feature: "discharge-summary",
    version: 4,
    decision: "advance",
    fromState: "progressing",
    toState: "progressing",
    stage: "shadow",
    reason: "shadow is passed; canary begins.",
    by: "controller",
    atMs: EXAMPLE_NOW_MS - 12 * 60_000,
    snapshotRevision: 12,
    method: "betting-v1",
    ...over,
  };
}

export function exampleDecision(over: Partial<Decision> = {}): Decision {
  return { ...exampleDecisionSummary(), inputs: {}, outcome: {}, report: null, ...over };
}

export function exampleFeature(over: Partial<Feature> = {}): Feature {
  return {
    key: "discharge-summary",
    title: "Discharge summary",
    owner: "clinical-ai",
    tier: 1,
    assignment: { unit: "request", attribute: null, onMissing: "error" },
    rules: [],
    slices: [],
    fallback: null,
    scorers: [],
    metrics: [],
    slaLatencyMs: null,
    baseline: "discharge-summary@13",
    isKilled: false,
    activeRolloutId: "rol_1",
    createdAtMs: EXAMPLE_NOW_MS - 86_400_000,
    ...over,
  };
}

export function exampleFeatureStatus(over: Partial<FeatureStatus> = {}): FeatureStatus {
  return {
    feature: "discharge-summary",
    baseline: "discharge-summary@13",
    isKilled: false,
    rollout: exampleRolloutSummary(),
    mayAdvance: false,
    health: "undecided",
    sentence: "canary needs 400 answers of the candidate; 118 are there.",
    unmet: exampleRolloutSummary().unmet,
    gateways: [{ id: "gw_1", snapshotRevision: 12 }],
    snapshotRevision: 12,
    ...over,
  };
}

export function exampleFeatureMove(over: Partial<FeatureMove> = {}): FeatureMove {
  return {
    feature: "discharge-summary",
    from: "discharge-summary@14",
    to: "discharge-summary@13",
    decisionId: "dec_5",
    snapshotRevision: 13,
    sentence: "discharge-summary@13 answers everyone again.",
    ...over,
  };
}

export function exampleRelease(over: Partial<Release> = {}): Release {
  return {
    id: "discharge-summary@14",
    feature: "discharge-summary",
    number: 14,
    digest: "c".repeat(64),
    promptIdentity: "discharge-prompt:v3.2:claude-opus-4-8",
    components: {
      prompt: null,
      model: null,
      index: null,
      guardrails: null,
      dataset: null,
      app: null,
    },
    author: "ada",
    message: "",
    createdAtMs: EXAMPLE_NOW_MS,
    ...over,
  };
}
