import type { PromptContent } from "../release/component.ts";
import type { TemplateVariable } from "./template.ts";
import { parseTemplate, templateVariables } from "./template.ts";

export type PromptProblem = {
  /** An error keeps the prompt out of the registry; a warning is shown. */
  readonly level: "error" | "warning";
  /** Where: "messages[0].content" or "variables.name". */
  readonly path: string;
  readonly message: string;
  /** Within the template; null when it is not about a place in one. */
  readonly line: number | null;
  readonly column: number | null;
};

type Use = TemplateVariable & { readonly path: string };

/**
 * What is wrong with a prompt, before anybody is served by it: templates that do not parse, variables
 * that are used and not declared, declared and not used, or optional where a value must be.
 */
export function promptProblems(prompt: PromptContent): PromptProblem[] {
  const uses: Use[] = [];
  const problems: PromptProblem[] = [];
  prompt.messages.forEach((message, index) => {
    const path = `messages[${index}].content`;
    const outcome = parseTemplate(message.content);
    if (outcome.kind === "template") {
      uses.push(...templateVariables(outcome.template).map((use) => ({ ...use, path })));
    } else {
      problems.push(
        ...outcome.problems.map((found) => ({ level: "error" as const, path, ...found })),
      );
    }
  });
  // A template that does not parse may use anything, so nothing can be called unused then.
  const unused = problems.length === 0 ? unusedProblems(prompt, uses) : [];
  return [...problems, ...firstUses(uses).flatMap((use) => useProblems(prompt, use)), ...unused];
}

/** One report for each name and way of use, at its first place. */
function firstUses(uses: readonly Use[]): Use[] {
  const seen = new Set<string>();
  return uses.filter((use) => {
    const key = `${use.name} ${use.use}`;
    const isFirst = !seen.has(key);
    seen.add(key);
    return isFirst;
  });
}

function useProblems(prompt: PromptContent, use: Use): PromptProblem[] {
  const { name, path, line, column } = use;
  const declared = Object.hasOwn(prompt.variables, name) ? prompt.variables[name] : undefined;
  if (declared === undefined && use.use === "inside") {
    const message = `"${name}" is not declared, so it must be a field of the section it stands in.`;
    return [{ level: "warning", path, message, line, column }];
  }
  if (declared === undefined) {
    const message = `The variable "${name}" is used and not declared. Declare it under variables.`;
    return [{ level: "error", path, message, line, column }];
  }
  if (!declared.required && use.use === "value") {
    const message = `The variable "${name}" is optional, but a request without it fails here. Wanted it inside {{#${name}}}...{{/${name}}}, or declared as required.`;
    return [{ level: "warning", path, message, line, column }];
  }
  return [];
}

function unusedProblems(prompt: PromptContent, uses: readonly Use[]): PromptProblem[] {
  const used = new Set(uses.map((use) => use.name));
  return Object.keys(prompt.variables)
    .filter((name) => !used.has(name))
    .map((name) => ({
      level: "warning" as const,
      path: `variables.${name}`,
      message: `The variable "${name}" is declared and never used.`,
      line: null,
      column: null,
    }));
}
