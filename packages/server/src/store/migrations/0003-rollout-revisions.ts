import type { Migration } from "../migrate.ts";

/**
 * A strategy may be revised while its rollout is under way. Each revision numbers its stages on from
 * those before, so that evidence keys (rollout, stage) of two revisions never meet.
 */
export const rolloutRevisions: Migration = {
  name: "0003-rollout-revisions",
  sql: `
alter table rollouts
  add column revision integer not null default 1 check (revision >= 1),
  add column first_stage_number integer not null default 0 check (first_stage_number >= 0);
`,
};
