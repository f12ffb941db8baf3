import type { Component, ComponentContents, ComponentDraft, ComponentKind } from "@spillway/core";
import { AppError, createComponent } from "@spillway/core";
import { sql, type Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { pageOf, parseCursor } from "./page-cursor.ts";
import type {
  ComponentRecord,
  ComponentSummary,
  Page,
  PageRequest,
  Registered,
} from "../../ports/registry-records.ts";
import { recordChange, type RegistryWork } from "./registry-work.ts";

const SUMMARY_COLUMNS = [
  "c.digest",
  "c.kind",
  "c.name",
  "c.label",
  "c.author",
  "c.message",
  "c.created_at_ms",
] as const;

type SummaryRow = {
  readonly digest: string;
  readonly kind: ComponentKind;
  readonly name: string;
  readonly label: string;
  readonly author: string;
  readonly message: string;
  readonly created_at_ms: number;
};

/** The same content under the same name is the same version, whatever its label. */
export async function registerComponent(
  work: RegistryWork,
  draft: ComponentDraft & { readonly message: string },
): Promise<Registered<ComponentSummary>> {
  const component = createComponent(draft);
  const same = await findSummary(work.trx, component.digest);
  if (same !== null) return { change: "unchanged", record: same, isRouting: false };
  await refuseTakenLabel(work, component);
  const record: ComponentSummary = {
    kind: component.kind,
    name: component.name,
    label: component.label,
    digest: component.digest,
    author: work.actor,
    message: draft.message,
    createdAtMs: work.nowMs,
  };
  await insertComponent(work, record, component);
  const { kind, name, label, digest } = record;
  await recordChange(work, {
    action: "component.registered",
    subject: `${kind}/${name}:${label}`,
    body: { kind, name, label, digest, message: draft.message },
  });
  return { change: "created", record, isRouting: false };
}

async function insertComponent(
  work: RegistryWork,
  record: ComponentSummary,
  component: Component,
): Promise<void> {
  await work.trx
    .insertInto("components")
    .values({
      digest: record.digest,
      kind: record.kind,
      name: record.name,
      label: record.label,
      content: JSON.stringify(component.content),
      author: record.author,
      message: record.message,
      created_at_ms: record.createdAtMs,
    })
    .execute();
}

async function refuseTakenLabel(work: RegistryWork, component: Component): Promise<void> {
  const { kind, name, label, digest } = component;
  const taken = await work.trx
    .selectFrom("components as c")
    .select("c.digest")
    .where("c.kind", "=", kind)
    .where("c.name", "=", name)
    .where("c.label", "=", label)
    .limit(1)
    .executeTakeFirst();
  if (taken === undefined) return;
  throw new AppError(
    "conflict",
    `The ${kind} ${name} ${label} is registered with other content: ${taken.digest} is there, ` +
      `${digest} was sent. A version never changes; choose another label.`,
    { details: { registeredDigest: taken.digest, sentDigest: digest } },
  );
}

async function findSummary(db: Kysely<Schema>, digest: string): Promise<ComponentSummary | null> {
  const row = await db
    .selectFrom("components as c")
    .select(SUMMARY_COLUMNS)
    .where("c.digest", "=", digest)
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : summaryOf(row);
}

/** By digest or by `name:label`; null when there is no such version of that kind. */
export async function findByReference(
  db: Kysely<Schema>,
  wanted: { readonly kind: ComponentKind; readonly reference: string },
): Promise<ComponentSummary | null> {
  const { kind, reference } = wanted;
  const colon = reference.lastIndexOf(":");
  const row = await db
    .selectFrom("components as c")
    .select(SUMMARY_COLUMNS)
    .where("c.kind", "=", kind)
    .where((eb) =>
      colon < 0
        ? eb("c.digest", "=", reference)
        : eb.and([
            eb("c.name", "=", reference.slice(0, colon)),
            eb("c.label", "=", reference.slice(colon + 1)),
          ]),
    )
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : summaryOf(row);
}

export async function loadComponent(
  db: Kysely<Schema>,
  digest: string,
): Promise<ComponentRecord | null> {
  const found = await loadComponents(db, [digest]);
  return found.get(digest) ?? null;
}

/** With their contents, by digest. At most the parts of one release are asked for at a time. */
export async function loadComponents(
  db: Kysely<Schema>,
  digests: readonly string[],
): Promise<ReadonlyMap<string, ComponentRecord>> {
  if (digests.length === 0) return new Map();
  const rows = await db
    .selectFrom("components as c")
    .select([...SUMMARY_COLUMNS, "c.content"])
    .where("c.digest", "in", digests)
    .limit(digests.length)
    .execute();
  return new Map(
    rows.map((row) => [
      row.digest,
      { ...summaryOf(row), content: row.content as ComponentContents[ComponentKind] },
    ]),
  );
}

/** Without contents, by digest; a model's own id comes along, for the identity people read. */
export async function loadSummaries(
  db: Kysely<Schema>,
  digests: readonly string[],
): Promise<ReadonlyMap<string, ComponentSummary & { readonly modelId: string | null }>> {
  if (digests.length === 0) return new Map();
  const rows = await db
    .selectFrom("components as c")
    .select([...SUMMARY_COLUMNS])
    .select(sql<string | null>`c.content ->> 'id'`.as("model_id"))
    .where("c.digest", "in", digests)
    .limit(digests.length)
    .execute();
  return new Map(
    rows.map((row) => {
      const modelId = row.kind === "model" ? row.model_id : null;
      return [row.digest, { ...summaryOf(row), modelId }];
    }),
  );
}

export async function listComponents(
  db: Kysely<Schema>,
  query: PageRequest & { readonly kind?: ComponentKind; readonly name?: string },
): Promise<Page<ComponentSummary>> {
  const after = parseCursor(query.cursor);
  let select = db.selectFrom("components as c").select(SUMMARY_COLUMNS);
  if (query.kind !== undefined) select = select.where("c.kind", "=", query.kind);
  if (query.name !== undefined) select = select.where("c.name", "=", query.name);
  if (after !== null) {
    select = select.where((eb) =>
      eb(eb.refTuple("c.created_at_ms", "c.digest"), "<", eb.tuple(after.atMs, after.id)),
    );
  }
  const rows = await select
    .orderBy("c.created_at_ms", "desc")
    .orderBy("c.digest", "desc")
    .limit(query.limit + 1)
    .execute();
  return pageOf(rows.map(summaryOf), query.limit, (item) => ({
    atMs: item.createdAtMs,
    id: item.digest,
  }));
}

function summaryOf(row: SummaryRow): ComponentSummary {
  return {
    kind: row.kind,
    name: row.name,
    label: row.label,
    digest: row.digest,
    author: row.author,
    message: row.message,
    createdAtMs: row.created_at_ms,
  };
}
