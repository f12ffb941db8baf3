import type { Migration } from "../migrate.ts";

/**
 * The registry, rollouts with their evidence and decisions, exchanges and the routing state. Times
 * are epoch milliseconds of the system's clock; only columns named `*_wall_ms` are real time, and
 * those protect work (leases, back-off) and mean nothing to people.
 */
export const registryAndRollouts: Migration = {
  name: "0002-registry-and-rollouts",
  sql: `
create table api_keys (
  id text primary key,
  name text not null,
  scope text not null check (scope in ('control', 'gateway')),
  role text check (role in ('viewer', 'reviewer', 'operator', 'admin')),
  features jsonb not null,
  sha256 text not null unique,
  created_at_ms bigint not null,
  expires_at_ms bigint,
  revoked_at_ms bigint,
  check ((scope = 'control') = (role is not null))
);

create table components (
  digest text primary key,
  kind text not null check (kind in ('prompt', 'model', 'index', 'guardrails', 'dataset', 'app')),
  name text not null,
  label text not null,
  content jsonb not null,
  author text not null,
  message text not null,
  created_at_ms bigint not null,
  unique (kind, name, label)
);

create table features (
  key text primary key,
  definition jsonb not null,
  baseline text,
  is_killed boolean not null default false,
  created_at_ms bigint not null,
  updated_at_ms bigint not null
);

create table releases (
  id text primary key,
  feature text not null references features (key),
  number integer not null check (number >= 1),
  digest text not null,
  prompt_digest text not null references components (digest),
  model_digest text not null references components (digest),
  index_digest text references components (digest),
  guardrails_digest text references components (digest),
  dataset_digest text references components (digest),
  app_digest text references components (digest),
  author text not null,
  message text not null,
  created_at_ms bigint not null,
  unique (feature, number),
  unique (feature, digest)
);

alter table features add foreign key (baseline) references releases (id);

create table strategies (
  name text primary key,
  document jsonb not null,
  strategy jsonb not null,
  author text not null,
  updated_at_ms bigint not null
);

create table rollouts (
  id text primary key,
  feature text not null references features (key),
  tier smallint not null check (tier in (1, 2, 3)),
  baseline text not null references releases (id),
  candidate text not null references releases (id),
  strategy jsonb not null,
  strategy_document jsonb not null,
  algorithm text not null,
  author text not null,
  created_at_ms bigint not null,
  state_kind text not null,
  state jsonb not null,
  approvals jsonb not null,
  version integer not null check (version >= 0),
  updated_at_ms bigint not null,
  check_at_ms bigint,
  is_dirty boolean not null default false,
  lease_owner text,
  lease_until_wall_ms bigint,
  report jsonb,
  sentence text not null,
  unmet jsonb not null
);

create unique index rollouts_one_live_per_feature on rollouts (feature)
  where state_kind in ('pending', 'progressing', 'held', 'paused');
create index rollouts_due on rollouts (check_at_ms)
  where state_kind in ('progressing', 'held', 'paused');
create index rollouts_by_feature on rollouts (feature, created_at_ms desc);

create table decisions (
  id text primary key,
  rollout_id text references rollouts (id),
  feature text not null references features (key),
  version integer not null,
  decision text not null check (decision in ('advance', 'hold', 'pause', 'rollback', 'complete')),
  from_state text,
  to_state text,
  stage text,
  reason text not null,
  actor text not null,
  at_ms bigint not null,
  inputs jsonb not null,
  outcome jsonb not null,
  report jsonb,
  method text not null,
  snapshot_revision bigint not null,
  unique (rollout_id, version)
);

create index decisions_by_feature on decisions (feature, at_ms desc);

create table snapshots (
  revision bigint primary key check (revision >= 1),
  created_at_ms bigint not null,
  cause text not null,
  content jsonb not null
);

create table route_history (
  feature text not null references features (key),
  revision bigint not null,
  from_ms bigint not null,
  baseline text not null,
  candidate text,
  share_bps integer not null,
  is_killed boolean not null,
  rollout_id text,
  primary key (feature, revision)
);

create index route_history_by_time on route_history (feature, from_ms desc);

create table exchanges (
  id text primary key,
  feature text not null,
  release text not null,
  arm text not null check (arm in ('baseline', 'candidate')),
  role text not null check (role in ('primary', 'shadow')),
  shadow_of text,
  rollout_id text,
  stage_index integer,
  tenant text,
  outcome text not null,
  started_at_ms bigint not null,
  record jsonb not null,
  evaluation text not null default 'pending' check (evaluation in ('pending', 'done', 'failed')),
  evaluation_attempts integer not null default 0,
  lease_owner text,
  lease_until_wall_ms bigint not null default 0
);

create index exchanges_to_evaluate on exchanges (lease_until_wall_ms)
  where evaluation = 'pending';
create index exchanges_by_feature on exchanges (feature, started_at_ms desc);

create table scores (
  exchange_id text not null references exchanges (id),
  metric text not null,
  value double precision,
  scorer text not null,
  note text,
  primary key (exchange_id, metric)
);

create table evidence (
  rollout_id text not null references rollouts (id),
  stage_index integer not null,
  propensity_bps integer not null,
  arm text not null check (arm in ('baseline', 'candidate', 'pair')),
  slice text not null,
  metric text not null,
  minute_ms bigint not null,
  cell jsonb not null,
  primary key (rollout_id, stage_index, propensity_bps, arm, slice, metric, minute_ms)
);

create table evidence_totals (
  rollout_id text not null references rollouts (id),
  stage_index integer not null,
  propensity_bps integer not null,
  arm text not null check (arm in ('baseline', 'candidate', 'pair')),
  slice text not null,
  metric text not null,
  cell jsonb not null,
  primary key (rollout_id, stage_index, propensity_bps, arm, slice, metric)
);

create table exposures (
  rollout_id text not null references rollouts (id),
  stage_index integer not null,
  propensity_bps integer not null,
  baseline bigint not null,
  candidate bigint not null,
  pairs bigint not null,
  excluded jsonb not null,
  last_observed_at_ms bigint,
  primary key (rollout_id, stage_index, propensity_bps)
);

create table gateways (
  id text primary key,
  report jsonb not null,
  last_seen_at_ms bigint not null,
  last_seen_wall_ms bigint not null
);

create table outbox (
  id bigint generated always as identity primary key,
  notice_key text not null unique,
  topic text not null,
  text text not null,
  body jsonb not null,
  created_at_ms bigint not null,
  sent_at_ms bigint,
  attempts integer not null default 0,
  next_attempt_wall_ms bigint not null default 0
);

create index outbox_unsent on outbox (next_attempt_wall_ms) where sent_at_ms is null;
`,
};
