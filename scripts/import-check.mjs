// The judgement of a set of source files: forbidden imports, `export *`, cycles. Reads no disk itself,
// so that its tests can plant a violation in memory.
import { findCycles, readImports, resolveImport } from "./import-graph.mjs";
import { judgeExternal, judgeImport, mayReachInto } from "./import-rules.mjs";

/**
 * @typedef {object} Violation
 * @property {string} file
 * @property {number} line 0 for a cycle, which has no one line
 * @property {string} message
 */

/**
 * @param {ReadonlyMap<string, string>} sources path from the root -> text
 * @param {object} workspace
 * @param {(path: string) => boolean} workspace.hasFile
 * @param {(name: string) => Record<string, string> | null} workspace.exportsOf by package folder
 * @returns {{ modules: number, imports: number, violations: readonly Violation[] }}
 */
export function checkImports(sources, workspace) {
  const violations = [];
  const graph = new Map();
  let imports = 0;
  for (const [file, source] of sources) {
    const module = readImports(file, source);
    const edges = new Set();
    graph.set(file, edges);
    imports += module.imports.length;
    for (const { line, message, kind } of module.problems) {
      // What a computed path leads to cannot be judged; code that may import anything may have one.
      if (kind === "computed" && mayReachInto(file)) continue;
      violations.push({ file, line, message });
    }
    for (const { specifier, line, kind } of module.imports) {
      const report = (message) =>
        violations.push({ file, line, message: `"${specifier}": ${message}` });
      if (kind === "star") report("`export *` hides what a module offers; name the exports");
      const target = resolveImport(file, specifier, workspace);
      const reason = judge(file, specifier, target);
      if (reason !== null) report(reason);
      if (target.kind === "file" && sources.has(target.path)) edges.add(target.path);
    }
  }
  for (const cycle of [...findCycles(graph), ...findCycles(coreFolders(graph))]) {
    violations.push({ file: cycle[0], line: 0, message: `cycle: ${cycle.join(" -> ")}` });
  }
  return { modules: graph.size, imports, violations };
}

function judge(file, specifier, target) {
  if (target.kind === "unresolved") return target.reason;
  if (target.kind === "external") return judgeExternal(file, specifier);
  const reason = judgeImport(file, target.path);
  if (reason !== null) return reason;
  if (target.viaPackage || packageOf(file) === packageOf(target.path) || mayReachInto(file)) {
    return null;
  }
  return "a package is imported by its name, not by a path into it";
}

function packageOf(file) {
  return /^packages\/[^/]+/.exec(file)?.[0] ?? "";
}

/** The graph between the top-level folders of core; a file that stands beside them is its own node. */
function coreFolders(graph) {
  const folderOf = (file) => /^packages\/core\/src\/[^/]+/.exec(file)?.[0];
  const folders = new Map();
  for (const [file, edges] of graph) {
    const folder = folderOf(file);
    // index.ts is the door: it imports every folder. Tests may look across.
    if (folder === undefined || file.endsWith("/src/index.ts") || file.endsWith(".test.ts"))
      continue;
    const targets = folders.get(folder) ?? new Set();
    folders.set(folder, targets);
    for (const edge of edges) {
      const target = folderOf(edge);
      if (target !== undefined && target !== folder) targets.add(target);
    }
  }
  return folders;
}
