import { ApplyBody } from "@spillway/contract";
import { describeIssue } from "./describe-issue.ts";
import { InlineError, inlineFiles } from "./inline-files.ts";
import type { Collection, ManifestItem } from "./manifest-items.ts";
import { COLLECTIONS, itemsOf } from "./manifest-items.ts";
import type { ManifestProblem } from "./manifest-problem.ts";
import { manifestError } from "./manifest-problem.ts";
import { findYamlFiles, readYamlDocuments } from "./yaml-documents.ts";

export type Manifests = {
  readonly body: ApplyBody;
  /** `file:line` of a path in the body, as a server's problem names it; null when it names no item. */
  readonly placeOf: (path: string) => string | null;
};

type Items = Readonly<Record<Collection, readonly ManifestItem[]>>;

/** Everything in the files as one request, or an error with all that is wrong in them. */
export async function loadManifests(paths: readonly string[], cwd: string): Promise<Manifests> {
  const files = await findYamlFiles(paths, cwd);
  const read = await Promise.all(files.map((file) => readYamlDocuments(file, cwd)));
  const found = read.flatMap(({ documents }) => documents.map(itemsOf));
  const problems = [...read, ...found].flatMap((part) => part.problems);
  const items = byCollection(found.flatMap((part) => part.items));

  const body: Partial<Record<Collection, unknown[]>> = {};
  for (const collection of COLLECTIONS) {
    const inlined = await Promise.all(
      items[collection].map((item) =>
        inlineFiles(item).catch((error: unknown) => {
          if (!(error instanceof InlineError)) throw error;
          problems.push(problemAt(item, error.path, error.message));
          return null;
        }),
      ),
    );
    if (inlined.length > 0) body[collection] = inlined;
  }
  if (problems.length > 0) throw manifestError(problems);

  const parsed = ApplyBody.safeParse(body);
  if (parsed.success) {
    // Not the parsed one: what a file leaves out is the server's to fill in.
    return { body: body as ApplyBody, placeOf: (path) => placeOf(items, path) };
  }
  throw manifestError(
    parsed.error.issues.map((issue) => issueProblem(items, issue, describeIssue(issue, body))),
  );
}

function byCollection(items: readonly ManifestItem[]): Items {
  const of = (collection: Collection) => items.filter((item) => item.collection === collection);
  return {
    features: of("features"),
    components: of("components"),
    releases: of("releases"),
    strategies: of("strategies"),
    baselines: of("baselines"),
  };
}

function issueProblem(
  items: Items,
  issue: { readonly path: readonly PropertyKey[] },
  message: string,
): ManifestProblem {
  const [collection, index, ...rest] = issue.path.map((part) =>
    typeof part === "symbol" ? String(part) : part,
  );
  const item = items[collection as Collection]?.[Number(index)];
  if (item === undefined) {
    return { file: String(collection ?? "files"), line: 1, message };
  }
  return problemAt(item, rest, `${rest.join(".") || item.collection}: ${message}`);
}

function problemAt(
  item: ManifestItem,
  path: readonly (string | number)[],
  message: string,
): ManifestProblem {
  const { document } = item;
  return { file: document.file, line: document.lineOf([...item.path, ...path]), message };
}

/** Takes "components[0].content", "components.0.content" and "/components/0/content". */
function placeOf(items: Items, path: string): string | null {
  const [collection, index, ...rest] = path.split(/[./[\]]+/).filter((part) => part !== "");
  const item = items[collection as Collection]?.[Number(index)];
  if (item === undefined) return null;
  const at = rest.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return `${item.document.file}:${item.document.lineOf([...item.path, ...at])}`;
}
