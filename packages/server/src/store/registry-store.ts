import type {
  ComponentDraft,
  ComponentKind,
  Feature,
  JsonObject,
  ReleaseComponents,
} from "@spillway/core";
import { AppError } from "@spillway/core";
import type { Database } from "./database.ts";
import { applyBundle } from "./registry/apply-store.ts";
import {
  ALONE,
  checkDrafts,
  IN_BUNDLE,
  type Checking,
  type Drafts,
} from "./registry/check-drafts.ts";
import { listComponents, loadComponent, registerComponent } from "./registry/component-store.ts";
import {
  fallbackProblem,
  listFeatures,
  loadFeature,
  storeFeature,
} from "./registry/feature-store.ts";
import type {
  Applied,
  Bundle,
  ReleaseDraft,
  ComponentRecord,
  ComponentSummary,
  FeatureRecord,
  Page,
  PageRequest,
  Registered,
  RegistryChange,
  ReleaseSummary,
  StrategyRecord,
} from "../ports/registry-records.ts";
import type { RegistryChecks, RegistryHooks } from "./registry/registry-hooks.ts";
import { changeRegistry, type RegistryWork } from "./registry/registry-work.ts";
import {
  listReleases,
  loadRelease,
  loadReleaseComponents,
  registerRelease,
} from "./registry/release-store.ts";
import { listStrategies, loadStrategy, storeStrategy } from "./registry/strategy-store.ts";

/**
 * What is released: features, component versions, releases and strategies. Every change is checked
 * before anything is stored, appends to the ledger, and publishes a snapshot in the same transaction
 * where the gateways must learn of it.
 */
export type RegistryStore = {
  readonly applyBundle: (bundle: Bundle, change: RegistryChange) => Promise<Applied>;

  readonly listFeatures: () => Promise<readonly FeatureRecord[]>;
  readonly loadFeature: (key: string) => Promise<FeatureRecord | null>;
  readonly putFeature: (
    definition: Feature,
    change: RegistryChange,
  ) => Promise<Registered<FeatureRecord>>;

  readonly listComponents: (
    query: PageRequest & { readonly kind?: ComponentKind; readonly name?: string },
  ) => Promise<Page<ComponentSummary>>;
  readonly loadComponent: (digest: string) => Promise<ComponentRecord | null>;
  readonly registerComponent: (
    draft: ComponentDraft & { readonly message: string },
    change: RegistryChange,
  ) => Promise<Registered<ComponentSummary>>;

  readonly listReleases: (
    query: PageRequest & { readonly feature?: string },
  ) => Promise<Page<ReleaseSummary>>;
  readonly loadRelease: (id: string) => Promise<ReleaseSummary | null>;
  readonly loadReleaseComponents: (id: string) => Promise<ReleaseComponents | null>;
  readonly registerRelease: (
    draft: ReleaseDraft,
    change: RegistryChange,
  ) => Promise<Registered<ReleaseSummary>>;

  readonly listStrategies: () => Promise<readonly StrategyRecord[]>;
  readonly loadStrategy: (name: string) => Promise<StrategyRecord | null>;
  readonly putStrategy: (
    document: JsonObject,
    change: RegistryChange,
  ) => Promise<Registered<StrategyRecord>>;
};

export type RegistryStoreOptions = {
  readonly database: Database;
  readonly hooks: RegistryHooks;
  readonly checks: RegistryChecks;
};

export function createRegistryStore(options: RegistryStoreOptions): RegistryStore {
  const db = options.database.kysely;
  const changing = <Result>(
    change: RegistryChange,
    work: (work: RegistryWork) => Promise<Result>,
  ): Promise<Result> => changeRegistry(options, change, work);
  const checking = async ({ strategies }: Drafts): Promise<Checking> => ({
    ...options.checks,
    stored:
      strategies.length === 0 ? [] : (await listFeatures(db)).map(({ definition }) => definition),
  });
  return {
    applyBundle: async (bundle, change) => {
      const strategies = checkDrafts(bundle, await checking(bundle), IN_BUNDLE);
      return changing(change, (work) => applyBundle(work, bundle, strategies));
    },

    listFeatures: () => listFeatures(db),
    loadFeature: (key) => loadFeature(db, key),
    putFeature: async (definition, change) => {
      const drafts = { ...NOTHING, features: [definition] };
      checkDrafts(drafts, await checking(drafts), ALONE);
      return changing(change, (work) => putFeature(work, definition));
    },

    listComponents: (query) => listComponents(db, query),
    loadComponent: (digest) => loadComponent(db, digest),
    registerComponent: async (draft, change) => {
      const drafts = { ...NOTHING, components: [draft] };
      checkDrafts(drafts, await checking(drafts), ALONE);
      return changing(change, (work) => registerComponent(work, draft));
    },

    listReleases: (query) => listReleases(db, query),
    loadRelease: (id) => loadRelease(db, id),
    loadReleaseComponents: (id) => loadReleaseComponents(db, id),
    registerRelease: (draft, change) =>
      changing(change, (work) => registerRelease(work, draft, { path: "", known: new Map() })),

    listStrategies: () => listStrategies(db),
    loadStrategy: (name) => loadStrategy(db, name),
    putStrategy: async (document, change) => {
      const drafts = { ...NOTHING, strategies: [document] };
      const [draft] = checkDrafts(drafts, await checking(drafts), ALONE);
      if (draft === undefined) throw new AppError("internal", "A checked strategy was lost.");
      return changing(change, (work) => storeStrategy(work, draft));
    },
  };
}

const NOTHING: Drafts = { features: [], components: [], strategies: [] };

async function putFeature(
  work: RegistryWork,
  definition: Feature,
): Promise<Registered<FeatureRecord>> {
  const dangling = await fallbackProblem(work.trx, definition);
  if (dangling !== null) {
    throw new AppError("invalid_configuration", dangling.message, {
      details: { problems: [dangling] },
    });
  }
  const done = await storeFeature(work, definition);
  if (done.isRouting) {
    const cause = `feature ${definition.key}`;
    await work.hooks.publishSnapshot(work.trx, { nowMs: work.nowMs, cause });
  }
  return done;
}
