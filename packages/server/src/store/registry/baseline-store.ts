import type { ReleaseId } from "@spillway/core";
import { AppError, problemPath, servingProblems } from "@spillway/core";
import { fallbackProblem, lockFeature } from "./feature-store.ts";
import type { BaselineDraft, FeatureRecord, Registered } from "../../ports/registry-records.ts";
import { recordChange, type RegistryWork } from "./registry-work.ts";

/**
 * The first release that a feature serves. A feature that serves already is left alone: moving it is
 * what a rollout is for.
 */
export async function setFirstBaseline(
  work: RegistryWork,
  draft: BaselineDraft,
  path: string,
): Promise<Registered<{ readonly feature: string; readonly baseline: ReleaseId }>> {
  const found = await lockFeature(work, draft.feature);
  if (found === null) {
    const message = `There is no feature "${draft.feature}".`;
    throw refusal("feature_not_found", problemPath(path, "feature"), message);
  }
  if (found.baseline !== null) {
    const record = { feature: draft.feature, baseline: found.baseline };
    return { change: "unchanged", record, isRouting: false };
  }
  const baseline = await findRelease(work, draft);
  if (baseline === null) {
    const message = `There is no release "${draft.release}" of ${draft.feature}.`;
    throw refusal("invalid_configuration", problemPath(path, "release"), message);
  }
  await refuseUnfit(work, found);
  await work.trx
    .updateTable("features as f")
    .set({ baseline, updated_at_ms: work.nowMs })
    .where("f.key", "=", draft.feature)
    .execute();
  await recordChange(work, { action: "baseline.set", subject: draft.feature, body: { baseline } });
  return { change: "created", record: { feature: draft.feature, baseline }, isRouting: true };
}

/** By id (`search@3`) or by digest. */
async function findRelease(work: RegistryWork, draft: BaselineDraft): Promise<ReleaseId | null> {
  const row = await work.trx
    .selectFrom("releases as r")
    .select("r.id")
    .where("r.feature", "=", draft.feature)
    .where((eb) => eb.or([eb("r.id", "=", draft.release), eb("r.digest", "=", draft.release)]))
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : (row.id as ReleaseId);
}

async function refuseUnfit(work: RegistryWork, found: FeatureRecord): Promise<void> {
  const dangling = await fallbackProblem(work.trx, found.definition);
  const problems = [...servingProblems(found.definition), ...(dangling === null ? [] : [dangling])];
  if (problems.length === 0) return;
  throw new AppError("invalid_configuration", problems.map((each) => each.message).join(" "), {
    details: { problems },
  });
}

function refusal(
  code: "feature_not_found" | "invalid_configuration",
  path: string,
  message: string,
): AppError {
  return new AppError(code, message, { details: { problems: [{ path, message }] } });
}
