import type {
  AssignmentPolicy,
  AssignmentUnit,
  Fallback,
  PinRule,
  RiskTier,
} from "../feature/feature.ts";
import type { ReleaseComponents, ReleaseId } from "../release/release.ts";

/**
 * The immutable, versioned state that a gateway serves from. It holds everything that a request
 * needs, so that the request path asks nobody; the evaluation datasets stay behind.
 */
export type Snapshot = {
  /** Grows by one with each change, over all features. */
  readonly revision: number;
  readonly createdAtMs: number;
  readonly features: Readonly<Record<string, FeatureRoute>>;
  readonly releases: Readonly<Record<string, ServableRelease>>;
  readonly keys: readonly GatewayKey[];
};

export type FeatureRoute = {
  readonly key: string;
  readonly title: string;
  readonly tier: RiskTier;
  readonly assignment: AssignmentPolicy;
  readonly rules: readonly PinRule[];
  readonly slices: readonly string[];
  readonly fallback: Fallback | null;
  readonly slaLatencyMs: number | null;
  /** While on, everyone gets the baseline and nothing is shadowed. */
  readonly isKilled: boolean;
  readonly baseline: ReleaseId;
  readonly rollout: RolloutRoute | null;
};

/** How a rollout under way splits the traffic. */
export type RolloutRoute = {
  readonly rolloutId: string;
  readonly candidate: ReleaseId;
  /** Counted through over all revisions of the strategy, so that evidence is never mixed up. */
  readonly stageIndex: number;
  readonly stageKind: string;
  /** Share of units that the candidate answers, 0..10000. */
  readonly shareBps: number;
  /** Share of requests of which the other arm gets a shadow copy, 0..10000. */
  readonly shadowBps: number;
  readonly algorithm: string;
  /** Rings that are served the candidate by now; a feature's rule of another ring rests. Absent: none. */
  readonly rings?: readonly string[];
  /** What is assigned as one while the rollout lasts. Absent: as the feature says. */
  readonly unit?: AssignmentUnit;
};

export type ServableRelease = {
  readonly id: ReleaseId;
  readonly digest: string;
  readonly promptIdentity: string;
  readonly prompt: ReleaseComponents["prompt"];
  readonly model: ReleaseComponents["model"];
};

/** Keys are long and random, so a plain SHA-256 is enough to keep them unreadable. */
export type GatewayKey = {
  readonly id: string;
  readonly sha256: string;
  /** Feature keys that it may call; ["*"] is all. */
  readonly features: readonly string[];
  readonly expiresAtMs: number | null;
};
