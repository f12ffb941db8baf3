import type {
  Component,
  ComponentKind,
  Release,
  ReleaseComponents,
  ReleaseId,
} from "@spillway/core";
import { COMPONENT_KINDS, invariant } from "@spillway/core";
import type { Database } from "./database.ts";
import type { Trx } from "./transaction.ts";

type Reader = Trx | Database["kysely"];

/** Releases with their components, by id. Ids that do not exist are missing from the map. */
export async function loadReleases(
  reader: Reader,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Release>> {
  if (ids.length === 0) return new Map();
  const rows = await reader
    .selectFrom("releases as r")
    .selectAll("r")
    .where("r.id", "in", [...new Set(ids)])
    .execute();
  const digests = rows.flatMap((row) =>
    COMPONENT_KINDS.flatMap((kind) => digestOf(row, kind) ?? []),
  );
  const components = await loadComponents(reader, digests);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id as ReleaseId,
        feature: row.feature,
        number: row.number,
        digest: row.digest,
        components: componentsOf(row, components),
      },
    ]),
  );
}

type ReleaseRow = {
  readonly id: string;
  readonly prompt_digest: string;
  readonly model_digest: string;
  readonly index_digest: string | null;
  readonly guardrails_digest: string | null;
  readonly dataset_digest: string | null;
  readonly app_digest: string | null;
};

function digestOf(row: ReleaseRow, kind: ComponentKind): string | null {
  return row[`${kind}_digest`];
}

async function loadComponents(
  reader: Reader,
  digests: readonly string[],
): Promise<ReadonlyMap<string, Component>> {
  if (digests.length === 0) return new Map();
  const rows = await reader
    .selectFrom("components as c")
    .select(["c.digest", "c.kind", "c.name", "c.label", "c.content"])
    .where("c.digest", "in", [...new Set(digests)])
    .execute();
  return new Map(rows.map((row) => [row.digest, row as unknown as Component]));
}

function componentsOf(
  row: ReleaseRow,
  components: ReadonlyMap<string, Component>,
): ReleaseComponents {
  const entries = COMPONENT_KINDS.map((kind) => {
    const digest = digestOf(row, kind);
    const component = digest === null ? null : components.get(digest);
    invariant(component !== undefined, `the ${kind} of ${row.id} is stored`);
    return [kind, component];
  });
  return Object.fromEntries(entries) as ReleaseComponents;
}
