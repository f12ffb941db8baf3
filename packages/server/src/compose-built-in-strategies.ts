import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { JsonObject, Strategy } from "@spillway/core";
import { invariant, isJsonObject } from "@spillway/core";
import { parse } from "yaml";
import type { StrategyRecord } from "./ports/registry-records.ts";

/** The strategies that come with the server, to be named, read and copied. */
const BUILT_IN_STRATEGIES_FOLDER = fileURLToPath(new URL("../strategies/", import.meta.url));

/** By name. A file that does not parse is a mistake of this version, and stops the server at its start. */
export type BuiltInStrategies = ReadonlyMap<string, StrategyRecord>;

type ParseDocument = (document: JsonObject) => {
  readonly strategy?: Strategy;
  readonly problems?: readonly { readonly path: string; readonly message: string }[];
};

export function loadBuiltInStrategies(parseDocument: ParseDocument): BuiltInStrategies {
  const records = readdirSync(BUILT_IN_STRATEGIES_FOLDER)
    .filter((name) => name.endsWith(".yaml"))
    .toSorted()
    .map((name): [string, StrategyRecord] => {
      const document: unknown = parse(readFileSync(BUILT_IN_STRATEGIES_FOLDER + name, "utf8"));
      invariant(isJsonObject(document), `${name} holds a strategy`);
      const { strategy, problems = [] } = parseDocument(document);
      const found = problems.map(({ path, message }) => `${path}: ${message}`).join(" ");
      invariant(strategy !== undefined, `${name} can be used: ${found}`);
      invariant(`${strategy.name}.yaml` === name, `${name} is named after its strategy`);
      return [
        strategy.name,
        { document, strategy, author: "spillway", updatedAtMs: 0, isBuiltIn: true },
      ];
    });
  return new Map(records);
}

/** Built-in ones and stored ones by name; a stored one takes the place of a built-in of its name. */
export function withBuiltIn(
  builtIn: BuiltInStrategies,
  stored: readonly StrategyRecord[],
): StrategyRecord[] {
  const names = new Set(stored.map(({ strategy }) => strategy.name));
  const others = [...builtIn.values()].filter(({ strategy }) => !names.has(strategy.name));
  return [...others, ...stored].toSorted((left, right) =>
    left.strategy.name < right.strategy.name ? -1 : 1,
  );
}
