/** What the registry keeps, as the store gives it and the control API shows it. */
import type {
  Component,
  ComponentDraft,
  ComponentKind,
  Feature,
  JsonObject,
  Release,
  ReleaseId,
  Role,
  Strategy,
} from "@spillway/core";

/** One page; a cursor comes from the page before and means nothing to anybody else. */
export type PageRequest = { readonly limit: number; readonly cursor?: string };
export type Page<Item> = { readonly items: readonly Item[]; readonly nextCursor: string | null };

export type Provenance = {
  readonly author: string;
  readonly message: string;
  readonly createdAtMs: number;
};

export type ComponentSummary = Provenance & Omit<Component, "content">;
export type ComponentRecord = Provenance & Component;

export type ReleaseSummary = Provenance &
  Omit<Release, "components"> & {
    readonly promptIdentity: string;
    readonly components: Readonly<Record<ComponentKind, ComponentSummary | null>>;
  };

/** Components by reference: a digest, or `name:label`. */
export type ReleaseReferences = Readonly<Record<ComponentKind, string | null>>;

export type FeatureRecord = {
  readonly definition: Feature;
  readonly baseline: ReleaseId | null;
  readonly isKilled: boolean;
  readonly activeRolloutId: string | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

export type StrategyRecord = {
  readonly document: JsonObject;
  readonly strategy: Strategy;
  readonly author: string;
  readonly updatedAtMs: number;
  /** It comes with the server and is not stored. */
  readonly isBuiltIn?: true;
};

export type KeyRecord = {
  readonly id: string;
  readonly name: string;
  readonly scope: "control" | "gateway";
  readonly role: Role | null;
  readonly features: readonly string[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  readonly revokedAtMs: number | null;
};

/** What came of wanting something registered. `isRouting`: the gateways must learn of it. */
export type Registered<Record> = {
  readonly change: "created" | "updated" | "unchanged";
  readonly record: Record;
  readonly isRouting: boolean;
};

/** Components by reference, with what the release is for. */
export type ReleaseDraft = {
  readonly feature: string;
  readonly references: ReleaseReferences;
  readonly message: string;
};

export type BaselineDraft = { readonly feature: string; readonly release: string };

/** What a project folder holds, to be registered as one. */
export type Bundle = {
  readonly features: readonly Feature[];
  readonly components: readonly (ComponentDraft & { readonly message: string })[];
  readonly releases: readonly ReleaseDraft[];
  readonly strategies: readonly JsonObject[];
  /** Served where a feature serves nothing yet; a feature that serves is never moved. */
  readonly baselines: readonly BaselineDraft[];
};

export type AppliedChange = {
  readonly resource: "feature" | "component" | "release" | "strategy" | "baseline";
  readonly name: string;
  readonly change: "created" | "updated" | "unchanged";
  readonly id: string;
};

export type Applied = {
  readonly changes: readonly AppliedChange[];
  readonly snapshotRevision: number;
};

export type CreatedKey = { readonly key: KeyRecord; readonly secret: string };

/** Who changes the registry, and when, on the system's clock. */
export type RegistryChange = { readonly actor: string; readonly nowMs: number };
