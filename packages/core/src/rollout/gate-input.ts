import type { RolloutEvidence } from "../gate/evidence.ts";
import { ALL_TRAFFIC } from "../gate/evidence.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { GateInput } from "../gate/verdict.ts";
import { neededTimes } from "../gate/windows.ts";
import type { Rollout } from "./rollout.ts";
import { currentStage } from "./rollout.ts";

/**
 * What the gate judges of a rollout in its present stage; null when it is in none. Slices are those
 * that evidence has been seen for, in a fixed order.
 */
export function gateInputOf(
  rollout: Rollout,
  evidence: RolloutEvidence,
  metrics: readonly MetricDefinition[],
): GateInput | null {
  const stage = currentStage(rollout);
  if (stage === null || !("stageIndex" in rollout.state)) return null;
  const next = rollout.strategy.stages[rollout.state.stageIndex + 1];
  const slices = new Set(evidence.metrics.map((entry) => entry.slice));
  slices.delete(ALL_TRAFFIC);
  const judged = new Set(rollout.strategy.criteria.map((criterion) => criterion.metric));
  return {
    criteria: rollout.strategy.criteria,
    metrics: metrics.filter((metric) => judged.has(metric.name)),
    slices: [...slices].toSorted(),
    evidence: {
      metrics: evidence.metrics.filter((entry) => judged.has(entry.metric)),
      exposures: evidence.exposures,
      ...neededTimes(evidence, rollout.strategy.criteria),
    },
    confidence: rollout.strategy.confidence,
    stage: {
      index: rollout.state.stageIndex,
      kind: stage.kind,
      shareBps: stage.shareBps,
      nextShareBps: next?.shareBps ?? 10_000,
      observationsPerHour: null,
    },
  };
}

/** Counted in the present stage: pairs in shadow, else answers of the candidate. */
export function stageObservationsOf(rollout: Rollout, evidence: RolloutEvidence): number {
  const stage = currentStage(rollout);
  if (stage === null || !("stageIndex" in rollout.state)) return 0;
  const { stageIndex } = rollout.state;
  return evidence.exposures
    .filter((exposure) => exposure.stageIndex === stageIndex)
    .reduce((sum, of) => sum + (stage.kind === "shadow" ? of.pairs : of.candidate), 0);
}
