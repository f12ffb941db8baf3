import type * as Wire from "@spillway/contract";
import type { Comparison, Criterion, JsonObject, Stage, Strategy } from "@spillway/core";
import { isJsonObject, unreachable } from "@spillway/core";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

export function strategyOf(
  strategy: Strategy,
  document: JsonObject,
  isBuiltIn = false,
): ReadOnly<Wire.Strategy> {
  return {
    name: strategy.name,
    description: strategy.description,
    stages: strategy.stages.map(stageOf),
    criteria: strategy.criteria.map((criterion) => ({
      id: criterion.id,
      metric: criterion.metric,
      sentence: isSla(document, criterion.id)
        ? `${criterion.metric}: roll back at the feature's SLA, where the baseline keeps it.`
        : criterionSentence(criterion),
      comparison: criterion.comparison,
    })),
    document,
    isBuiltIn,
  };
}

/** Until a rollout is made, the SLA is a word and not a number. */
function isSla(document: JsonObject, id: string): boolean {
  const gate = document["gate"];
  const criterion = isJsonObject(gate) ? gate[id] : undefined;
  return isJsonObject(criterion) && criterion["limit"] === "sla";
}

function stageOf(stage: Stage): Wire.Stage {
  const { kind, name, shareBps, shadowBps, least, mostSeconds, approval } = stage;
  const { ring, prove, review } = stage;
  const { durationSeconds, observations, need } = least;
  return {
    kind,
    name,
    shareBps,
    shadowBps,
    least: { durationSeconds, observations, need },
    mostSeconds,
    approval,
    ...(ring === undefined ? {} : { ring }),
    ...(prove === undefined ? {} : { prove: [...prove] }),
    ...(review === undefined ? {} : { review: [...review] }),
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
