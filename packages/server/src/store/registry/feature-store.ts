import type { ConfigurationProblem, Feature, Json, ReleaseId } from "@spillway/core";
import {
  AppError,
  canonicalJson,
  featureProblems,
  problemPath,
  rolloutConflicts,
  servingProblems,
} from "@spillway/core";
import { sql, type Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import type { FeatureRecord, Registered } from "../../ports/registry-records.ts";
import type { RegistryChecks } from "./registry-hooks.ts";
import { recordChange, type RegistryWork } from "./registry-work.ts";

/** More features than this on one installation is a mistake of whoever generates them. */
const FEATURES_MAX = 1_000;

/** Everything that is wrong with a definition by itself, scorers included. */
export function definitionProblems(
  definition: Feature,
  checks: RegistryChecks,
): ConfigurationProblem[] {
  const scorers = definition.scorers.flatMap((scorer, index) =>
    checks
      .scorerProblems(scorer)
      .map(({ path, message }) => ({ path: problemPath(`scorers[${index}]`, path), message })),
  );
  return [...featureProblems(definition), ...scorers];
}

/** Stores a checked definition. What it refers to is checked by `fallbackProblem`. */
export async function storeFeature(
  work: RegistryWork,
  definition: Feature,
): Promise<Registered<FeatureRecord>> {
  const before = await loadFeature(work.trx, definition.key);
  if (before !== null && isSame(before.definition, definition)) {
    return { change: "unchanged", record: before, isRouting: false };
  }
  if (before === null) {
    await refuseTooMany(work);
  } else {
    refuseUnfitChange(before, definition);
  }
  await work.trx
    .insertInto("features")
    .values({
      key: definition.key,
      definition: JSON.stringify(definition),
      created_at_ms: work.nowMs,
      updated_at_ms: work.nowMs,
    })
    .onConflict((conflict) =>
      conflict.column("key").doUpdateSet({
        definition: JSON.stringify(definition),
        updated_at_ms: work.nowMs,
      }),
    )
    .execute();
  const change = before === null ? "created" : "updated";
  await recordChange(work, {
    action: `feature.${change}`,
    subject: definition.key,
    body: { before: asJson(before?.definition ?? null), after: asJson(definition) },
  });
  const record: FeatureRecord = {
    baseline: before?.baseline ?? null,
    isKilled: before?.isKilled ?? false,
    activeRolloutId: before?.activeRolloutId ?? null,
    definition,
    createdAtMs: before?.createdAtMs ?? work.nowMs,
    updatedAtMs: work.nowMs,
  };
  return { change, record, isRouting: record.baseline !== null };
}

async function refuseTooMany(work: RegistryWork): Promise<void> {
  const row = await work.trx
    .selectFrom("features as f")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirst();
  if ((row?.count ?? 0) < FEATURES_MAX) return;
  throw new AppError(
    "conflict",
    `There are ${row?.count} features; at most ${FEATURES_MAX} are kept.`,
  );
}

function refuseUnfitChange(before: FeatureRecord, after: Feature): void {
  const touched = before.activeRolloutId === null ? [] : rolloutConflicts(before.definition, after);
  if (touched.length > 0) {
    throw new AppError(
      "conflict",
      `Of ${after.key}, ${touched.join(", ")} cannot change during rollout ${before.activeRolloutId}: ` +
        "its evidence would mix what was before and after. Finish the rollout or roll it back first.",
    );
  }
  if (before.baseline === null) return;
  const problems = servingProblems(after);
  if (problems.length === 0) return;
  throw new AppError("invalid_configuration", problems.map((each) => each.message).join(" "), {
    details: { problems },
  });
}

/** A fallback that leads to no release of the feature; null when it does or there is none. */
export async function fallbackProblem(
  db: Kysely<Schema>,
  definition: Feature,
): Promise<ConfigurationProblem | null> {
  const { fallback } = definition;
  if (fallback === null || fallback.kind === "static") return null;
  const row = await db
    .selectFrom("releases as r")
    .select("r.id")
    .where("r.id", "=", fallback.releaseId)
    .where("r.feature", "=", definition.key)
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined) return null;
  const message = `The fallback of ${definition.key} is ${fallback.releaseId}, which is no release of it.`;
  return { path: "fallback.releaseId", message };
}

export async function loadFeature(db: Kysely<Schema>, key: string): Promise<FeatureRecord | null> {
  const row = await selectFeatures(db).where("f.key", "=", key).limit(1).executeTakeFirst();
  return row === undefined ? null : recordOf(row);
}

/** By key. */
export async function listFeatures(db: Kysely<Schema>): Promise<FeatureRecord[]> {
  const rows = await selectFeatures(db).orderBy("f.key").limit(FEATURES_MAX).execute();
  return rows.map(recordOf);
}

/** The partial unique index of the table allows one live rollout per feature. */
function selectFeatures(db: Kysely<Schema>) {
  return db
    .selectFrom("features as f")
    .leftJoin("rollouts as o", (join) =>
      join
        .onRef("o.feature", "=", "f.key")
        .on("o.state_kind", "in", ["pending", "progressing", "held", "paused"]),
    )
    .select(["f.definition", "f.baseline", "f.is_killed", "f.created_at_ms", "f.updated_at_ms"])
    .select("o.id as rollout_id");
}

function recordOf(row: {
  readonly definition: unknown;
  readonly baseline: string | null;
  readonly is_killed: boolean;
  readonly rollout_id: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}): FeatureRecord {
  return {
    definition: row.definition as Feature,
    baseline: row.baseline as ReleaseId | null,
    isKilled: row.is_killed,
    activeRolloutId: row.rollout_id,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  };
}

/** A definition is JSON as it stands. */
const asJson = (definition: Feature | null): Json => definition;

const isSame = (before: Feature, after: Feature): boolean =>
  canonicalJson(asJson(before)) === canonicalJson(asJson(after));

/** Held until the commit: the baseline is about to be decided on. */
export async function lockFeature(work: RegistryWork, key: string): Promise<FeatureRecord | null> {
  await sql`select 1 from features as f where f.key = ${key} for update`.execute(work.trx);
  return loadFeature(work.trx, key);
}
