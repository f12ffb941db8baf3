import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { isCollection, isMap, isNode, isScalar, LineCounter, parseAllDocuments, visit } from "yaml";
import type { Document, YAMLError } from "yaml";
import { CliError } from "../cli-error.ts";
import type { ManifestProblem } from "./manifest-problem.ts";

export type PathInDocument = readonly (string | number)[];

export type YamlDocument = {
  /** As people see it, from the working directory. */
  readonly file: string;
  /** Absolute folder, that file references start from. */
  readonly folder: string;
  readonly content: unknown;
  /** Line of the node at a path, or of the nearest one above it that is written. */
  readonly lineOf: (path: PathInDocument) => number;
};

export type ReadDocuments = {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly ManifestProblem[];
};

/** The YAML files named, and those in folders named, in the order of their names. */
export async function findYamlFiles(paths: readonly string[], cwd: string): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const absolute = resolve(cwd, path);
    const info = await stat(absolute).catch((cause: unknown) => {
      throw new CliError(`cannot read ${path}: ${(cause as Error).message}`, undefined, { cause });
    });
    if (!info.isDirectory()) {
      found.push(absolute);
      continue;
    }
    const inside = await yamlFilesIn(absolute);
    if (inside.length === 0) throw new CliError(`${path} holds no .yaml or .yml file.`);
    found.push(...inside);
  }
  return [...new Set(found)];
}

async function yamlFilesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await yamlFilesIn(path)));
    else if (/\.ya?ml$/.test(entry.name)) found.push(path);
  }
  return found;
}

export async function readYamlDocuments(path: string, cwd: string): Promise<ReadDocuments> {
  const file = relative(cwd, path) || path;
  const lines = new LineCounter();
  const parsed = parseAllDocuments(await readFile(path, "utf8"), {
    lineCounter: lines,
    prettyErrors: false,
  });
  const documents = "empty" in parsed ? [] : (parsed as Document.Parsed[]);
  const problems = documents.flatMap((document) =>
    document.errors.map((error) => ({
      file,
      line: lines.linePos(startOf(error, document)).line,
      message: `not valid YAML: ${error.message}`,
    })),
  );
  if (problems.length > 0) return { documents: [], problems };
  return {
    documents: documents.map((document) => ({
      file,
      folder: resolve(path, ".."),
      content: document.toJS() as unknown,
      lineOf: (at) => lineOf(document, lines, at),
    })),
    problems,
  };
}

/**
 * An unclosed bracket or quote is noticed where the next line begins, or at the end of the file; the mistake
 * is where it was opened.
 */
function startOf(error: YAMLError, document: Document.Parsed): number {
  const [noticedAt] = error.pos;
  if (!/end with a|[Mm]issing closing/.test(error.message)) return noticedAt;
  let openedAt = noticedAt;
  visit(document, (_, node) => {
    const isOpening =
      (isCollection(node) && node.flow === true) ||
      (isScalar(node) && (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE"));
    const [begin, , end] = (isNode(node) && node.range) || [];
    // The innermost comes last.
    if (isOpening && begin !== undefined && end !== undefined) {
      if (begin <= noticedAt && noticedAt <= end) openedAt = begin;
    }
  });
  return openedAt;
}

function lineOf(document: Document.Parsed, lines: LineCounter, path: PathInDocument): number {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node: unknown = depth === 0 ? document.contents : nodeAt(document, path.slice(0, depth));
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** The key of a field, since its value may begin lines below; else the node itself. */
function nodeAt(document: Document.Parsed, path: PathInDocument): unknown {
  try {
    const parent: unknown = document.getIn(path.slice(0, -1), true);
    if (!isMap(parent)) return document.getIn(path, true);
    return parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))?.key;
  } catch {
    // A path through a text: what is wanted below it is not there.
    return undefined;
  }
}
