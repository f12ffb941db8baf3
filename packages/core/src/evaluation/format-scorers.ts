import type { Json } from "../json.ts";
import { shown } from "../shown.ts";
import type { ScorerFactory } from "./scorer.ts";
import { passed, scorerOf } from "./scorer.ts";
import { readSettings } from "./settings.ts";

/**
 * 1 when the answer is JSON that fits `schema`. With `fenced: true` the JSON may stand in one Markdown
 * code fence; by default it may not, because a program that parses the answer would fail on it.
 */
export const jsonSchema: ScorerFactory = (config, ports) => {
  const settings = readSettings(config);
  const schema = settings.json("schema");
  const isFenced = settings.flag("fenced", false);
  const compiled = schema === undefined ? null : ports.compileSchema(schema);
  if (compiled === null) settings.refuse("schema", "Found nothing, wanted a JSON Schema.");
  if (compiled?.kind === "problem") settings.refuse("schema", compiled.message);
  const validate = compiled?.kind === "schema" ? compiled.validate : () => [];
  return scorerOf(config, {
    problems: settings.problems(),
    judge: (output) => {
      const parsed = parseJson(isFenced ? unfenced(output) : output);
      if (parsed === undefined) return passed(false, "The answer is not JSON.");
      const misfits = validate(parsed);
      return passed(misfits.length === 0, misfits.slice(0, 3).join("; "));
    },
  });
};

/** JSON has no undefined, so it can stand for text that is none. */
function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The parser's words differ between engines, and a note must be the same on a replay.
    return undefined;
  }
}

function unfenced(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith("```") || !trimmed.endsWith("```")) return text;
  const firstBreak = trimmed.indexOf("\n");
  return firstBreak === -1 ? text : trimmed.slice(firstBreak + 1, -3);
}

const FLAGS = /^(?!.*(.).*\1)[imsu]*$/;

/**
 * 1 when the answer matches `pattern` (`mode: "contains"`, the default), matches as a whole
 * (`"whole"`), or does not match (`"absent"`). Flags: any of "i", "m", "s", "u". Patterns are
 * those of RE2: no back-references and no look-around, which is the price of a search in linear time.
 */
export const regex: ScorerFactory = (config, ports) => {
  const settings = readSettings(config);
  const pattern = settings.text("pattern");
  const mode = settings.choice("mode", ["contains", "whole", "absent"] as const, "contains");
  const given = settings.json("flags") ?? "";
  const flags = typeof given === "string" && FLAGS.test(given) ? given : null;
  if (flags === null) {
    settings.refuse(
      "flags",
      `Found ${shown(given)}, wanted some of "i", "m", "s", "u", each once.`,
    );
  }
  if (mode === "whole" && flags?.includes("m") === true) {
    settings.refuse("flags", 'Found "m", which would let a single line count as the whole.');
  }
  // By itself first: what is wrong with it must not be told about the text around it.
  const alone = ports.compilePattern(pattern, flags ?? "");
  const whole = mode === "whole" ? ports.compilePattern(`^(?:${pattern})$`, flags ?? "") : alone;
  const compiled = alone.kind === "problem" ? alone : whole;
  if (compiled.kind === "problem") settings.refuse("pattern", compiled.message);
  const problems = settings.problems();
  if (problems.length > 0 || compiled.kind === "problem") return { kind: "problems", problems };
  return scorerOf(config, {
    problems,
    judge: (output) => {
      const isFound = compiled.isFoundIn(output);
      if (mode === "absent") return passed(!isFound, "The pattern was found.");
      return passed(isFound, "The pattern was not found.");
    },
  });
};
