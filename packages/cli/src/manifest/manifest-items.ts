import type { ManifestProblem } from "./manifest-problem.ts";
import type { PathInDocument, YamlDocument } from "./yaml-documents.ts";
import { nearest } from "../nearest.ts";

export const COLLECTIONS = [
  "features",
  "components",
  "releases",
  "strategies",
  "baselines",
] as const;

export type Collection = (typeof COLLECTIONS)[number];

/** One resource as written, and where. */
export type ManifestItem = {
  readonly collection: Collection;
  readonly value: unknown;
  readonly document: YamlDocument;
  /** Of the item in its document. */
  readonly path: PathInDocument;
};

export type ManifestItems = {
  readonly items: readonly ManifestItem[];
  readonly problems: readonly ManifestProblem[];
};

const SINGLE_KINDS: Readonly<Record<string, Collection>> = {
  feature: "features",
  component: "components",
  release: "releases",
  strategy: "strategies",
  prompt: "components",
  model: "components",
  index: "components",
  guardrails: "components",
  dataset: "components",
  app: "components",
};

/** A document is either lists by name of their kind, or one resource that says its `kind`. */
export function itemsOf(document: YamlDocument): ManifestItems {
  const { content } = document;
  if (content === null || content === undefined) return { items: [], problems: [] };
  if (!isRecord(content)) {
    const found = Array.isArray(content)
      ? "a list"
      : `the ${typeof content} ${JSON.stringify(content)}`;
    return problem(document, [], `found ${found}, wanted ${COLLECTIONS.join(":, ")}: or a kind:`);
  }
  if ("kind" in content) return singleItem(document, content);
  // A strategy file names itself; it is written the same for `start` and for `apply`.
  if ("strategy" in content && "stages" in content) {
    const item = { collection: "strategies", value: content, document, path: [] } as const;
    return { items: [item], problems: [] };
  }
  return listedItems(document, content);
}

function singleItem(document: YamlDocument, content: Record<string, unknown>): ManifestItems {
  const kind = String(content["kind"]);
  const collection = SINGLE_KINDS[kind];
  if (collection === undefined) {
    const known = Object.keys(SINGLE_KINDS);
    return problem(
      document,
      ["kind"],
      `found kind "${kind}", wanted one of ${known.join(", ")}${nearest(kind, known)}`,
    );
  }
  return {
    items: [{ collection, value: withoutKind(kind, content), document, path: [] }],
    problems: [],
  };
}

/** A component has a kind of its own, which `component:` names beside `kind: component`. */
function withoutKind(kind: string, content: Record<string, unknown>): unknown {
  if (SINGLE_KINDS[kind] === "components" && kind !== "component") return content;
  const { kind: _, component, ...rest } = content;
  if (kind === "component") return { kind: component, ...rest };
  return component === undefined ? rest : { component, ...rest };
}

function listedItems(document: YamlDocument, content: Record<string, unknown>): ManifestItems {
  const items: ManifestItem[] = [];
  const problems: ManifestProblem[] = [];
  for (const [key, list] of Object.entries(content)) {
    const collection = COLLECTIONS.find((name) => name === key);
    if (collection === undefined) {
      const message = `found "${key}:", wanted ${COLLECTIONS.join(":, ")}: or a kind:${nearest(key, COLLECTIONS)}`;
      problems.push(...problem(document, [key], message).problems);
    } else if (list === null) {
      continue;
    } else if (Array.isArray(list)) {
      list.forEach((value: unknown, index) => {
        items.push({ collection, value, document, path: [key, index] });
      });
    } else {
      const message = `found ${typeof list} under "${key}:", wanted a list: begin each resource with "- "`;
      problems.push(...problem(document, [key], message).problems);
    }
  }
  return { items, problems };
}

function problem(document: YamlDocument, path: PathInDocument, message: string): ManifestItems {
  const { file } = document;
  return { items: [], problems: [{ file, line: document.lineOf(path), message }] };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
