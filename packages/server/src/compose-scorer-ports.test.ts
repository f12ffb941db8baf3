import type { JsonObject } from "@spillway/core";
import { createScorer } from "@spillway/core";
import { describe, expect, test } from "vitest";
import { createScorerPorts } from "./compose-scorer-ports.ts";

/** Each takes a backtracking engine time that grows exponentially with the text. */
const ATTACKS = [
  { pattern: `${"(a|aa)".repeat(24)}b`, text: "a".repeat(48) },
  { pattern: "^(a+)+$", text: `${"a".repeat(50_000)}!` },
];

function valueOf(kind: string, settings: JsonObject, output: string): number | null {
  const outcome = createScorer({ kind, metric: "quality", settings }, createScorerPorts());
  if (outcome.kind === "problems") throw new Error(JSON.stringify(outcome.problems));
  const exchange = { output, input: { messages: [] }, attributes: {}, outcome: "ok" } as const;
  return outcome.score({ exchange, datasetCase: null } as never).value;
}

function problemOf(kind: string, settings: JsonObject): string {
  const outcome = createScorer({ kind, metric: "quality", settings }, createScorerPorts());
  return outcome.kind === "problems" ? (outcome.problems[0]?.message ?? "") : "";
}

describe("patterns that people write", () => {
  test.each(ATTACKS)("a regex scorer is done with $pattern", ({ pattern, text }) => {
    expect(valueOf("regex", { pattern }, text)).toBe(0);
  });

  test.each(ATTACKS)("a json_schema scorer is done with $pattern", ({ pattern, text }) => {
    const schema = {
      properties: { a: { type: "string", pattern } },
      patternProperties: { [pattern]: false },
    };
    expect(valueOf("json_schema", { schema }, JSON.stringify({ a: text, [text]: 1 }))).toBe(0);
    expect(valueOf("json_schema", { schema }, JSON.stringify({ [text]: 1 }))).toBe(1);
  });

  test("each pattern of a schema is checked for itself", () => {
    const schema = { properties: { a: { pattern: "^a$" }, b: { pattern: "^b$" } } };
    expect(valueOf("json_schema", { schema }, '{"a": "a", "b": "b"}')).toBe(1);
    expect(valueOf("json_schema", { schema }, '{"a": "a", "b": "a"}')).toBe(0);
  });

  test.each(["(a)\\1", "a(?=b)", "(?<!a)b", "("])(
    "what RE2 does not know is refused: %s",
    (pattern) => {
      const said = "RE2 knows (it has no back-references and no look-around)";
      expect(problemOf("regex", { pattern })).toContain(said);
      expect(problemOf("json_schema", { schema: { pattern } })).toContain(said);
      expect(
        problemOf("json_schema", { schema: { patternProperties: { [pattern]: {} } } }),
      ).toContain(said);
    },
  );

  test("short patterns that compile to much are refused, alone and together", () => {
    expect(problemOf("regex", { pattern: "(?:a?){1000}a{1000}" })).toContain("steps");
    const allOf = Array.from({ length: 10 }, (_, index) => ({ pattern: `${index}a{900}` }));
    expect(problemOf("json_schema", { schema: { allOf } })).toContain("steps");
  });

  test.each([
    [{ pattern: "^\\d{4}-\\d{2}$" }, "2026-11", 1],
    [{ pattern: "a|abba", mode: "whole" }, "abba", 1],
    [{ pattern: "b+", mode: "whole" }, "abba", 0],
    [{ pattern: "(?<year>\\d+)\\u0020x" }, "12 x", 1],
    [{ pattern: "^B", flags: "im" }, "a\nb", 1],
    [{ pattern: "^.$", flags: "su" }, "\u{1f600}", 1],
  ])("the usual ones do as before: %j on %j is %d", (settings, output, value) => {
    expect(valueOf("regex", settings, output)).toBe(value);
  });
});
