import type { Json } from "../json.ts";
import { isJsonObject } from "../json.ts";
import type { Template, TemplateNode } from "./template.ts";

export type RenderOutcome =
  | { readonly kind: "rendered"; readonly text: string }
  /** `name` is the dotted path as the template writes it. */
  | { readonly kind: "variable_missing"; readonly name: string }
  | { readonly kind: "limit_exceeded"; readonly reason: string };

export type TemplateVariables = Readonly<Record<string, Json>>;

/** About 250,000 tokens: more than any context that a prompt is a part of. */
const MAX_OUTPUT_CHARS = 1_000_000;
/** Nodes visited, so that nested lists cannot keep a gateway busy while they print nothing. */
const MAX_STEPS = 100_000;
const MAX_VALUE_DEPTH = 32;

type Run = { readonly parts: string[]; chars: number; steps: number };
type Stop = Exclude<RenderOutcome, { kind: "rendered" }>;

/**
 * Puts values into a template. Values are inert: one that contains `{{` is never parsed again. Only
 * own data properties of plain objects are looked up, so neither prototypes, getters, functions nor
 * the fields of arrays and strings can be reached. A missing or null value is an outcome, not an
 * empty text: a prompt with a hole in it looks fine and answers wrongly.
 */
export function renderTemplate(template: Template, variables: TemplateVariables): RenderOutcome {
  const run: Run = { parts: [], chars: 0, steps: 0 };
  const stop = renderNodes(run, template.nodes, [variables]);
  return stop ?? { kind: "rendered", text: run.parts.join("") };
}

function renderNodes(
  run: Run,
  nodes: readonly TemplateNode[],
  contexts: readonly unknown[],
): Stop | null {
  for (const node of nodes) {
    run.steps += 1;
    if (run.steps > MAX_STEPS) return exceeded(`more than ${MAX_STEPS} steps`);
    const stop = renderNode(run, node, contexts);
    if (stop !== null) return stop;
  }
  return null;
}

function renderNode(run: Run, node: TemplateNode, contexts: readonly unknown[]): Stop | null {
  if (node.kind === "text") return write(run, node.text);
  const found = lookUp(node.path, contexts);
  if (node.kind === "variable") {
    const text = textOf(found);
    if (text === null) return { kind: "variable_missing", name: node.path.join(".") };
    return write(run, text);
  }
  if (isAbsent(found)) return node.isInverted ? renderNodes(run, node.children, contexts) : null;
  if (node.isInverted) return null;
  for (const item of Array.isArray(found) ? found : [found]) {
    run.steps += 1;
    if (run.steps > MAX_STEPS) return exceeded(`more than ${MAX_STEPS} steps`);
    const stop = renderNodes(run, node.children, [...contexts, item]);
    if (stop !== null) return stop;
  }
  return null;
}

function write(run: Run, text: string): Stop | null {
  run.chars += text.length;
  if (run.chars > MAX_OUTPUT_CHARS) return exceeded(`more than ${MAX_OUTPUT_CHARS} characters`);
  run.parts.push(text);
  return null;
}

const exceeded = (what: string): Stop => ({
  kind: "limit_exceeded",
  reason: `The prompt needs ${what} with these values.`,
});

/** The first name is sought from the innermost section outwards, the rest only below what it gave. */
function lookUp(path: readonly string[], contexts: readonly unknown[]): unknown {
  const [first = "", ...rest] = path;
  const home = contexts.findLast((context) => ownValue(context, first) !== undefined);
  return rest.reduce<unknown>((value, name) => ownValue(value, name), ownValue(home, first));
}

function ownValue(holder: unknown, name: string): unknown {
  if (!isJsonObject(holder)) return undefined;
  const property = Object.getOwnPropertyDescriptor(holder, name);
  const value: unknown = property !== undefined && "value" in property ? property.value : undefined;
  return typeof value === "function" || typeof value === "symbol" ? undefined : value;
}

function isAbsent(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return true;
  return Array.isArray(value) && value.length === 0;
}

/** Text as it is, numbers and booleans as JSON writes them, lists and objects as compact JSON. */
function textOf(value: unknown): string | null {
  if (typeof value === "string") return value;
  return value === null || value === undefined ? null : compactJson(value, 0);
}

/** JSON.stringify would call a `toJSON` and run getters; this reads own data properties only. */
function compactJson(value: unknown, depth: number): string | null {
  if (depth > MAX_VALUE_DEPTH) return null;
  if (value === null || typeof value === "string" || typeof value === "boolean") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : null;
  if (Array.isArray(value)) {
    return `[${value.map((item) => compactJson(item, depth + 1) ?? "null").join(",")}]`;
  }
  if (!isJsonObject(value)) return null;
  const members = Object.keys(value).flatMap((key) => {
    const json = compactJson(ownValue(value, key), depth + 1);
    return json === null ? [] : [`${JSON.stringify(key)}:${json}`];
  });
  return `{${members.join(",")}}`;
}
