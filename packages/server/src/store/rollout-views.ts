import type {
  ComponentChange,
  GateReport,
  JsonObject,
  Requirement,
  Rollout,
  StageExposure,
} from "@spillway/core";
import { diffReleases, exposuresOfRevision, invariant } from "@spillway/core";
import type { Database } from "./database.ts";
import { loadExposures } from "./evidence-store.ts";
import { shadowDropsOf } from "./gateway-store.ts";
import { loadReleases } from "./release-reader.ts";
import type { StoredRollout } from "./rollout-store.ts";

/** A rollout with everything that its screen shows. */
export type RolloutView = {
  readonly rollout: Rollout;
  readonly strategyDocument: JsonObject;
  readonly report: GateReport | null;
  readonly sentence: string;
  readonly unmet: readonly Requirement[];
  readonly exposures: readonly StageExposure[];
  readonly shadowDrops: Readonly<Record<string, number>>;
  readonly changes: readonly ComponentChange[];
  readonly updatedAtMs: number;
};

/** Views of these rollouts, in their order. Bounded by the caller's page. */
export async function viewRollouts(
  database: Database,
  rollouts: readonly StoredRollout[],
): Promise<readonly RolloutView[]> {
  const ids = rollouts.map(({ rollout }) => rollout.id);
  const releases = await loadReleases(
    database.kysely,
    rollouts.flatMap(({ rollout }) => [rollout.baseline, rollout.candidate]),
  );
  const exposures = await loadExposures(database, ids);
  const drops = await shadowDropsOf(database, ids);
  return rollouts.map((stored) => {
    const { rollout } = stored;
    const baseline = releases.get(rollout.baseline);
    const candidate = releases.get(rollout.candidate);
    invariant(baseline !== undefined && candidate !== undefined, `releases of ${rollout.id} exist`);
    return {
      rollout,
      strategyDocument: stored.strategyDocument as JsonObject,
      report: stored.report,
      sentence: stored.sentence,
      unmet: stored.unmet,
      exposures: exposuresOfRevision(rollout, exposures.get(rollout.id) ?? []),
      shadowDrops: drops.get(rollout.id) ?? {},
      changes: diffReleases(baseline.components, candidate.components),
      updatedAtMs: stored.updatedAtMs,
    };
  });
}
