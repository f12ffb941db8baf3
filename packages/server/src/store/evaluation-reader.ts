import type { DatasetCase, Feature } from "@spillway/core";
import type { Database } from "./database.ts";
import { loadReleases } from "./release-reader.ts";

export async function loadFeatureDefinitions(
  database: Database,
  keys: readonly string[],
): Promise<
  readonly {
    readonly definition: Feature;
    readonly baseline: string | null;
    readonly isKilled: boolean;
  }[]
> {
  if (keys.length === 0) return [];
  const rows = await database.kysely
    .selectFrom("features as f")
    .select(["f.definition", "f.baseline", "f.is_killed"])
    .where("f.key", "in", [...keys])
    .execute();
  return rows.map((row) => ({
    definition: row.definition as Feature,
    baseline: row.baseline,
    isKilled: row.is_killed,
  }));
}

/** The cases of the releases' datasets; a release without a dataset is missing. */
export async function loadCasesOfReleases(
  database: Database,
  releases: readonly string[],
): Promise<ReadonlyMap<string, readonly DatasetCase[]>> {
  const loaded = await loadReleases(database.kysely, releases);
  return new Map(
    [...loaded].flatMap(([id, { components }]) => {
      const content = components.dataset?.content;
      return content === undefined ? [] : [[id, content.cases] as const];
    }),
  );
}
