import { invariant } from "../errors.ts";
import type { Feature } from "../feature/feature.ts";
import type { Release, ReleaseId } from "../release/release.ts";
import { promptIdentity } from "../release/release.ts";
import type {
  FeatureRoute,
  GatewayKey,
  RolloutRoute,
  ServableRelease,
  Snapshot,
} from "./snapshot.ts";

export type FeatureState = {
  readonly feature: Feature;
  /** Null until a first release serves: the feature is not in the snapshot then. */
  readonly baseline: ReleaseId | null;
  readonly isKilled: boolean;
  readonly route: RolloutRoute | null;
};

/** The routing state that follows from the registry and the rollouts. Pure, so it can be replayed. */
export function buildSnapshot(parts: {
  readonly revision: number;
  readonly createdAtMs: number;
  readonly features: readonly FeatureState[];
  readonly releases: ReadonlyMap<string, Release>;
  readonly keys: readonly GatewayKey[];
}): Snapshot {
  const features: Record<string, FeatureRoute> = {};
  const releases: Record<string, ServableRelease> = {};
  const serve = (id: ReleaseId): void => {
    const release = parts.releases.get(id);
    invariant(release !== undefined, `the routed release ${id} exists`);
    releases[id] = servable(release);
  };
  for (const { feature, baseline, isKilled, route } of parts.features) {
    if (baseline === null) continue;
    serve(baseline);
    if (route !== null) serve(route.candidate);
    if (feature.fallback?.kind === "release") serve(feature.fallback.releaseId as ReleaseId);
    features[feature.key] = {
      key: feature.key,
      title: feature.title,
      tier: feature.tier,
      assignment: feature.assignment,
      rules: feature.rules,
      slices: feature.slices,
      fallback: feature.fallback,
      slaLatencyMs: feature.slaLatencyMs,
      isKilled,
      baseline,
      rollout: route,
    };
  }
  const { revision, createdAtMs, keys } = parts;
  return { revision, createdAtMs, features, releases, keys };
}

function servable(release: Release): ServableRelease {
  return {
    id: release.id,
    digest: release.digest,
    promptIdentity: promptIdentity(release.components),
    prompt: release.components.prompt,
    model: release.components.model,
  };
}
