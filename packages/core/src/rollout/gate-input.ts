import type { RolloutEvidence } from "../gate/evidence.ts";
import { ALL_TRAFFIC } from "../gate/evidence.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { GateInput } from "../gate/verdict.ts";
import { neededTimes } from "../gate/windows.ts";
import type { Rollout } from "./rollout.ts";
import { currentStage } from "./rollout.ts";
import type { StageKind } from "./strategy.ts";

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
      ...neededTimes(evidence, rollout.strategy.criteria, metrics),
    },
    confidence: rollout.strategy.confidence,
    stage: {
      index: rollout.state.stageIndex,
      kind: stage.kind,
      shareBps: stage.shareBps,
      nextShareBps: next?.shareBps ?? 10_000,
      observationsPerHour: pacePerHour(evidence, rollout.state.stageIndex, stage.kind),
    },
  };
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Counted in the present stage per hour, between its first and its newest request; null before a minute. */
function pacePerHour(
  { exposures }: RolloutEvidence,
  stageIndex: number,
  kind: StageKind,
): number | null {
  let [count, firstMs, lastMs] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const exposure of exposures) {
    if (exposure.stageIndex !== stageIndex) continue;
    count += kind === "shadow" ? exposure.pairs : exposure.candidate;
    firstMs = Math.min(firstMs, exposure.firstObservedAtMs ?? Number.POSITIVE_INFINITY);
    lastMs = Math.max(lastMs, exposure.lastObservedAtMs ?? Number.NEGATIVE_INFINITY);
  }
  const lengthMs = lastMs - firstMs;
  return lengthMs >= MINUTE_MS ? (count * HOUR_MS) / lengthMs : null;
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
