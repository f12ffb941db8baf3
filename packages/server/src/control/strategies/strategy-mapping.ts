import type * as Wire from "@spillway/contract";
import type { Comparison, Criterion, JsonObject, Stage, Strategy } from "@spillway/core";
import { unreachable } from "@spillway/core";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

export function strategyOf(strategy: Strategy, document: JsonObject): ReadOnly<Wire.Strategy> {
  return {
    name: strategy.name,
    description: strategy.description,
    stages: strategy.stages.map(stageOf),
    criteria: strategy.criteria.map((criterion) => ({
      id: criterion.id,
      metric: criterion.metric,
      sentence: criterionSentence(criterion),
      comparison: criterion.comparison,
    })),
    document,
  };
}

function stageOf(stage: Stage): Wire.Stage {
  const { kind, name, shareBps, shadowBps, least, mostSeconds, approval } = stage;
  const { durationSeconds, observations, need } = least;
  return {
    kind,
    name,
    shareBps,
    shadowBps,
    least: { durationSeconds, observations, need },
    mostSeconds,
    approval,
  };
}

/** "quality: hold at 5% worse than the baseline, roll back at 10%, on every slice." */
function criterionSentence(criterion: Criterion): string {
  const slices = criterion.perSlice ? ", on every slice" : "";
  const within =
    criterion.withinSeconds === null
      ? ""
      : `, within the first ${Number((criterion.withinSeconds / 3_600).toFixed(2))} hours`;
  return `${criterion.metric}: ${levelsOf(criterion.comparison)}${slices}${within}.`;
}

function levelsOf(comparison: Comparison): string {
  switch (comparison.kind) {
    case "relative":
      return `hold at ${share(comparison.hold)} worse than the baseline, roll back at ${share(comparison.rollback)}`;
    case "difference":
      return `hold at ${plain(comparison.hold)} worse than the baseline, roll back at ${plain(comparison.rollback)}`;
    case "ratio":
      return `hold at ${plain(comparison.hold)} times the baseline, roll back at ${plain(comparison.rollback)} times`;
    case "limit": {
      const hold = comparison.hold === null ? "" : `hold at ${plain(comparison.hold)}, `;
      return `${hold}roll back at ${plain(comparison.rollback)}, whatever the baseline`;
    }
    case "zero_tolerance":
      return "the first confirmed event rolls back";
    default:
      return unreachable(comparison);
  }
}

const plain = (found: number): string => `${Number(found.toPrecision(4))}`;
const share = (found: number): string => `${Number((found * 100).toPrecision(4))}%`;
