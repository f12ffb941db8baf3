import { AppError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { PromptContent, PromptMessage } from "../release/component.ts";
import { renderTemplate } from "./render-template.ts";
import type { TemplateVariables } from "./render-template.ts";
import { parseTemplate } from "./template.ts";

export type RenderPromptInput = {
  readonly prompt: PromptContent;
  /** From the request's metadata. Names that the prompt does not declare are not looked at. */
  readonly variables: TemplateVariables;
  /** The client's own messages: opaque, passed on as the same objects. */
  readonly clientMessages: readonly JsonObject[];
};

export type RenderPromptOutcome =
  | { readonly kind: "rendered"; readonly messages: readonly JsonObject[] }
  | { readonly kind: "variable_missing"; readonly name: string }
  /** The values blow the prompt up beyond what is ever sent. */
  | { readonly kind: "limit_exceeded"; readonly reason: string };

/**
 * The messages of one request: system messages, then the examples word for word, then the prompt's
 * other messages, then the client's. Roles belong to the prompt and not to the template's text, so a
 * value can never open a new message.
 *
 * Throws `invalid_configuration` on a template that does not parse; `promptProblems` refuses such a
 * prompt at registration, so none is ever served.
 */
export function renderPrompt(input: RenderPromptInput): RenderPromptOutcome {
  const { prompt } = input;
  const variables = declaredOf(input);
  const missing = Object.keys(prompt.variables).find(
    (name) => prompt.variables[name]?.required === true && variables[name] === undefined,
  );
  if (missing !== undefined) return { kind: "variable_missing", name: missing };
  const system: JsonObject[] = [];
  const others: JsonObject[] = [];
  for (const message of prompt.messages) {
    const outcome = renderTemplate(templateOf(message), variables);
    if (outcome.kind !== "rendered") return outcome;
    const target = message.role === "system" ? system : others;
    target.push({ role: message.role, content: outcome.text });
  }
  const examples = prompt.fewShot.map(({ role, content }): JsonObject => ({ role, content }));
  return {
    kind: "rendered",
    messages: [...system, ...examples, ...others, ...input.clientMessages],
  };
}

/** Own, declared and not null; on an object without a prototype. */
function declaredOf(input: RenderPromptInput): TemplateVariables {
  const declared = Object.create(null) as Record<string, TemplateVariables[string]>;
  for (const name of Object.keys(input.prompt.variables)) {
    const value = Object.hasOwn(input.variables, name) ? input.variables[name] : undefined;
    if (value !== undefined && value !== null) declared[name] = value;
  }
  return declared;
}

function templateOf(message: PromptMessage) {
  const outcome = parseTemplate(message.content);
  if (outcome.kind === "template") return outcome.template;
  const first = outcome.problems[0];
  throw new AppError(
    "invalid_configuration",
    `A prompt template does not parse: line ${first?.line}, column ${first?.column}: ${first?.message}`,
  );
}
