import type { EvaluatedBatch, Exchange } from "@spillway/core";

export type ClaimedExchange = { readonly exchange: Exchange; readonly attempts: number };

/** What evaluation needs of the store. */
export type EvaluatePort = {
  readonly claim: (claim: {
    readonly owner: string;
    readonly leaseMs: number;
    readonly limit: number;
  }) => Promise<readonly ClaimedExchange[]>;
  readonly loadExchanges: (ids: readonly string[]) => Promise<ReadonlyMap<string, Exchange>>;
  /** All of it or nothing: "lost" when another worker holds some of the exchanges by now. */
  readonly save: (batch: EvaluatedBatch & { readonly owner: string }) => Promise<"saved" | "lost">;
  /** Takes an exchange out of the queue for good; its evaluation says so. */
  readonly setAside: (aside: { readonly id: string; readonly owner: string }) => Promise<void>;
  readonly postpone: (postponed: {
    readonly ids: readonly string[];
    readonly owner: string;
    readonly forMs: number;
  }) => Promise<void>;
};
