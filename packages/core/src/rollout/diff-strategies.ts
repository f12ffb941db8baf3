import type { Json } from "../json.ts";
import { isJsonObject } from "../json.ts";
import { canonicalJson } from "../release/canonical-json.ts";
import type { Strategy } from "./strategy.ts";
import { strategyToJson } from "./strategy-to-json.ts";

/** A change of a whole gate is told in so many sentences and no more; the record has both texts. */
const MAX_SENTENCES = 50;

/**
 * What changes from one strategy to another, a sentence each, in the order of the file. Stages are known by
 * their names and criteria by their ids. Empty when they mean the same.
 */
export function diffStrategies(before: Strategy, after: Strategy): string[] {
  const sentences = diffValues("", comparable(before), comparable(after));
  const more = sentences.length - MAX_SENTENCES;
  if (more <= 0) return sentences;
  return [...sentences.slice(0, MAX_SENTENCES), `And ${more} more changes.`];
}

/** Stages by name, and their order as a value of its own. */
function comparable(strategy: Strategy): Json {
  const { stages, ...rest } = strategyToJson(strategy);
  const list = Array.isArray(stages) ? stages.filter(isJsonObject) : [];
  const names = list.map((stage) => text(stage["name"]));
  return {
    ...rest,
    order: names.join(", "),
    stages: Object.fromEntries(list.map((stage, index) => [names[index] ?? "", stage])),
  };
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
  if (before === undefined) return [`${path} is new: ${text(after)}.`];
  if (after === undefined) return [`${path} is gone; it was ${text(before)}.`];
  return [`${path} was ${text(before)} and is ${text(after)}.`];
}

/** Short: whole stages and criteria stand in the record. */
function text(found: Json | undefined): string {
  const written = typeof found === "string" ? found : JSON.stringify(found ?? null);
  return written.length > 160 ? `${written.slice(0, 157)}...` : written;
}
