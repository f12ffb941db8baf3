import type { Migration } from "../migrate.ts";

/** When a stage's first request was made: criteria may count only the first hours of live traffic. */
export const firstObservation: Migration = {
  name: "0004-first-observation",
  sql: `
alter table exposures add column first_observed_at_ms bigint;
`,
};
