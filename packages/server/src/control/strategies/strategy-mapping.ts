import type * as Wire from "@spillway/contract";
import type {
  Comparison,
  Criterion,
  JsonObject,
  MoveLevels,
  Stage,
  Strategy,
} from "@spillway/core";
import { durationText, isJsonObject, unreachable } from "@spillway/core";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

/** All that a strategy says, in the names of the domain, so that nothing written is left unsaid. */
export function strategyOf(
  strategy: Strategy,
  document: JsonObject,
  isBuiltIn = false,
): ReadOnly<Wire.Strategy> {
  const { name, description, personGraceSeconds, unit, expected, slices } = strategy;
  const { metrics, undecidable, rehearsal } = strategy;
  const { alpha, alphaBlock, alphaPromote, amberOdds } = strategy.confidence;
  return {
    name,
    description,
    stages: strategy.stages.map(stageOf),
    criteria: strategy.criteria.map((criterion) =>
      criterionOf(criterion, strategy, isSla(document, criterion.id)),
    ),
    confidence: { alpha, alphaBlock, alphaPromote, amberOdds },
    personGraceSeconds,
    ...(unit === undefined ? {} : { unit }),
    ...(expected === undefined ? {} : { expected }),
    ...(slices === undefined ? {} : { slices }),
    ...(metrics === undefined ? {} : { metrics: metrics.map((metric) => ({ ...metric })) }),
    ...(undecidable === undefined ? {} : { undecidable }),
    ...(rehearsal === undefined ? {} : { rehearsal }),
    document,
    isBuiltIn,
  };
}

function criterionOf(criterion: Criterion, strategy: Strategy, isAtSla: boolean) {
  const { id, metric, comparison, withinSeconds, overSeconds, perSlice } = criterion;
  const { onInconclusive, onNoData, onError } = criterion;
  const levels = isAtSla
    ? `${holdOf(comparison)}roll back at the feature's SLA where it is worse than the baseline`
    : levelsOf(comparison);
  return {
    id,
    metric,
    sentence: `${metric}: ${levels}${scopeOf(criterion)}.${silenceOf(criterion)}${reviewOf(id, strategy)}`,
    comparison,
    withinSeconds,
    ...(overSeconds === undefined ? {} : { overSeconds }),
    perSlice,
    onInconclusive,
    onNoData,
    onError,
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
  const { ring, prove, review, onInconclusive, onNoData, onError } = stage;
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
    onInconclusive,
    onNoData,
    onError,
  };
}

/** ", on every slice, within the first 1d, also when it begins later, in steps of 15m" */
function scopeOf({ perSlice, withinSeconds, overSeconds = null }: Criterion): string {
  const slices = perSlice ? ", on every slice" : "";
  const within = withinSeconds === null ? "" : `, within the first ${durationText(withinSeconds)}`;
  const over =
    overSeconds === null
      ? ""
      : `, also when it begins later, in steps of ${durationText(overSeconds)}`;
  return `${slices}${within}${over}`;
}

/** Only what the criterion says for itself; "extend" leaves it to the stage. */
function silenceOf({ onInconclusive, onNoData, onError }: Criterion): string {
  const said = [
    ["inconclusive", onInconclusive],
    ["without data", onNoData],
    ["in error", onError],
  ].flatMap(([when, action]) =>
    action === "extend" ? [] : [`${when}, ${action === "rollback" ? "roll back" : "hold"}`],
  );
  return said.length === 0 ? "" : ` ${said.map(sentenceCase).join(". ")}.`;
}

function reviewOf(id: string, { stages }: Strategy): string {
  const names = stages.filter(({ review = [] }) => review.includes(id)).map(({ name }) => name);
  return names.length === 0 ? "" : ` Holds ${names.join(", ")} for a person, and never takes back.`;
}

function levelsOf(comparison: Comparison): string {
  switch (comparison.kind) {
    case "relative":
      return `hold at ${share(comparison.hold)} worse than the baseline, roll back at ${share(comparison.rollback)}${marginOf(comparison, share)}`;
    case "difference":
      return `hold at ${plain(comparison.hold)} worse than the baseline, roll back at ${plain(comparison.rollback)}${marginOf(comparison, plain)}`;
    case "ratio":
      return `hold at ${plain(comparison.hold)} times the baseline, roll back at ${plain(comparison.rollback)} times${marginOf(comparison, (found) => `${plain(found)} times`)}`;
    case "limit":
      return `${holdOf(comparison)}roll back at ${plain(comparison.rollback)} where it is worse than the baseline`;
    case "zero_tolerance":
      return `the first confirmed event rolls back, and a rate of ${share(comparison.maximumRate)} must be ruled out to go on`;
    default:
      return unreachable(comparison);
  }
}

/** Of a limit, which need not have one. */
function holdOf(comparison: Comparison): string {
  const { hold } = comparison.kind === "limit" ? comparison : { hold: null };
  return hold === null ? "" : `hold at ${plain(hold)}, `;
}

/** Where the hold level was written and not taken as the middle, it is also what must be ruled out. */
function marginOf({ margin }: MoveLevels, inWords: (found: number) => string): string {
  return margin === undefined
    ? ""
    : `, and ${inWords(margin)} must be ruled out before everyone gets it`;
}

const sentenceCase = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
const plain = (found: number): string => `${Number(found.toPrecision(4))}`;
const share = (found: number): string => `${Number((found * 100).toPrecision(4))}%`;
