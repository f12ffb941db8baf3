import type { Migration } from "../migrate.ts";

/**
 * What people said of answers, as it was delivered. It may be there before its exchange is, so nothing
 * refers to that, and `seq` is the order in which it came; `unmatched` has waited for one in vain, and is taken up again should it still come.
 */
export const feedback: Migration = {
  name: "0005-feedback",
  sql: `
create table feedback (
  id text primary key,
  seq bigint generated always as identity,
  exchange_id text not null,
  received_at_ms bigint not null,
  record jsonb not null,
  evaluation text not null default 'pending'
    check (evaluation in ('pending', 'done', 'unmatched', 'failed')),
  evaluation_attempts integer not null default 0,
  counted jsonb not null default '[]',
  note text,
  first_seen_wall_ms bigint not null,
  lease_owner text,
  lease_until_wall_ms bigint not null default 0
);

create index feedback_to_evaluate on feedback (lease_until_wall_ms) where evaluation = 'pending';
create unique index feedback_by_seq on feedback (seq);
create index feedback_by_exchange on feedback (exchange_id);
`,
};
