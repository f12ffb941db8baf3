import type { Migration } from "../migrate.ts";

/**
 * When the tests of a rollout's present revision began: restarts of a criterion with `over` are counted
 * from here. Null before the start, and for rollouts that were under way before this column was.
 */
export const evidenceSince: Migration = {
  name: "0006-evidence-since",
  sql: `
alter table rollouts add column evidence_since_ms bigint;
`,
};
