import type { RolloutDetail } from "@spillway/contract";

type StageView = RolloutDetail["strategyDetail"]["stages"][number];

function stage(
  kind: string,
  name: string,
  shareBps: number,
  more: Partial<StageView> = {},
): StageView {
  return {
    kind,
    name,
    shareBps,
    shadowBps: 0,
    least: { durationSeconds: 0, observations: 0, need: "both" },
    mostSeconds: null,
    approval: null,
    ...more,
  };
}

const least = (
  durationSeconds: number,
  observations: number,
  need: "both" | "either" = "both",
) => ({
  least: { durationSeconds, observations, need },
});

export const TIER1_STAGES = [
  stage("evaluate", "evaluate", 0),
  stage("shadow", "shadow", 0, { shadowBps: 10_000, ...least(259_200, 1_000, "either") }),
  stage("canary", "canary 10%", 1_000, least(86_400, 400)),
  stage("ramp", "ramp 25%", 2_500, { ...least(43_200, 1_000), approval: "reviewer" }),
  stage("ramp", "ramp 50%", 5_000, least(43_200, 2_000)),
  stage("ramp", "ramp 100%", 10_000, least(21_600, 2_000)),
  stage("verify", "verify", 10_000, { shadowBps: 1_000, ...least(604_800, 5_000) }),
];

export const CANARY_STAGES = [
  stage("canary", "canary 5%", 500, least(86_400, 300)),
  stage("ramp", "ramp 25%", 2_500, least(21_600, 800)),
  stage("ramp", "ramp 50%", 5_000, least(21_600, 1_500)),
  stage("ramp", "ramp 100%", 10_000, least(21_600, 1_500)),
];

export const TWEAK_STAGES = [
  stage("canary", "canary 10%", 1_000, least(14_400, 200)),
  stage("ramp", "100%", 10_000, least(28_800, 500)),
];

const CRITERIA = [
  {
    id: "quality_score",
    metric: "quality_score",
    sentence:
      "Hold when the quality score is more than 5% below the baseline, roll back at more than 10%.",
    comparison: { kind: "relative", hold: 0.05, rollback: 0.1 },
  },
  {
    id: "edit_rate",
    metric: "edit_rate",
    sentence: "Hold when the edit rate is 1 point above the baseline, roll back at 2 points.",
    comparison: { kind: "difference", hold: 0.01, rollback: 0.02 },
  },
  {
    id: "error_rate",
    metric: "error_rate",
    sentence: "Roll back when more than 1% of the calls fail, hold at 0.5%.",
    comparison: { kind: "limit", hold: 0.005, rollback: 0.01 },
  },
  {
    id: "latency_p95",
    metric: "latency_p95",
    sentence:
      "Hold when the 95th percentile of latency is 10% above the baseline, roll back at 20%.",
    comparison: { kind: "relative", hold: 0.1, rollback: 0.2 },
  },
  {
    id: "correction_rate",
    metric: "correction_rate",
    sentence: "Hold at 1.25 times the baseline's correction rate, roll back at 1.5 times.",
    comparison: { kind: "ratio", hold: 1.25, rollback: 1.5 },
  },
];

export function strategy(
  name: string,
  stages: readonly StageView[],
): RolloutDetail["strategyDetail"] {
  return {
    name,
    description: `The built-in strategy ${name}.`,
    stages: [...stages],
    criteria: CRITERIA,
    document: { name },
    isBuiltIn: true,
  };
}
