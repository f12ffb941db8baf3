import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { textOfCount } from "../gate/number-text.ts";
import type { Json, JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import { canonicalJson } from "../release/canonical-json.ts";
import { criterionFields } from "./criterion-fields.ts";
import type { Strategy } from "./strategy.ts";
import { metricsOfStrategy } from "./strategy-metrics.ts";
import { strategyToJson } from "./strategy-to-json.ts";

/** A change of a whole gate is told in so many sentences and no more; the record has both texts. */
const MAX_SENTENCES = 50;

/**
 * What changes from one strategy to another, a sentence each, in the order of the file. Stages are known by
 * their names and criteria by their ids, and levels are written as in the file. Empty when they mean the same.
 */
export function diffStrategies(before: Strategy, after: Strategy): string[] {
  const sentences = diffValues("", comparable(before), comparable(after));
  const more = sentences.length - MAX_SENTENCES;
  if (more <= 0) return sentences;
  return [...sentences.slice(0, MAX_SENTENCES), `And ${textOfCount(more)} more changes.`];
}

/** Criteria and stages by name, and the order of stages as a value of its own. */
function comparable(strategy: Strategy): Json {
  const { stages, ...rest } = strategyToJson(strategy, (criteria) => {
    const metrics = metricsOfStrategy(strategy, METRIC_CATALOGUE);
    return Object.fromEntries(criteria.map((of) => [of.id, criterionFields(of, metrics)]));
  });
  const list = Array.isArray(stages) ? stages.filter(isJsonObject) : [];
  const names = list.map((stage) => words(stage["name"]));
  return {
    ...rest,
    order: names.join(", "),
    stages: Object.fromEntries(list.map((stage, index) => [names[index] ?? "", unnamed(stage)])),
  };
}

/** The name stands in front of what is said of a stage. */
function unnamed(stage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(stage).filter(([key]) => key !== "name"));
}

function diffValues(path: string, before: Json | undefined, after: Json | undefined): string[] {
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after))
    return [];
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) =>
      diffValues(path === "" ? name : `${path}.${name}`, before[name], after[name]),
    );
  }
  if (before === undefined) return [`${path} is new: ${short(after)}.`];
  if (after === undefined) return [`${path} is gone; it was ${short(before)}.`];
  return [`${path} was ${short(before)} and is ${short(after)}.`];
}

const MAX_CHARS = 160;

/** Whole stages and criteria stand in the record: of a long list the first parts, each of them whole. */
function short(found: Json | undefined): string {
  const text = words(found);
  if (text.length <= MAX_CHARS) return text;
  const end = text.lastIndexOf(", ", MAX_CHARS);
  return `${text.slice(0, end === -1 ? MAX_CHARS : end)}, and so on`;
}

/** "stage ramp, share 50%, least duration 1d, least observations 100" */
function words(found: Json | undefined): string {
  if (isJsonObject(found)) {
    return leaves("", found)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  }
  if (Array.isArray(found)) return found.length === 0 ? "none" : found.map(words).join(", ");
  if (typeof found === "number" && Number.isInteger(found)) return textOfCount(found);
  if (typeof found === "boolean") return found ? "yes" : "no";
  return typeof found === "string" || typeof found === "number" ? String(found) : "none";
}

function leaves(path: string, found: Json): [name: string, value: string][] {
  if (!isJsonObject(found)) return [[path, words(found)]];
  return Object.entries(found).flatMap(([name, value]) =>
    leaves(path === "" ? name : `${path} ${name}`, value),
  );
}
