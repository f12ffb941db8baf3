import type { Criterion } from "../gate/criterion.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { Json, JsonObject } from "../json.ts";
import { rehearsalBoundsToJson } from "./rehearsal-bounds.ts";
import type { Stage, Strategy } from "./strategy.ts";
import { percent } from "./strategy.ts";
import { durationText } from "../duration.ts";

/**
 * A strategy in the shape of its file, with every default written out, so that people see what holds
 * and not what is left to know. All but the gate and the feature's metrics, which no file has, parses back
 * to the same strategy; for the gate that depends on `gateToJson`, which writes criteria as they are stored
 * unless another is given.
 */
export function strategyToJson(
  strategy: Strategy,
  gateToJson: (criteria: readonly Criterion[]) => Json = storedCriteria,
): JsonObject {
  const { alpha, alphaBlock, alphaPromote, amberOdds } = strategy.confidence;
  return {
    strategy: strategy.name,
    ...(strategy.description === "" ? {} : { description: strategy.description }),
    gate: gateToJson(strategy.criteria),
    confidence: { alpha, alphaBlock, alphaPromote, amberOdds },
    personGrace: durationText(strategy.personGraceSeconds),
    ...(strategy.unit === undefined ? {} : { unit: strategy.unit }),
    ...(strategy.expected === undefined ? {} : { expected: { ...strategy.expected } }),
    ...(strategy.slices === undefined ? {} : { slices: [...strategy.slices] }),
    ...(strategy.metrics === undefined ? {} : { metrics: metricsToJson(strategy.metrics) }),
    ...(strategy.undecidable === undefined ? {} : { undecidable: strategy.undecidable }),
    ...(strategy.rehearsal === undefined
      ? {}
      : { rehearsal: rehearsalBoundsToJson(strategy.rehearsal) }),
    stages: strategy.stages.map(stageToJson),
  };
}

function stageToJson(stage: Stage): JsonObject {
  const { durationSeconds, observations, need } = stage.least;
  return {
    stage: stage.kind,
    name: stage.name,
    share: percent(stage.shareBps),
    shadow: percent(stage.shadowBps),
    least: { duration: durationText(durationSeconds), observations, need },
    ...(stage.mostSeconds === null ? {} : { most: durationText(stage.mostSeconds) }),
    ...(stage.approval === null ? {} : { approval: stage.approval }),
    ...(stage.ring === undefined ? {} : { ring: stage.ring }),
    ...(stage.prove === undefined ? {} : { prove: [...stage.prove] }),
    ...(stage.review === undefined ? {} : { review: [...stage.review] }),
    onInconclusive: stage.onInconclusive,
    onNoData: stage.onNoData,
    onError: stage.onError,
  };
}

/** By name, so that two strategies are compared metric by metric. */
function metricsToJson(metrics: readonly MetricDefinition[]): JsonObject {
  return Object.fromEntries(metrics.map(({ name, ...rest }) => [name, rest]));
}

function storedCriteria(criteria: readonly Criterion[]): JsonObject {
  return Object.fromEntries(criteria.map(({ id, ...rest }) => [id, rest]));
}
