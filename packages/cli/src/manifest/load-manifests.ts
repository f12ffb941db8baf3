import { ApplyBody } from "@spillway/contract";
import { CliError } from "../cli-error.ts";
import { describeIssue } from "./describe-issue.ts";
import { InlineError, inlineFiles } from "./inline-files.ts";
import type { Collection, ManifestItem } from "./manifest-items.ts";
import { COLLECTIONS, itemsOf } from "./manifest-items.ts";
import type { ManifestProblem } from "./manifest-problem.ts";
import { manifestError } from "./manifest-problem.ts";
import { pathText, writtenStagePath } from "./written-stage.ts";
import { findYamlFiles, readYamlDocuments } from "./yaml-documents.ts";

export type Manifests = {
  readonly body: ApplyBody;
  /** Where in the files a problem of the server is; null when it names no item of them. */
  readonly placeOf: (problem: ServerProblem) => Place | null;
};

export type ServerProblem = { readonly path: string; readonly message: string };

/** `file:line`, and the path as it is written there. */
export type Place = { readonly at: string; readonly path: string };

type Items = Readonly<Record<Collection, readonly ManifestItem[]>>;

/** Everything in the files as one request, or an error with all that is wrong in them. */
export async function loadManifests(paths: readonly string[], cwd: string): Promise<Manifests> {
  const files = await findYamlFiles(paths, cwd);
  const read = await Promise.all(files.map((file) => readYamlDocuments(file, cwd)));
  const found = read.flatMap(({ documents }) => documents.map(itemsOf));
  const problems = [...read, ...found].flatMap((part) => part.problems);
  const items = byCollection(found.flatMap((part) => part.items));

  const { body, problems: unreadable } = await inlined(items);
  problems.push(...unreadable.map(({ problem }) => problem));
  const isUnreadable = ([collection, index]: readonly PropertyKey[]): boolean =>
    unreadable.some((each) => each.collection === collection && each.index === index);

  const parsed = ApplyBody.safeParse(body);
  const issues = parsed.error?.issues.filter(({ path }) => !isUnreadable(path)) ?? [];
  problems.push(...issues.map((issue) => issueProblem(items, issue, describeIssue(issue, body))));
  if (problems.length > 0) throw manifestError(problems);
  if (Object.keys(body).length === 0) {
    throw new CliError(
      `nothing to apply: ${paths.join(", ")} holds no resource. Wanted ${COLLECTIONS.join(":, ")}: with a list, or a kind:.`,
    );
  }
  // Not the parsed one: what a file leaves out is the server's to fill in.
  return { body: body as ApplyBody, placeOf: (problem) => placeOf(items, problem) };
}

type Body = Partial<Record<Collection, unknown[]>>;

type Unreadable = {
  readonly collection: Collection;
  readonly index: number;
  readonly problem: ManifestProblem;
};

/** The items with the files that they name in their places; null for one whose files cannot be read. */
async function inlined(
  items: Items,
): Promise<{ readonly body: Body; readonly problems: readonly Unreadable[] }> {
  const body: Body = {};
  const problems: Unreadable[] = [];
  for (const collection of COLLECTIONS) {
    const values = await Promise.all(
      items[collection].map((item, index) =>
        inlineFiles(item).catch((error: unknown) => {
          if (!(error instanceof InlineError)) throw error;
          const problem = problemAt(item, error.path, error.message);
          problems.push({ collection, index, problem });
          return null;
        }),
      ),
    );
    if (values.length > 0) body[collection] = values;
  }
  return { body, problems };
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
function placeOf(items: Items, problem: ServerProblem): Place | null {
  const [collection, index, ...rest] = problem.path.split(/[./[\]]+/).filter((part) => part !== "");
  const item = items[collection as Collection]?.[Number(index)];
  if (item === undefined) return null;
  const named = rest.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const written =
    collection === "strategies" ? writtenStagePath(item.value, named, problem.message) : named;
  const line = item.document.lineOf([...item.path, ...written]);
  const path = written === named ? problem.path : `strategies[${index}].${pathText(written)}`;
  return { at: `${item.document.file}:${line}`, path };
}
