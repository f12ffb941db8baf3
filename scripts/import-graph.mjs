// Reads the imports of source files, all kinds: values, types, re-exports, `import("...")` as an
// expression and as a type. Resolves them to files, as Node does with explicit extensions.
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { Visitor, parseSync } from "oxc-parser";

/**
 * @typedef {object} Import
 * @property {string} specifier
 * @property {number} line
 * @property {"star" | "plain"} kind "star" is `export *`
 *
 * @typedef {object} SourceModule
 * @property {readonly Import[]} imports
 * @property {readonly { kind: "syntax" | "computed", line: number, message: string }[]} problems what the parser could not read
 */

/**
 * @param {string} file
 * @param {string} source
 * @returns {SourceModule}
 */
export function readImports(file, source) {
  const { module, program, errors } = parseSync(file, source);
  const lineAt = (offset) => source.slice(0, offset).split("\n").length;
  const imports = [];
  const problems = errors.map((error) => ({
    kind: "syntax",
    line: lineAt(error.labels[0]?.start ?? 0),
    message: `does not parse: ${error.message}`,
  }));
  const add = (specifier, offset, kind = "plain") =>
    imports.push({ specifier, line: lineAt(offset), kind });

  for (const { moduleRequest, start } of module.staticImports) add(moduleRequest.value, start);
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, importName, start } of entries) {
      if (!moduleRequest) continue;
      add(moduleRequest.value, start, importName.kind.startsWith("All") ? "star" : "plain");
    }
  }
  const addExpression = (expression, start) => {
    const specifier = literalText(expression);
    if (specifier !== null) add(specifier, start);
    else
      problems.push({ kind: "computed", line: lineAt(start), message: "imports a computed path" });
  };
  new Visitor({
    ImportExpression: (node) => addExpression(node.source, node.start),
    TSImportType: (node) => addExpression(node.source ?? node.argument?.literal, node.start),
    TSExternalModuleReference: (node) => addExpression(node.expression, node.start),
  }).visit(program);
  return { imports, problems };
}

function literalText(node) {
  if (node?.type === "Literal" && typeof node.value === "string") return node.value;
  if (node?.type === "TemplateLiteral" && node.quasis.length === 1) {
    return node.quasis[0].value.cooked;
  }
  return null;
}

/**
 * Where an import leads.
 *
 * @param {string} from the importing file
 * @param {string} specifier
 * @param {{ hasFile: (path: string) => boolean, exportsOf: (name: string) => Record<string, string> | null }} workspace
 * @returns {{ kind: "file", path: string, viaPackage: boolean } | { kind: "external" } | { kind: "unresolved", reason: string }}
 */
export function resolveImport(from, specifier, { hasFile, exportsOf }) {
  if (specifier.startsWith(".")) {
    // A bundler's query ("./logo.svg?url") is not part of the path.
    const path = posix.join(posix.dirname(from), specifier.split("?")[0] ?? "");
    if (hasFile(path)) return { kind: "file", path, viaPackage: false };
    return { kind: "unresolved", reason: `${path} does not exist (is the extension given?)` };
  }
  const match = /^@spillway\/([^/]+)(\/.*)?$/.exec(specifier);
  if (match !== null) {
    const [, name = "", subpath = ""] = match;
    const target = exportsOf(name)?.[`.${subpath}`];
    if (target === undefined) {
      return { kind: "unresolved", reason: `packages/${name} does not export ".${subpath}"` };
    }
    const path = posix.join("packages", name, target);
    if (hasFile(path)) return { kind: "file", path, viaPackage: true };
    return { kind: "unresolved", reason: `${path} does not exist` };
  }
  if (builtinModules.includes(specifier)) {
    return { kind: "unresolved", reason: `write node:${specifier}` };
  }
  return { kind: "external" };
}

/**
 * The cycles of a graph: one example path for each strongly connected group of more than one node.
 *
 * @param {ReadonlyMap<string, ReadonlySet<string>>} graph
 * @returns {readonly (readonly string[])[]} each path ends where it began
 */
export function findCycles(graph) {
  return stronglyConnected(graph)
    .filter((group) => group.length > 1)
    .map((group) => shortestLoop(graph, group.toSorted()));
}

/** Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972), iterative. */
function stronglyConnected(graph) {
  const order = new Map();
  const low = new Map();
  const stack = [];
  const onStack = new Set();
  const groups = [];
  const enter = (node) => {
    order.set(node, order.size);
    low.set(node, order.get(node));
    stack.push(node);
    onStack.add(node);
    return { node, edges: [...(graph.get(node) ?? [])], next: 0 };
  };
  const leave = (node) => {
    if (low.get(node) !== order.get(node)) return;
    const group = stack.splice(stack.lastIndexOf(node));
    for (const member of group) onStack.delete(member);
    groups.push(group);
  };
  for (const root of graph.keys()) {
    if (order.has(root)) continue;
    const calls = [enter(root)];
    while (calls.length > 0) {
      const call = calls[calls.length - 1];
      const child = call.edges[call.next++];
      if (child === undefined) {
        calls.pop();
        leave(call.node);
        const parent = calls.at(-1)?.node;
        if (parent !== undefined) low.set(parent, Math.min(low.get(parent), low.get(call.node)));
      } else if (!order.has(child)) {
        calls.push(enter(child));
      } else if (onStack.has(child)) {
        low.set(call.node, Math.min(low.get(call.node), order.get(child)));
      }
    }
  }
  return groups;
}

/** Breadth first from the first of a group back to it, inside the group. */
function shortestLoop(graph, group) {
  const [start] = group;
  const members = new Set(group);
  const paths = [[start]];
  const seen = new Set();
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    for (const next of graph.get(path.at(-1)) ?? []) {
      if (next === start) return [...path, start];
      if (!members.has(next) || seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return [start];
}
