/**
 * What the control API needs from the stores. compose.ts brings implementations; fakes for tests are
 * in testkit. Values are the domain's; the mapping files beside the routes turn them into wire types.
 */
import type {
  ApiKeyDraft,
  ComponentChange,
  ComponentDraft,
  ComponentKind,
  DecisionKind,
  Exchange,
  Feature,
  Feedback,
  GateReport,
  Json,
  JsonObject,
  LedgerHead,
  ReleaseComponents,
  Requirement,
  Rollout,
  RolloutEvent,
  Score,
  Snapshot,
  StageExposure,
} from "@spillway/core";
import type { Receipt } from "../ports.ts";
import type {
  Applied,
  Bundle,
  ComponentRecord,
  ComponentSummary,
  CreatedKey,
  FeatureRecord,
  KeyRecord,
  Page,
  PageRequest,
  Registered,
  RegistryChange,
  ReleaseDraft,
  ReleaseSummary,
  StrategyRecord,
} from "../ports/registry-records.ts";

export type RegistryPort = {
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
  readonly putStrategy: (
    document: JsonObject,
    change: RegistryChange,
  ) => Promise<Registered<StrategyRecord>>;
};

export type KeyPort = {
  readonly list: () => Promise<readonly KeyRecord[]>;
  readonly create: (draft: ApiKeyDraft, change: RegistryChange) => Promise<CreatedKey>;
  readonly revoke: (id: string, change: RegistryChange) => Promise<KeyRecord | null>;
  readonly findBySha256: (sha256: string) => Promise<KeyRecord | null>;
};

/** A rollout with what its screen shows. */
export type RolloutView = {
  readonly rollout: Rollout;
  readonly strategyDocument: JsonObject;
  readonly report: GateReport | null;
  /** Why it is where it is. */
  readonly sentence: string;
  readonly unmet: readonly Requirement[];
  readonly exposures: readonly StageExposure[];
  /** Shadow copies that were not made, by reason. */
  readonly shadowDrops: Readonly<Record<string, number>>;
  readonly changes: readonly ComponentChange[];
  readonly updatedAtMs: number;
  /** What its traffic cannot decide, said when it is created. */
  readonly warnings?: readonly string[];
};

/** The name of a stored or built-in strategy, or the document itself. */
export type StrategyChoice =
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "document"; readonly document: JsonObject };

export type RolloutDraft = {
  readonly feature: string;
  readonly candidate: string;
  readonly strategy: StrategyChoice;
  readonly author: string;
  readonly note: string;
};

export type RolloutQuery = PageRequest & {
  readonly feature?: string;
  readonly isActive?: boolean;
};

/** `code` is one of the error catalogue: what the caller is told. */
export type Refused = {
  readonly kind: "refused";
  readonly code:
    "illegal_transition" | "requirements_unmet" | "invalid_configuration" | "forbidden";
  readonly reason: string;
  readonly unmet: readonly Requirement[];
  /** Of the strategy that was given, by where they stand in it. */
  readonly problems?: readonly { readonly path: string; readonly message: string }[];
};

/** There is no such thing. */
export type Gone = { readonly kind: "gone" };

export type RolloutOutcome =
  { readonly kind: "applied"; readonly view: RolloutView } | Refused | Gone;

export type FeatureMoved = {
  readonly kind: "moved";
  readonly from: string | null;
  readonly to: string;
  readonly decisionId: string;
  readonly snapshotRevision: number;
  readonly sentence: string;
};

export type FeatureMoveOutcome = FeatureMoved | Refused | Gone;

/** `rollout` is the live one, else the last one that ended, else null. */
export type FeatureState = {
  readonly baseline: string | null;
  readonly isKilled: boolean;
  readonly rollout: RolloutView | null;
  readonly recent: RecentTraffic;
};

/** How the last calls of a feature ended, within the last minutes. Cancelled ones are not counted. */
export type RecentTraffic = {
  readonly calls: number;
  readonly failed: number;
  readonly fallbacks: number;
};

export type RolloutPort = {
  /** Throws AppError for what it refuses: unknown names, a rollout under way, an unfit strategy. */
  readonly create: (draft: RolloutDraft) => Promise<RolloutView>;
  readonly view: (id: string) => Promise<RolloutView | null>;
  /** Those that need attention first. */
  readonly list: (query: RolloutQuery) => Promise<Page<RolloutView>>;
  readonly act: (
    id: string,
    event: Exclude<RolloutEvent, { kind: "tick" | "revise" }>,
  ) => Promise<RolloutOutcome>;
  /** Throws AppError for a strategy that is unknown or unfit. */
  readonly revise: (
    id: string,
    revision: { readonly strategy: StrategyChoice; readonly by: string; readonly note: string },
  ) => Promise<RolloutOutcome>;
  readonly rollbackFeature: (wanted: {
    readonly feature: string;
    readonly to?: string;
    readonly component?: ComponentKind;
    readonly by: string;
    readonly note: string;
  }) => Promise<FeatureMoveOutcome>;
  readonly undoFeature: (wanted: {
    readonly feature: string;
    readonly by: string;
    readonly note: string;
  }) => Promise<FeatureMoveOutcome>;
  readonly setKilled: (wanted: {
    readonly feature: string;
    readonly isKilled: boolean;
    readonly by: string;
    readonly note: string;
  }) => Promise<{ readonly kind: "applied" } | Gone>;
  readonly status: (feature: string) => Promise<FeatureState | null>;
};

export type DecisionRecord = {
  readonly id: string;
  readonly rolloutId: string | null;
  readonly feature: string;
  readonly version: number;
  readonly decision: DecisionKind;
  readonly fromState: Rollout["state"]["kind"] | null;
  readonly toState: Rollout["state"]["kind"] | null;
  readonly stage: string | null;
  readonly reason: string;
  readonly actor: string;
  readonly atMs: number;
  readonly inputs: Json;
  readonly outcome: Json;
  readonly report: GateReport | null;
  readonly method: string;
  readonly snapshotRevision: number;
};

export type DecisionPort = {
  /** Newest first; null when there is no such rollout. */
  readonly list: (rolloutId: string, page: PageRequest) => Promise<Page<DecisionRecord> | null>;
  readonly get: (id: string) => Promise<DecisionRecord | null>;
};

export type DecisionReplay = {
  /** Null: there is nothing to decide it again from. */
  readonly agrees: boolean | null;
  readonly stored: Json;
  readonly replayed: Json;
  readonly sentence: string;
};

/** Pure: a stored decision is decided again, or told in sentences. */
export type DecisionFunctions = {
  readonly replayDecision: (record: DecisionRecord) => DecisionReplay;
  readonly explainDecision: (record: DecisionRecord) => readonly string[];
};

export type LedgerRecord = {
  readonly seq: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly body: Json;
  readonly previousHash: string;
  readonly hash: string;
};

export type LedgerPort = {
  /** Newest first. */
  readonly list: (page: PageRequest) => Promise<Page<LedgerRecord>>;
  /** With a head that was kept elsewhere, which the ledger must contain. */
  readonly verify: (expectedHead: LedgerHead | null) => Promise<{
    readonly isIntact: boolean;
    readonly entries: number;
    /** Hash of the last entry; "" when there is none. */
    readonly head: string;
    readonly brokenAtSeq: number | null;
    readonly sentence: string;
  }>;
};

/** A revision of another database may have the same number, and was made at another time. */
export type SnapshotName = { readonly revision: number; readonly createdAtMs: number };

export type SnapshotPort = {
  /** Null before the first one. */
  readonly current: () => Promise<{
    readonly revision: number;
    readonly content: Snapshot;
  } | null>;
  /** Which one it is, without its content: revision and time of making. Asked often. */
  readonly newest: () => Promise<SnapshotName | null>;
  /** The same revision without its content, 0 before the first one; asked often. */
  readonly revision: () => Promise<number>;
};

export type GatewayReport = {
  readonly id: string;
  readonly startedAtMs: number;
  readonly snapshotRevision: number;
  readonly spoolBytes: number;
  readonly spooledExchanges: number;
  readonly droppedExchanges: number;
  readonly shadowDrops: readonly {
    readonly rolloutId: string;
    readonly reason: string;
    readonly count: number;
  }[];
};

export type GatewayPort = {
  readonly report: (report: GatewayReport) => Promise<void>;
  readonly list: () => Promise<readonly (GatewayReport & { readonly lastSeenAtMs: number })[]>;
};

export type ExchangePort = {
  readonly ingest: (batch: {
    readonly gatewayId: string;
    readonly exchanges: readonly Exchange[];
  }) => Promise<Receipt>;
  readonly get: (
    id: string,
  ) => Promise<{ readonly exchange: Exchange; readonly scores: readonly Score[] } | null>;
};

/** A feedback, and what was made of it. */
export type FeedbackRecord = {
  readonly feedback: Feedback;
  readonly evaluation: "pending" | "done" | "unmatched" | "failed";
  readonly counted: readonly string[];
  readonly note: string | null;
};

export type FeedbackPort = {
  readonly ingest: (feedback: readonly Feedback[]) => Promise<Receipt>;
  /** Newest first. */
  readonly list: (
    query: PageRequest & {
      readonly evaluation: FeedbackRecord["evaluation"] | null;
      readonly exchange: string | null;
    },
  ) => Promise<Page<FeedbackRecord>>;
};

export type TrafficPort = {
  /** Requests lately, from the stored exchanges. Null when there is no such feature. */
  readonly ofFeature: (feature: string) => Promise<{
    readonly requests: number;
    readonly windowHours: number;
    readonly requestsPerHour: number;
  } | null>;
};

export type WhoServedPort = {
  /** Null when there is no such feature. */
  readonly whoServed: (query: {
    readonly feature: string;
    readonly atMs: number;
    readonly tenant: string | null;
  }) => Promise<{
    readonly baseline: string | null;
    readonly candidate: string | null;
    readonly setShareBps: number;
    readonly isKilled: boolean;
    readonly served: readonly {
      readonly release: string;
      readonly promptIdentity: string;
      readonly exchanges: number;
      readonly fallbacks: number;
      readonly firstAtMs: number;
      readonly lastAtMs: number;
    }[];
  } | null>;
};

/** Something changed: fetch it again. A hint, never the only way to learn of it. */
export type Change = {
  readonly kind: "rollout" | "feature" | "snapshot" | "gateway" | "exchange";
  readonly feature: string | null;
  readonly rolloutId: string | null;
  readonly snapshotRevision: number | null;
};

export type ChangePort = {
  /** Calls back after the commit, never before. Gives the function that stops it. */
  readonly subscribe: (callback: (change: Change) => void) => () => void;
};

export type HealthPort = { readonly database: () => Promise<"ok" | "unreachable"> };

export type ControlPorts = {
  readonly registry: RegistryPort;
  readonly keys: KeyPort;
  readonly rollouts: RolloutPort;
  readonly decisions: DecisionPort;
  readonly decisionFunctions: DecisionFunctions;
  readonly ledger: LedgerPort;
  readonly snapshot: SnapshotPort;
  readonly gateways: GatewayPort;
  readonly exchanges: ExchangePort;
  readonly feedback: FeedbackPort;
  readonly whoServed: WhoServedPort;
  readonly traffic: TrafficPort;
  readonly changes: ChangePort;
  readonly health: HealthPort;
};
