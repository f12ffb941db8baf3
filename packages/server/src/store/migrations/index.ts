import type { Migration } from "../migrate.ts";
import { ledger } from "./0001-ledger.ts";
import { registryAndRollouts } from "./0002-registry-and-rollouts.ts";
import { rolloutRevisions } from "./0003-rollout-revisions.ts";
import { firstObservation } from "./0004-first-observation.ts";
import { feedback } from "./0005-feedback.ts";
import { evidenceSince } from "./0006-evidence-since.ts";

/** In the order of their numbers. Forward only; never edited once merged. */
export const migrations: readonly Migration[] = [
  ledger,
  registryAndRollouts,
  rolloutRevisions,
  firstObservation,
  feedback,
  evidenceSince,
];
