import type { Json, SchemaOutcome, ScorerPorts } from "@spillway/core";
import type { RegExpEngine } from "ajv/dist/types/index.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import { compilePattern } from "./compose-pattern-compiler.ts";

/** A schema nested deeper or longer than this is a mistake or an attack; compiling takes time. */
const MOST_SCHEMA_CHARS = 100_000;
/** Of all patterns of a schema together; an answer is checked against each of them. */
const MOST_SCHEMA_STEPS = 5_000;

/** JSON Schema 2020-12 by ajv, and patterns by RE2. Formats are annotations; nothing is fetched. */
export function createScorerPorts(): ScorerPorts {
  return { compileSchema, compilePattern };
}

function compileSchema(schema: Json): SchemaOutcome {
  if (JSON.stringify(schema).length > MOST_SCHEMA_CHARS) {
    return {
      kind: "problem",
      message: `The schema is longer than ${MOST_SCHEMA_CHARS} characters.`,
    };
  }
  try {
    const ajv = new Ajv2020({
      allErrors: true,
      strict: false,
      validateFormats: false,
      code: { regExp: patternEngine() },
    });
    const check = ajv.compile(schema as object | boolean);
    return {
      kind: "schema",
      validate: (found) =>
        check(found)
          ? []
          : (check.errors ?? []).map((error) =>
              `${error.instancePath || "/"} ${error.message ?? "does not fit"}`.trim(),
            ),
    };
  } catch (error) {
    return { kind: "problem", message: error instanceof Error ? error.message : String(error) };
  }
}

/** What `pattern` and `patternProperties` are compiled with. Throws what is wrong with a pattern. */
function patternEngine(): RegExpEngine {
  let steps = 0;
  const engine = (pattern: string, flags: string) => {
    const outcome = compilePattern(pattern, flags);
    if (outcome.kind === "problem") throw new Error(outcome.message);
    steps += outcome.steps;
    if (steps > MOST_SCHEMA_STEPS) {
      throw new Error(`The schema's patterns compile to more than ${MOST_SCHEMA_STEPS} steps.`);
    }
    // Ajv takes two patterns for the same when their texts are.
    return { test: outcome.isFoundIn, toString: () => `/${pattern}/${flags}` };
  };
  return Object.assign(engine, { code: "compilePattern" });
}
