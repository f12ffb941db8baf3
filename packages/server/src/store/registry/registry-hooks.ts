import type {
  ConfigurationProblem,
  Feature,
  Json,
  JsonObject,
  PromptContent,
  ScorerConfig,
  Strategy,
} from "@spillway/core";
import type { Transaction } from "kysely";
import type { Schema } from "../schema.ts";

export type LedgerDraft = {
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly body: Json;
};

/** What happens in the same transaction as a change of the registry. */
export type RegistryHooks = {
  readonly appendLedger: (trx: Transaction<Schema>, entry: LedgerDraft) => Promise<unknown>;
  /** Builds the routing state from the tables; resolves to its revision. */
  readonly publishSnapshot: (
    trx: Transaction<Schema>,
    change: { readonly nowMs: number; readonly cause: string },
  ) => Promise<number>;
};

export type StrategyParse =
  | { readonly kind: "strategy"; readonly strategy: Strategy }
  | { readonly kind: "problems"; readonly problems: readonly ConfigurationProblem[] };

export type DeclaringFeature = Pick<Feature, "metrics" | "scorers">;

/** Pure checks that the composition brings: documents, templates and scorers are core's business. */
export type RegistryChecks = {
  /** Of the features those that declare metrics count: criteria may name them. */
  readonly parseStrategy: (
    document: JsonObject,
    features: readonly DeclaringFeature[],
  ) => StrategyParse;
  readonly promptProblems: (content: PromptContent) => readonly ConfigurationProblem[];
  readonly scorerProblems: (config: ScorerConfig) => readonly ConfigurationProblem[];
};
