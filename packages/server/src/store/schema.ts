import type { ColumnType, Generated, JSONColumnType } from "kysely";

/**
 * The tables as queries see them. Times are epoch milliseconds (see column-types.ts). A JSON column is
 * read parsed and written as text, so that pg never mistakes an array for a PostgreSQL array.
 */
export type Schema = {
  readonly ledger: LedgerTable;
  readonly api_keys: ApiKeysTable;
  readonly components: ComponentsTable;
  readonly features: FeaturesTable;
  readonly releases: ReleasesTable;
  readonly strategies: StrategiesTable;
  readonly rollouts: RolloutsTable;
  readonly decisions: DecisionsTable;
  readonly snapshots: SnapshotsTable;
  readonly route_history: RouteHistoryTable;
  readonly exchanges: ExchangesTable;
  readonly scores: ScoresTable;
  readonly feedback: FeedbackTable;
  readonly evidence: EvidenceTable;
  readonly evidence_totals: EvidenceTotalsTable;
  readonly exposures: ExposuresTable;
  readonly gateways: GatewaysTable;
  readonly outbox: OutboxTable;
};

/** Parsed by the store that reads it; written as JSON text. */
type Jsonb = ColumnType<unknown, string, string>;
type NullableJsonb = ColumnType<unknown, string | null, string | null>;

/** Append-only: the database itself refuses any other change. */
export type LedgerTable = {
  readonly seq: number;
  readonly at_ms: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly body: Jsonb;
  readonly previous_hash: string;
  readonly hash: string;
};

export type ApiKeysTable = {
  readonly id: string;
  readonly name: string;
  readonly scope: "control" | "gateway";
  readonly role: "viewer" | "reviewer" | "operator" | "admin" | null;
  readonly features: JSONColumnType<readonly string[]>;
  readonly sha256: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number | null;
  readonly revoked_at_ms: number | null;
};

export type ComponentsTable = {
  readonly digest: string;
  readonly kind: "prompt" | "model" | "index" | "guardrails" | "dataset" | "app";
  readonly name: string;
  readonly label: string;
  readonly content: Jsonb;
  readonly author: string;
  readonly message: string;
  readonly created_at_ms: number;
};

export type FeaturesTable = {
  readonly key: string;
  /** The domain's Feature. */
  readonly definition: Jsonb;
  readonly baseline: string | null;
  readonly is_killed: Generated<boolean>;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
};

export type ReleasesTable = {
  readonly id: string;
  readonly feature: string;
  readonly number: number;
  readonly digest: string;
  readonly prompt_digest: string;
  readonly model_digest: string;
  readonly index_digest: string | null;
  readonly guardrails_digest: string | null;
  readonly dataset_digest: string | null;
  readonly app_digest: string | null;
  readonly author: string;
  readonly message: string;
  readonly created_at_ms: number;
};

export type StrategiesTable = {
  readonly name: string;
  /** As it was written. */
  readonly document: Jsonb;
  /** As it was understood: the domain's Strategy. */
  readonly strategy: Jsonb;
  readonly author: string;
  readonly updated_at_ms: number;
};

export type RolloutsTable = {
  readonly id: string;
  readonly feature: string;
  readonly tier: number;
  readonly baseline: string;
  readonly candidate: string;
  readonly strategy: Jsonb;
  readonly strategy_document: Jsonb;
  readonly algorithm: string;
  readonly author: string;
  readonly created_at_ms: number;
  readonly state_kind: string;
  readonly state: Jsonb;
  readonly approvals: Jsonb;
  readonly version: number;
  readonly updated_at_ms: number;
  readonly check_at_ms: number | null;
  readonly is_dirty: Generated<boolean>;
  readonly lease_owner: string | null;
  readonly lease_until_wall_ms: number | null;
  /** Last gate report, for screens; decisions keep their own. */
  readonly report: NullableJsonb;
  readonly sentence: string;
  readonly unmet: Jsonb;
  readonly revision: Generated<number>;
  readonly first_stage_number: Generated<number>;
  readonly evidence_since_ms: number | null;
};

export type DecisionsTable = {
  readonly id: string;
  readonly rollout_id: string | null;
  readonly feature: string;
  readonly version: number;
  readonly decision: "advance" | "hold" | "pause" | "rollback" | "complete";
  readonly from_state: string | null;
  readonly to_state: string | null;
  readonly stage: string | null;
  readonly reason: string;
  readonly actor: string;
  readonly at_ms: number;
  readonly inputs: Jsonb;
  readonly outcome: Jsonb;
  readonly report: NullableJsonb;
  readonly method: string;
  readonly snapshot_revision: number;
};

export type SnapshotsTable = {
  readonly revision: number;
  readonly created_at_ms: number;
  readonly cause: string;
  readonly content: Jsonb;
};

export type RouteHistoryTable = {
  readonly feature: string;
  readonly revision: number;
  readonly from_ms: number;
  readonly baseline: string;
  readonly candidate: string | null;
  readonly share_bps: number;
  readonly is_killed: boolean;
  readonly rollout_id: string | null;
};

export type ExchangesTable = {
  readonly id: string;
  readonly feature: string;
  readonly release: string;
  readonly arm: "baseline" | "candidate";
  readonly role: "primary" | "shadow";
  readonly shadow_of: string | null;
  readonly rollout_id: string | null;
  readonly stage_index: number | null;
  readonly tenant: string | null;
  readonly outcome: string;
  readonly started_at_ms: number;
  /** The domain's Exchange. */
  readonly record: Jsonb;
  readonly evaluation: Generated<"pending" | "done" | "failed">;
  readonly evaluation_attempts: Generated<number>;
  readonly lease_owner: string | null;
  readonly lease_until_wall_ms: Generated<number>;
};

export type ScoresTable = {
  readonly exchange_id: string;
  readonly metric: string;
  readonly value: number | null;
  readonly scorer: string;
  readonly note: string | null;
};

export type FeedbackTable = {
  readonly id: string;
  /** The order in which it was delivered. */
  readonly seq: Generated<number>;
  readonly exchange_id: string;
  readonly received_at_ms: number;
  /** The domain's Feedback. */
  readonly record: Jsonb;
  readonly evaluation: Generated<"pending" | "done" | "unmatched" | "failed">;
  readonly evaluation_attempts: Generated<number>;
  /** Names of the numbers that were taken from it: the first of each name on an exchange. */
  readonly counted: ColumnType<unknown, string | undefined, string>;
  /** Why it counts for nothing. */
  readonly note: string | null;
  readonly first_seen_wall_ms: number;
  readonly lease_owner: string | null;
  readonly lease_until_wall_ms: Generated<number>;
};

export type EvidenceTotalsTable = {
  readonly rollout_id: string;
  readonly stage_index: number;
  readonly propensity_bps: number;
  readonly arm: "baseline" | "candidate" | "pair";
  readonly slice: string;
  readonly metric: string;
  readonly cell: Jsonb;
};

export type EvidenceTable = EvidenceTotalsTable & { readonly minute_ms: number };

export type ExposuresTable = {
  readonly rollout_id: string;
  readonly stage_index: number;
  readonly propensity_bps: number;
  readonly baseline: number;
  readonly candidate: number;
  readonly pairs: number;
  readonly excluded: Jsonb;
  readonly first_observed_at_ms: number | null;
  readonly last_observed_at_ms: number | null;
};

export type GatewaysTable = {
  readonly id: string;
  readonly report: Jsonb;
  readonly last_seen_at_ms: number;
  readonly last_seen_wall_ms: number;
};

export type OutboxTable = {
  readonly id: Generated<number>;
  readonly notice_key: string;
  readonly topic: string;
  readonly text: string;
  readonly body: Jsonb;
  readonly created_at_ms: number;
  readonly sent_at_ms: number | null;
  readonly attempts: Generated<number>;
  readonly next_attempt_wall_ms: Generated<number>;
};
