import type { Feature, SliceShare } from "@spillway/core";
import { frozenSlices, otherSliceOf, slicesOf } from "@spillway/core";
import type { Database } from "./database.ts";
import { loadReleases } from "./release-reader.ts";

/** A week has every weekday once. */
const WINDOW_MS = 7 * 86_400_000;
/** The newest of them name every slice that is worth a place, and bound the query. */
const EXCHANGES_MAX = 5_000;

/**
 * The slices to judge a rollout by: those of the datasets' cases, and of the traffic of the last week, the
 * most frequent first, and one place for the rest of each attribute. Where nothing is known yet these are all:
 * values that turn up are judged together, since a place that is given to whichever comes first would be
 * chosen after the fact. Empty when the feature has no slices.
 */
export async function loadTypicalSlices(
  database: Database,
  of: { readonly feature: Feature; readonly releases: readonly string[]; readonly nowMs: number },
): Promise<readonly string[]> {
  const { feature } = of;
  if (feature.slices.length === 0) return [];
  const counts = new Map<string, number>();
  const count = (attributes: Readonly<Record<string, string>>): void => {
    for (const slice of slicesOf(feature, attributes))
      counts.set(slice, (counts.get(slice) ?? 0) + 1);
  };
  const releases = await loadReleases(database.kysely, of.releases);
  for (const { components } of releases.values()) {
    for (const { attributes } of components.dataset?.content.cases ?? []) count(attributes ?? {});
  }
  for (const attributes of await recentAttributes(database, feature, of.nowMs)) count(attributes);
  const byCount = [...counts].toSorted(
    ([left, leftCount], [right, rightCount]) => rightCount - leftCount || (left < right ? -1 : 1),
  );
  return frozenSlices(
    feature.slices,
    byCount.map(([slice]) => slice),
  );
}

/**
 * What part of the traffic each judged slice has, of the last week's newest requests; values that are not
 * listed count as their attribute's "other", as the gate takes them. Slices without a request are left out.
 */
export async function loadSliceShares(
  database: Database,
  of: { readonly feature: Feature; readonly slices: readonly string[]; readonly nowMs: number },
): Promise<readonly SliceShare[]> {
  const { feature, slices } = of;
  if (slices.length === 0) return [];
  const listed = new Set(slices);
  const counts = new Map<string, number>();
  const all = await recentAttributes(database, feature, of.nowMs);
  for (const attributes of all) {
    for (const slice of slicesOf(feature, attributes)) {
      const judged = listed.has(slice) ? slice : otherSliceOf(slice);
      if (listed.has(judged)) counts.set(judged, (counts.get(judged) ?? 0) + 1);
    }
  }
  return [...counts].map(([name, count]) => ({ name, share: count / all.length }));
}

async function recentAttributes(
  database: Database,
  feature: Feature,
  nowMs: number,
): Promise<readonly Readonly<Record<string, string>>[]> {
  const rows = await database.kysely
    .selectFrom("exchanges as x")
    .select("x.record")
    .where("x.feature", "=", feature.key)
    .where("x.role", "=", "primary")
    .where("x.started_at_ms", ">", nowMs - WINDOW_MS)
    .orderBy("x.started_at_ms", "desc")
    .limit(EXCHANGES_MAX)
    .execute();
  return rows.map(
    ({ record }) =>
      (record as { readonly attributes: Readonly<Record<string, string>> }).attributes,
  );
}
