import type { Json, ScorerPorts } from "@spillway/core";
import { Ajv2020 } from "ajv/dist/2020.js";

/** A schema nested deeper or longer than this is a mistake or an attack; compiling takes time. */
const MOST_SCHEMA_CHARS = 100_000;

/** JSON Schema 2020-12 by ajv. Formats are annotations; nothing is fetched. */
export function createSchemaCompiler(): ScorerPorts {
  return {
    compileSchema: (schema: Json) => {
      if (JSON.stringify(schema).length > MOST_SCHEMA_CHARS) {
        return {
          kind: "problem",
          message: `The schema is longer than ${MOST_SCHEMA_CHARS} characters.`,
        };
      }
      try {
        const ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
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
    },
  };
}
