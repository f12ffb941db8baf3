import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Score } from "../exchange/exchange.ts";
import type { JsonObject } from "../json.ts";
import { isJsonObject } from "../json.ts";
import type { DatasetCase } from "../release/component.ts";
import { sha256Hex } from "../release/sha256.ts";
import { createScorer } from "./create-scorer.ts";
import type { ScorerInput, ScorerPorts } from "./scorer.ts";
import { scoreExchange } from "./scorer.ts";

/** Knows `{ required: [...] }` only; the real validator and the real engine are the caller's. */
const ports: ScorerPorts = {
  compilePattern: (pattern, flags) => {
    try {
      const compiled = new RegExp(pattern, flags);
      return { kind: "pattern", isFoundIn: (text) => compiled.test(text) };
    } catch {
      return { kind: "problem", message: "Not a pattern." };
    }
  },
  compileSchema: (schema) => {
    if (!isJsonObject(schema)) return { kind: "problem", message: "Wanted an object." };
    const required = (schema["required"] ?? []) as readonly string[];
    return {
      kind: "schema",
      validate: (value) =>
        required
          .filter((key) => !isJsonObject(value) || !Object.hasOwn(value, key))
          .map((key) => `"${key}" is missing`),
    };
  },
};

function scorer(kind: string, settings: JsonObject = {}) {
  const outcome = createScorer({ kind, metric: "quality", settings }, ports);
  if (outcome.kind === "problems") throw new Error(JSON.stringify(outcome.problems));
  return outcome.score;
}

function problems(kind: string, settings: JsonObject) {
  const outcome = createScorer({ kind, metric: "quality", settings }, ports);
  return outcome.kind === "problems" ? outcome.problems : [];
}

function answer(
  output: string | null,
  parts: {
    datasetCase?: Partial<DatasetCase>;
    outcome?: ScorerInput["exchange"]["outcome"];
  } = {},
): ScorerInput {
  const datasetCase = parts.datasetCase === undefined ? null : { id: "c1", ...parts.datasetCase };
  return {
    exchange: { output, input: null, attributes: {}, outcome: parts.outcome ?? "ok" },
    datasetCase,
  };
}

const toReference = (output: string, reference: string) =>
  answer(output, { datasetCase: { reference } });

describe("what is not scored", () => {
  test.each([
    ["exact_match", answer("a")],
    ["normalised_match", answer("a", { datasetCase: {} })],
    ["required_facts", answer("a", { datasetCase: { facts: [] } })],
    ["required_facts", answer("a", { datasetCase: { facts: [["..."], []] } })],
    ["judged_answers", answer("a", { datasetCase: {} })],
    ["judged_answers", answer("a", { datasetCase: { judgedAnswers: {} } })],
    ["judged_answers", answer("a", { datasetCase: { judgedAnswers: { [sha256Hex("a")]: 7 } } })],
    ["exact_match", answer(null, { datasetCase: { reference: "a" } })],
    ["exact_match", answer("a", { datasetCase: { reference: "a" }, outcome: "error" })],
    ["exact_match", answer("a", { datasetCase: { reference: "a" }, outcome: "truncated" })],
    ["exact_match", answer("x".repeat(200_001), { datasetCase: { reference: "a" } })],
  ])("%s, case %#: null with a reason", (kind, input) => {
    const score = scorer(kind)(input);
    expect(score).toMatchObject({ metric: "quality", scorer: kind, value: null });
    expect(score.note).toMatch(/\.$/);
  });
});

describe("matches", () => {
  test("exact", () => {
    expect(scorer("exact_match")(toReference(" Yes\n", "Yes"))).toMatchObject({ value: 1 });
    expect(scorer("exact_match")(toReference("yes", "Yes"))).toMatchObject({ value: 0 });
  });

  test.each([
    ["  YES! ", "yes", 1],
    ["a,  b\nand c.", "A b and C", 1],
    ["The patient's dose", "the patients dose", 1],
    ["3.5", "35", 0],
    ["-3", "3", 0],
    ["\u22123", "-3", 1],
    ["5%", "5", 0],
    ["well-known", "well known", 1],
    ["\uff21\uff22", "ab", 1],
    ["no", "yes", 0],
  ])("normalised: %j against %j is %d", (output, reference, value) => {
    expect(scorer("normalised_match")(toReference(output, reference)).value).toBe(value);
  });

  test.each([
    ["[]", "I thought [No] first, so [Yes].", "Yes", 1],
    ["[]", "Answer: [ yes ] []", "[Yes]", 1],
    ["[]", "Yes", "Yes", 0],
    ["[]", "[[Yes] or no", "yes", 1],
    ["boxed", "so \\boxed{2}, no: \\boxed{3}", "3", 1],
    ["boxed", "\\boxed{\\text{Yes}}", "\\boxed{yes}", 1],
    ["boxed", "\\boxed{\\frac{1}{2}}", "\\frac{1}{2}", 1],
    ["boxed", "\\boxed{3} \\boxed{4", "3", 1],
    ["boxed", "3", "3", 0],
  ])("bracketed %s: %j against %j is %d", (...args) => {
    const [bracketed, output, reference, value] = args;
    expect(scorer("normalised_match", { bracketed })(toReference(output, reference)).value).toBe(
      value,
    );
  });

  test("case and punctuation can be made to count", () => {
    const strict = scorer("normalised_match", { ignoreCase: false, ignorePunctuation: false });
    expect(strict(toReference("a  b", "a b")).value).toBe(1);
    expect(strict(toReference("A b", "a b")).value).toBe(0);
    expect(strict(toReference("a b.", "a b")).value).toBe(0);
  });

  test("judged answers are found by the digest of the whole answer", () => {
    const judged = scorer("judged_answers");
    const judgedAnswers = { [sha256Hex("fine")]: 0.75, [sha256Hex("bad")]: 0 };
    expect(judged(answer("fine", { datasetCase: { judgedAnswers } })).value).toBe(0.75);
    expect(judged(answer("bad", { datasetCase: { judgedAnswers } })).value).toBe(0);
    expect(judged(answer("fine ", { datasetCase: { judgedAnswers } })).value).toBeNull();
  });
});

describe("texts", () => {
  test.each([
    [{ minChars: 2, maxChars: 4 }, "abc", 1],
    [{ minChars: 2, maxChars: 4 }, "a", 0],
    [{ maxWords: 2 }, "one two three", 0],
    [{ minWords: 1 }, "  ", 0],
    [{ maxChars: 0 }, "", 1],
  ])("length %j of %j is %d", (settings, output, value) => {
    expect(scorer("length_bounds", settings)(answer(output)).value).toBe(value);
  });

  test.each([
    [{ strings: ["as an AI"] }, "As an ai model", 1],
    [{ strings: ["as an AI"], ignoreCase: false }, "As an ai model", 0],
    [{ strings: ["kill"], wholeWords: true }, "skilled", 0],
    [{ strings: ["kill"], wholeWords: true }, "to kill.", 1],
    [{ strings: ["kill"], scoreWhenFound: 0 }, "to kill.", 0],
    [{ strings: ["kill"], scoreWhenFound: 0 }, "fine", 1],
  ])("forbidden %j in %j is %d", (settings, output, value) => {
    expect(scorer("forbidden_strings", settings)(answer(output)).value).toBe(value);
  });

  test("what was said before an answer broke off is judged for forbidden strings", () => {
    const score = scorer("forbidden_strings", { strings: ["secret"] });
    expect(score(answer("the secret is", { outcome: "truncated" })).value).toBe(1);
  });

  test("facts: the covered fraction, with the missing named", () => {
    const facts = [["5 mg", "five milligrams"], ["twice daily", "2x/day"], ["ibuprofen"]];
    const score = scorer("required_facts");
    const found = score(answer("Take five milligrams, Twice daily.", { datasetCase: { facts } }));
    expect(found.value).toBeCloseTo(2 / 3);
    expect(found.note).toBe('Missing: "ibuprofen".');
    const whole = answer("Ibuprofen 5 mg 2x/day", { datasetCase: { facts } });
    expect(score(whole)).toMatchObject({ value: 1, note: null });
  });

  test.each([
    ["15 mg", 0],
    ["5 mgs", 0],
    ["0.5 mg", 0],
    ["(5 mg)", 1],
    ["5\nMG", 1],
  ])("the fact 5 mg in %j is %d", (output, value) => {
    expect(
      scorer("required_facts")(answer(output, { datasetCase: { facts: [["5 mg"]] } })).value,
    ).toBe(value);
  });

  test("facts: a value in [0, 1], and never lower for saying more", () => {
    const word = fc.constantFrom("alpha", "beta", "gamma", "5 mg", "-3");
    fc.assert(
      fc.property(fc.array(word), fc.array(fc.array(word), { minLength: 1 }), (said, facts) => {
        const score = scorer("required_facts");
        const less = score(answer(said.slice(1).join(" "), { datasetCase: { facts } })).value;
        const more = score(answer(said.join(" "), { datasetCase: { facts } })).value;
        const hasFacts = facts.some((wordings) => wordings.length > 0);
        const isSound = more !== null && less !== null && more >= less && more <= 1 && less >= 0;
        expect(hasFacts ? isSound : more === null).toBe(true);
      }),
    );
  });
});

describe("formats", () => {
  test.each([
    [{ schema: { required: ["a"] } }, '{"a": 1}', 1],
    [{ schema: { required: ["a"] } }, '{"b": 1}', 0],
    [{ schema: {} }, "not json", 0],
    [{ schema: {} }, "```json\n{}\n```", 0],
    [{ schema: {}, fenced: true }, "```json\n{}\n```", 1],
    [{ schema: {}, fenced: true }, "{}", 1],
  ])("json_schema %j on %j is %d", (settings, output, value) => {
    expect(scorer("json_schema", settings)(answer(output)).value).toBe(value);
  });

  test.each([
    [{ pattern: "b+" }, "abba", 1],
    [{ pattern: "b+", mode: "whole" }, "abba", 0],
    [{ pattern: "a|abba", mode: "whole" }, "abba", 1],
    [{ pattern: "x", mode: "absent" }, "abba", 1],
    [{ pattern: "^B", flags: "im" }, "a\nb", 1],
  ])("regex %j on %j is %d", (settings, output, value) => {
    expect(scorer("regex", settings)(answer(output)).value).toBe(value);
  });
});

describe("settings", () => {
  test.each([
    ["nothing_such", {}, "kind", "wanted one of exact_match"],
    ["exact_match", { x: 1 }, "settings.x", "wanted no settings"],
    ["normalised_match", { bracketed: "()" }, "settings.bracketed", '"[]"'],
    ["normalised_match", { ignoreCase: "yes" }, "settings.ignoreCase", "true or false"],
    ["length_bounds", {}, "settings.maxChars", "No bound"],
    ["length_bounds", { minChars: 5, maxChars: 4 }, "settings.minChars", "at most"],
    ["length_bounds", { maxWords: 1.5 }, "settings.maxWords", "whole number"],
    ["forbidden_strings", {}, "settings.strings", "a list"],
    ["forbidden_strings", { strings: ["a", ""] }, "settings.strings", "a list"],
    ["forbidden_strings", { strings: ["..."], wholeWords: true }, "settings.strings[0]", "word"],
    ["json_schema", {}, "settings.schema", "JSON Schema"],
    ["json_schema", { schema: 5 }, "settings.schema", "Wanted an object"],
    ["regex", {}, "settings.pattern", "a text"],
    ["regex", { pattern: "(" }, "settings.pattern", "Not a pattern"],
    ["regex", { pattern: "a)|(b", mode: "whole" }, "settings.pattern", "Not a pattern"],
    ["regex", { pattern: "a", flags: "g" }, "settings.flags", '"i"'],
    ["regex", { pattern: "a", flags: "ii" }, "settings.flags", "once"],
    ["regex", { pattern: "a", flags: "m", mode: "whole" }, "settings.flags", "whole"],
  ])("%s %j", (...args) => {
    const [kind, settings, path, words] = args;
    const [problem] = problems(kind, settings);
    expect(problem?.path).toBe(path);
    expect(problem?.message).toContain(words);
  });

  test("a metric's name that nothing could refer to", () => {
    const outcome = createScorer({ kind: "exact_match", metric: "My Metric", settings: {} }, ports);
    expect(outcome).toMatchObject({ kind: "problems", problems: [{ path: "metric" }] });
  });
});

test("scoreExchange gives one score for each scorer, in order", () => {
  const scorers = [scorer("exact_match"), scorer("regex", { pattern: "y" })];
  const scores: Score[] = scoreExchange(scorers, toReference("yes", "yes"));
  expect(scores.map((score) => [score.scorer, score.value])).toEqual([
    ["exact_match", 1],
    ["regex", 1],
  ]);
});
