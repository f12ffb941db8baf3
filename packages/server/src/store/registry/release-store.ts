import type {
  Component,
  ComponentKind,
  ConfigurationProblem,
  Release,
  ReleaseComponents,
  ReleaseId,
} from "@spillway/core";
import {
  AppError,
  COMPONENT_KINDS,
  createRelease,
  invariant,
  parseReleaseId,
  releaseDigest,
} from "@spillway/core";
import type { Kysely, Selectable } from "kysely";
import type { ReleasesTable, Schema } from "../schema.ts";
import { loadComponents, loadSummaries } from "./component-store.ts";
import { pageOf, parseCursor } from "./page-cursor.ts";
import type {
  Page,
  PageRequest,
  Registered,
  ReleaseDraft,
  ReleaseSummary,
} from "../../ports/registry-records.ts";
import { recordChange, type RegistryWork } from "./registry-work.ts";
import { resolveReferences, type ResolvedDigests } from "./resolve-references.ts";

export type RegisterReleaseOptions = {
  /** "releases[2]" in a bundle, "" alone: where problems are reported. */
  readonly path: string;
  /** References that the bundle itself gives a meaning. */
  readonly known: ReadonlyMap<string, string>;
};

/** The same tuple of the same feature is the same release; it keeps its number. */
export async function registerRelease(
  work: RegistryWork,
  draft: ReleaseDraft,
  options: RegisterReleaseOptions,
): Promise<Registered<ReleaseSummary>> {
  await lockFeature(work, draft.feature, options.path);
  const digests = await resolveReferences(work.trx, draft.references, options);
  const components = await componentsOf(work.trx, digests);
  const same = await work.trx
    .selectFrom("releases as r")
    .selectAll("r")
    .where("r.feature", "=", draft.feature)
    .where("r.digest", "=", releaseDigest(draft.feature, components))
    .limit(1)
    .executeTakeFirst();
  if (same !== undefined) {
    return { change: "unchanged", record: await summaryOf(work.trx, same), isRouting: false };
  }
  const number = await nextNumber(work, draft.feature);
  const release = createRelease({ feature: draft.feature, number, components });
  const row = rowOf(work, { release, digests, message: draft.message });
  await work.trx.insertInto("releases").values(row).execute();
  await recordChange(work, {
    action: "release.registered",
    subject: release.id,
    body: { digest: release.digest, components: { ...digests }, message: draft.message },
  });
  return { change: "created", record: await summaryOf(work.trx, row), isRouting: false };
}

/** Held until the commit, so that two releases never get one number. */
async function lockFeature(work: RegistryWork, feature: string, path: string): Promise<void> {
  const row = await work.trx
    .selectFrom("features as f")
    .select("f.key")
    .where("f.key", "=", feature)
    .forUpdate()
    .executeTakeFirst();
  if (row !== undefined) return;
  const problem: ConfigurationProblem = {
    path: path === "" ? "feature" : `${path}.feature`,
    message: `There is no feature "${feature}".`,
  };
  throw new AppError("feature_not_found", `There is no feature "${feature}" to release for.`, {
    details: { problems: [problem] },
  });
}

async function nextNumber(work: RegistryWork, feature: string): Promise<number> {
  const row = await work.trx
    .selectFrom("releases as r")
    .select((eb) => eb.fn.max("r.number").as("number"))
    .where("r.feature", "=", feature)
    .executeTakeFirst();
  return (row?.number ?? 0) + 1;
}

function rowOf(
  work: RegistryWork,
  made: {
    readonly release: Release;
    readonly digests: ResolvedDigests;
    readonly message: string;
  },
): Selectable<ReleasesTable> {
  const { release, digests, message } = made;
  invariant(digests.prompt !== null && digests.model !== null, "a release has prompt and model");
  return {
    id: release.id,
    feature: release.feature,
    number: release.number,
    digest: release.digest,
    prompt_digest: digests.prompt,
    model_digest: digests.model,
    index_digest: digests.index,
    guardrails_digest: digests.guardrails,
    dataset_digest: digests.dataset,
    app_digest: digests.app,
    author: work.actor,
    message,
    created_at_ms: work.nowMs,
  };
}

/** The six parts with their contents; null when there is no such release. */
export async function loadReleaseComponents(
  db: Kysely<Schema>,
  releaseId: string,
): Promise<ReleaseComponents | null> {
  const row = await findRow(db, releaseId);
  return row === null ? null : componentsOf(db, digestsOf(row));
}

export async function loadRelease(
  db: Kysely<Schema>,
  releaseId: string,
): Promise<ReleaseSummary | null> {
  const row = await findRow(db, releaseId);
  return row === null ? null : summaryOf(db, row);
}

export async function listReleases(
  db: Kysely<Schema>,
  query: PageRequest & { readonly feature?: string },
): Promise<Page<ReleaseSummary>> {
  const after = parseCursor(query.cursor);
  let select = db.selectFrom("releases as r").selectAll("r");
  if (query.feature !== undefined) select = select.where("r.feature", "=", query.feature);
  if (after !== null) {
    const { feature, number } = parseReleaseId(after.id);
    select = select.where((eb) =>
      eb(
        eb.refTuple("r.created_at_ms", "r.number", "r.feature"),
        "<",
        eb.tuple(after.atMs, number, feature),
      ),
    );
  }
  const rows = await select
    .orderBy("r.created_at_ms", "desc")
    .orderBy("r.number", "desc")
    .orderBy("r.feature", "desc")
    .limit(query.limit + 1)
    .execute();
  return pageOf(await summariesOf(db, rows), query.limit, (item) => ({
    atMs: item.createdAtMs,
    id: item.id,
  }));
}

async function findRow(
  db: Kysely<Schema>,
  releaseId: string,
): Promise<Selectable<ReleasesTable> | null> {
  const row = await db
    .selectFrom("releases as r")
    .selectAll("r")
    .where("r.id", "=", releaseId)
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

function digestsOf(row: Selectable<ReleasesTable>): ResolvedDigests {
  return {
    prompt: row.prompt_digest,
    model: row.model_digest,
    index: row.index_digest,
    guardrails: row.guardrails_digest,
    dataset: row.dataset_digest,
    app: row.app_digest,
  };
}

const present = (digests: ResolvedDigests): string[] =>
  COMPONENT_KINDS.flatMap((kind) => digests[kind] ?? []);

async function componentsOf(
  db: Kysely<Schema>,
  digests: ResolvedDigests,
): Promise<ReleaseComponents> {
  const found = await loadComponents(db, present(digests));
  const part = <K extends ComponentKind>(kind: K): Component<K> | null => {
    const digest = digests[kind];
    const record = digest === null ? undefined : found.get(digest);
    invariant(digest === null || record?.kind === kind, `${kind} ${digest} is registered`);
    if (record === undefined) return null;
    const { name, label, content } = record;
    return { kind, name, label, digest: record.digest, content } as Component<K>;
  };
  const [prompt, model] = [part("prompt"), part("model")];
  invariant(prompt !== null && model !== null, "a release has prompt and model");
  return {
    prompt,
    model,
    index: part("index"),
    guardrails: part("guardrails"),
    dataset: part("dataset"),
    app: part("app"),
  };
}

async function summaryOf(
  db: Kysely<Schema>,
  row: Selectable<ReleasesTable>,
): Promise<ReleaseSummary> {
  const [summary] = await summariesOf(db, [row]);
  invariant(summary !== undefined, "one row gives one summary");
  return summary;
}

async function summariesOf(
  db: Kysely<Schema>,
  rows: readonly Selectable<ReleasesTable>[],
): Promise<ReleaseSummary[]> {
  const wanted = [...new Set(rows.flatMap((row) => present(digestsOf(row))))];
  const found = await loadSummaries(db, wanted);
  return rows.map((row) => {
    const digests = digestsOf(row);
    const part = (kind: ComponentKind) => found.get(digests[kind] ?? "") ?? null;
    const [prompt, model] = [part("prompt"), part("model")];
    return {
      id: row.id as ReleaseId,
      feature: row.feature,
      number: row.number,
      digest: row.digest,
      promptIdentity: `${prompt?.name}:${prompt?.label}:${model?.modelId}`,
      components: {
        prompt,
        model,
        index: part("index"),
        guardrails: part("guardrails"),
        dataset: part("dataset"),
        app: part("app"),
      },
      author: row.author,
      message: row.message,
      createdAtMs: row.created_at_ms,
    };
  });
}
