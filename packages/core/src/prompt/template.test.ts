import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderTemplate } from "./render-template.ts";
import { parseTemplate, templateVariables } from "./template.ts";

function parsed(source: string) {
  const outcome = parseTemplate(source);
  if (outcome.kind === "problems") throw new Error(JSON.stringify(outcome.problems));
  return outcome.template;
}

function problemsOf(source: string) {
  const outcome = parseTemplate(source);
  return outcome.kind === "problems" ? outcome.problems : [];
}

const render = (source: string, variables: Parameters<typeof renderTemplate>[1]) =>
  renderTemplate(parsed(source), variables);

describe("what is rendered", () => {
  test.each([
    ["Hello {{name}}.", { name: "Ada" }, "Hello Ada."],
    ["{{ name }}/{{{name}}}/{{&name}}", { name: "<a & b>" }, "<a & b>/<a & b>/<a & b>"],
    ["{{a.b.c}}", { a: { b: { c: 7 } } }, "7"],
    ["{{#list}}[{{name}}]{{/list}}", { list: [{ name: "x" }, { name: "y" }] }, "[x][y]"],
    ["{{#list}}{{outer}}{{name}} {{/list}}", { outer: "-", list: [{ name: "x" }] }, "-x "],
    ["{{#note}}Note: {{note}}{{/note}}", { note: "n" }, "Note: n"],
    ["{{#note}}Note: {{note}}{{/note}}", {}, ""],
    ["{{^note}}none{{/note}}", {}, "none"],
    ["{{^note}}none{{/note}}", { note: [] }, "none"],
    ["{{^count}}none{{/count}}{{count}}", { count: 0 }, "0"],
    ["a{{! {{ not a tag }}b", {}, "ab"],
    ["{{value}}", { value: { a: [1, "x", null] } }, '{"a":[1,"x",null]}'],
    ["{{flag}}", { flag: false }, "false"],
    ['{"a": {"b": 1}} stays', {}, '{"a": {"b": 1}} stays'],
    ["A\n{{#x}}\n  B\n{{/x}}\nC", { x: true }, "A\n  B\nC"],
    ["A\r\n  {{! gone }}  \r\nB", {}, "A\r\nB"],
    ["A {{#x}}\nB{{/x}}", { x: true }, "A \nB"],
  ])("%s with %j", (source, variables, text) => {
    expect(render(source, variables)).toEqual({ kind: "rendered", text });
  });

  test("a value is inert, whatever it says", () => {
    const outcome = render("{{a}}", { a: "{{secret}} {{#b}}", secret: "s" });
    expect(outcome).toEqual({ kind: "rendered", text: "{{secret}} {{#b}}" });
  });

  test.each([
    ["{{name}}", {}, "name"],
    ["{{name}}", { name: null }, "name"],
    ["{{a.b}}", { a: {} }, "a.b"],
    ["{{a.length}}", { a: "text" }, "a.length"],
    ["{{a.length}}", { a: [1] }, "a.length"],
    ["{{constructor}}", {}, "constructor"],
    ["{{a.constructor.name}}", { a: {} }, "a.constructor.name"],
    ["{{__proto__}}", {}, "__proto__"],
    ["{{#list}}{{b}}{{/list}}", { list: [{ b: 1 }, {}] }, "b"],
  ])("%s with %j is missing %s", (source, variables, name) => {
    expect(render(source, variables)).toEqual({ kind: "variable_missing", name });
  });

  test("getters and functions are not run", () => {
    let ran = 0;
    const run = () => (ran += 1);
    const hostile = Object.defineProperty({ f: run, toJSON: run }, "got", { get: run });
    const variables = { hostile } as never;
    expect(render("{{hostile.got}}", variables).kind).toBe("variable_missing");
    expect(render("{{hostile.f}}", variables).kind).toBe("variable_missing");
    expect(render("{{hostile}}", variables)).toEqual({ kind: "rendered", text: "{}" });
    expect(ran).toBe(0);
  });

  test("length and steps are bounded", () => {
    const list = Array.from({ length: 1_000 }, () => "x");
    const nested = "{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}";
    expect(render(nested, { a: list }).kind).toBe("limit_exceeded");
    const long = "y".repeat(10_000);
    expect(render("{{#a}}{{b}}{{/a}}", { a: list, b: long }).kind).toBe("limit_exceeded");
  });
});

describe("what is refused, with its place", () => {
  test.each([
    ["{{> partial}}", 1, 1, "Partials"],
    ["a\n  {{=<% %>=}}", 2, 3, "delimiters"],
    ["{{name | upper}}", 1, 1, "filters"],
    ["{{upper name}}", 1, 1, "Helpers"],
    ["{{f()}}", 1, 1, "calls"],
    ["{{*name}}", 1, 1, "Dynamic"],
    ["{{< base}}", 1, 1, "Inheritance"],
    ["{{.}}", 1, 1, "not a variable"],
    ["{{a..b}}", 1, 1, "not a variable"],
    ["{{}}", 1, 1, "names no variable"],
    ["x {{name", 1, 3, "never closed"],
    ["x {{{name}}", 1, 3, "never closed"],
    ["{{#a}}", 1, 1, "never closed"],
    ["{{/a}}", 1, 1, "never opened"],
    ["{{#a}}\n{{#b}}\n{{/a}}", 3, 1, "{{/b}}"],
  ])("%j", (...args) => {
    const [source, line, column, words] = args;
    const [problem] = problemsOf(source);
    expect(problem).toMatchObject({ line, column });
    expect(problem?.message).toContain(words);
  });

  test("every problem is told at once, in order", () => {
    expect(problemsOf("{{>a}}\n{{>b}}\n{{#c}}").map((problem) => problem.line)).toEqual([1, 2, 3]);
  });

  test("deep nesting and great length", () => {
    const deep = "{{#a}}".repeat(17) + "{{/a}}".repeat(17);
    expect(problemsOf(deep)[0]?.message).toContain("16 deep");
    expect(problemsOf("{{#a}}".repeat(16) + "{{/a}}".repeat(16))).toEqual([]);
    expect(problemsOf("x".repeat(200_001))[0]?.message).toContain("200001 characters");
  });
});

test("the variables, with how they are used", () => {
  const template = parsed("{{a}}{{#b}}{{b}}{{c}}{{/b}}{{^d}}{{e}}{{/d}}");
  expect(templateVariables(template).map(({ name, use }) => `${name} ${use}`)).toEqual([
    "a value",
    "b section",
    "b section",
    "c inside",
    "d section",
    "e value",
  ]);
});

describe("properties", () => {
  test("any text parses or is refused with a place within it, and is never thrown on", () => {
    const piece = fc.constantFrom(
      "{{",
      "}}",
      "{{{",
      "}}}",
      "#",
      "^",
      "/",
      "a",
      ".",
      "\n",
      " ",
      "!",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const source = pieces.join("");
        const outcome = parseTemplate(source);
        const template = outcome.kind === "template" ? outcome.template : { nodes: [] };
        const rendered = renderTemplate(template, { a: "v" });
        expect(["rendered", "variable_missing"]).toContain(rendered.kind);
        const lines = source.split("\n");
        for (const { line, column } of problemsOf(source)) {
          expect(lines[line - 1]?.length).toBeGreaterThanOrEqual(column - 1);
        }
      }),
    );
  });

  test("a text value comes out as it went in, between what surrounds it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        expect(render("<{{a}}>", { a: value })).toEqual({ kind: "rendered", text: `<${value}>` });
      }),
    );
  });

  test("text without a tag is its own rendering", () => {
    const text = fc.string().filter((value) => !value.includes("{{"));
    fc.assert(
      fc.property(text, (source) => {
        expect(render(source, {})).toEqual({ kind: "rendered", text: source });
      }),
    );
  });
});
