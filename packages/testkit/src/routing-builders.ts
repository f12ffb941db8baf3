import { createHash } from "node:crypto";
import type {
  FeatureRoute,
  GatewayKey,
  ModelContent,
  PromptContent,
  RolloutRoute,
  ServableRelease,
  Snapshot,
} from "@spillway/core";
import { createComponent, promptIdentity, releaseDigest, releaseId } from "@spillway/core";

/** A key that every built snapshot knows. */
export const GATEWAY_SECRET = "secret-of-the-tests";

export type ReleaseSpec = {
  readonly feature?: string;
  readonly number: number;
  readonly model?: Partial<ModelContent>;
  readonly prompt?: Partial<PromptContent>;
  readonly promptLabel?: string;
};

export function buildServableRelease(spec: ReleaseSpec): ServableRelease {
  const feature = spec.feature ?? "support";
  const prompt = createComponent({
    kind: "prompt",
    name: `${feature}-prompt`,
    label: spec.promptLabel ?? `v${spec.number}`,
    content: {
      messages: [{ role: "system", content: `You are release ${spec.number}.` }],
      fewShot: [],
      variables: {},
      ...spec.prompt,
    },
  });
  const model = createComponent({
    kind: "model",
    name: `${feature}-model`,
    label: `v${spec.number}`,
    content: { provider: "openai", id: `model-${spec.number}`, parameters: {}, ...spec.model },
  });
  const components = { prompt, model, index: null, guardrails: null, dataset: null, app: null };
  return {
    id: releaseId(feature, spec.number),
    digest: releaseDigest(feature, components),
    promptIdentity: promptIdentity(components),
    prompt,
    model,
  };
}

export function buildRoute(overrides: Partial<FeatureRoute> = {}): FeatureRoute {
  const key = overrides.key ?? "support";
  return {
    key,
    title: key,
    tier: 2,
    assignment: { unit: "request", attribute: null, onMissing: "error", salt: key },
    rules: [],
    slices: [],
    fallback: null,
    slaLatencyMs: null,
    isKilled: false,
    baseline: releaseId(key, 1),
    rollout: null,
    ...overrides,
  };
}

export function buildRolloutRoute(overrides: Partial<RolloutRoute> = {}): RolloutRoute {
  return {
    rolloutId: "roll_1",
    candidate: releaseId("support", 2),
    stageIndex: 0,
    stageKind: "canary",
    shareBps: 0,
    shadowBps: 0,
    algorithm: "flagd-fractional-v2",
    ...overrides,
  };
}

export function buildGatewayKey(overrides: Partial<GatewayKey> = {}): GatewayKey {
  return {
    id: "key_1",
    sha256: createHash("sha256").update(GATEWAY_SECRET).digest("hex"),
    features: ["*"],
    expiresAtMs: null,
    ...overrides,
  };
}

export function buildSnapshot(
  parts: {
    readonly revision?: number;
    readonly routes?: readonly FeatureRoute[];
    readonly releases?: readonly ServableRelease[];
    readonly keys?: readonly GatewayKey[];
  } = {},
): Snapshot {
  const routes = parts.routes ?? [buildRoute()];
  const releases = parts.releases ?? [
    buildServableRelease({ number: 1 }),
    buildServableRelease({ number: 2 }),
  ];
  return {
    revision: parts.revision ?? 1,
    createdAtMs: 0,
    features: Object.fromEntries(routes.map((route) => [route.key, route])),
    releases: Object.fromEntries(releases.map((release) => [release.id, release])),
    keys: parts.keys ?? [buildGatewayKey()],
  };
}
