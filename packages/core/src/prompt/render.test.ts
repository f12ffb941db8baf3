import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PromptContent } from "../release/component.ts";
import { promptProblems } from "./prompt-problems.ts";
import { renderPrompt } from "./render.ts";

const prompt = (parts: Partial<PromptContent>): PromptContent => ({
  messages: [{ role: "system", content: "You help {{customer}}." }],
  fewShot: [],
  variables: { customer: { required: true } },
  ...parts,
});

describe("renderPrompt", () => {
  test("system, examples, other messages, then the client's own objects", () => {
    const client = { role: "user", content: "{{customer}}", anything: { nested: [1] } };
    const outcome = renderPrompt({
      prompt: prompt({
        messages: [
          { role: "user", content: "About {{customer}}:" },
          { role: "system", content: "You help {{customer}}." },
        ],
        fewShot: [
          { role: "user", content: "{{verbatim}}" },
          { role: "assistant", content: "yes" },
        ],
      }),
      variables: { customer: "Ada" },
      clientMessages: [client],
    });
    expect(outcome).toEqual({
      kind: "rendered",
      messages: [
        { role: "system", content: "You help Ada." },
        { role: "user", content: "{{verbatim}}" },
        { role: "assistant", content: "yes" },
        { role: "user", content: "About Ada:" },
        client,
      ],
    });
    expect(outcome.kind === "rendered" && outcome.messages[4]).toBe(client);
  });

  test.each([{}, { customer: null }])("names the variable that is missing in %j", (variables) => {
    expect(renderPrompt({ prompt: prompt({}), variables, clientMessages: [] })).toEqual({
      kind: "variable_missing",
      name: "customer",
    });
  });

  test("a required variable is asked for even where only a section uses it", () => {
    const messages = [{ role: "system" as const, content: "{{#customer}}x{{/customer}}" }];
    const outcome = renderPrompt({
      prompt: prompt({ messages }),
      variables: {},
      clientMessages: [],
    });
    expect(outcome).toEqual({ kind: "variable_missing", name: "customer" });
  });

  test("a name that is not declared cannot be filled from outside", () => {
    const messages = [{ role: "system" as const, content: "{{#debug}}all secrets{{/debug}}" }];
    const outcome = renderPrompt({
      prompt: { messages, fewShot: [], variables: {} },
      variables: { debug: true },
      clientMessages: [],
    });
    expect(outcome).toEqual({ kind: "rendered", messages: [{ role: "system", content: "" }] });
  });

  test("a template that does not parse is an error that says where", () => {
    const broken = prompt({ messages: [{ role: "system", content: "\n{{>x}}" }] });
    expect(() =>
      renderPrompt({ prompt: broken, variables: { customer: "a" }, clientMessages: [] }),
    ).toThrow(/line 2, column 1/);
  });

  test("no value ever changes the number or the roles of the messages", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(value !== null);
        const outcome = renderPrompt({
          prompt: prompt({}),
          variables: { customer: value as string },
          clientMessages: [],
        });
        expect(outcome.kind === "rendered" && outcome.messages.map(({ role }) => role)).toEqual([
          "system",
        ]);
      }),
    );
  });
});

describe("promptProblems", () => {
  test("a sound prompt has none", () => {
    expect(promptProblems(prompt({}))).toEqual([]);
  });

  test("a template's errors carry message, line and column", () => {
    const found = promptProblems(prompt({ messages: [{ role: "user", content: "a {{>b}}" }] }));
    expect(found).toMatchObject([
      { level: "error", path: "messages[0].content", line: 1, column: 3 },
    ]);
  });

  test.each([
    ["{{other}} {{customer}}", "error", '"other" is used and not declared'],
    ["{{#other}}x{{/other}}{{customer}}", "error", '"other" is used and not declared'],
    ["nothing", "warning", '"customer" is declared and never used'],
    ["{{#customer}}{{city}}{{/customer}}", "warning", '"city" is not declared'],
  ])("%s", (content, level, words) => {
    const found = promptProblems(prompt({ messages: [{ role: "system", content }] }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ level });
    expect(found[0]?.message).toContain(words);
  });

  test("an optional variable where a value must be is warned about", () => {
    const variables = { customer: { required: false } };
    expect(promptProblems(prompt({ variables }))).toMatchObject([{ level: "warning" }]);
    const messages = [
      { role: "system" as const, content: "{{#customer}}For {{customer}}.{{/customer}}" },
    ];
    expect(promptProblems(prompt({ variables, messages }))).toEqual([]);
  });
});
