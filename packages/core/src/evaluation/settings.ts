import type { ScorerConfig } from "../feature/feature.ts";
import type { Json } from "../json.ts";
import { shown } from "../shown.ts";
import type { ScorerProblem } from "./scorer.ts";

/**
 * Reads a scorer's settings and gathers what is wrong with them, so that all problems are told at
 * once. A setting that is not given takes its default; one that nobody asked for is a problem.
 */
export type SettingsReader = {
  flag(name: string, fallback: boolean): boolean;
  choice<T extends string | number>(name: string, wanted: readonly T[], fallback: T): T;
  /** A whole number from `least` on; null when not given. */
  wholeNumber(name: string, least: number): number | null;
  text(name: string): string;
  texts(name: string): readonly string[];
  json(name: string): Json | undefined;
  refuse(name: string, message: string): void;
  problems(): readonly ScorerProblem[];
};

const MAX_TEXTS = 1_000;
const MAX_TEXT_CHARS = 10_000;

export function readSettings(config: ScorerConfig): SettingsReader {
  const problems: ScorerProblem[] = [];
  const asked = new Set<string>();
  const given = (name: string): Json | undefined => {
    asked.add(name);
    return Object.hasOwn(config.settings, name) ? config.settings[name] : undefined;
  };
  const refuse = (name: string, message: string): void => {
    problems.push({ path: `settings.${name}`, message });
  };
  const isText = (found: Json | undefined): found is string =>
    typeof found === "string" && found !== "" && found.length <= MAX_TEXT_CHARS;
  const wantedText = `a text of 1 to ${MAX_TEXT_CHARS} characters`;
  return {
    refuse,
    json: given,
    flag(name, fallback) {
      const found = given(name) ?? fallback;
      if (typeof found === "boolean") return found;
      refuse(name, `Found ${shown(found)}, wanted true or false.`);
      return fallback;
    },
    choice(name, wanted, fallback) {
      const found = given(name) ?? fallback;
      const chosen = wanted.find((option) => option === found);
      if (chosen !== undefined) return chosen;
      refuse(name, `Found ${shown(found)}, wanted one of ${wanted.map(shown).join(", ")}.`);
      return fallback;
    },
    wholeNumber(name, least) {
      const found = given(name) ?? null;
      if (found === null) return null;
      if (typeof found === "number" && Number.isSafeInteger(found) && found >= least) return found;
      refuse(name, `Found ${shown(found)}, wanted a whole number from ${least} on.`);
      return null;
    },
    text(name) {
      const found = given(name);
      if (isText(found)) return found;
      refuse(name, `Found ${shown(found)}, wanted ${wantedText}.`);
      return "";
    },
    texts(name) {
      const found = given(name);
      const isList = Array.isArray(found) && found.length > 0 && found.length <= MAX_TEXTS;
      if (isList && found.every(isText)) return found;
      refuse(
        name,
        `Found ${shown(found)}, wanted a list of 1 to ${MAX_TEXTS}, each ${wantedText}.`,
      );
      return [];
    },
    problems() {
      const unknown = Object.keys(config.settings).filter((name) => !asked.has(name));
      const wanted = asked.size === 0 ? "no settings" : `one of ${[...asked].join(", ")}`;
      return [
        ...problems,
        ...unknown.map((name) => ({
          path: `settings.${name}`,
          message: `Found the setting "${name}", wanted ${wanted}.`,
        })),
      ];
    },
  };
}
