import type { ChangeEvent } from "@spillway/contract";

export type QueryKey = readonly string[];

/** Which cached answers a change makes stale. Prefixes: ["rollout", id] covers its decisions. */
export function staleKeys(event: Pick<ChangeEvent, "kind" | "rolloutId">): readonly QueryKey[] {
  const rollout = event.rolloutId === null ? ["rollout"] : ["rollout", event.rolloutId];
  switch (event.kind) {
    case "rollout":
      return [["rollouts"], ["features"], ["ledger"], rollout];
    case "exchange":
      return [["rollouts"], rollout];
    case "feature":
      return [["features"], ["rollouts"], ["releases"], ["ledger"]];
    case "snapshot":
    case "gateway":
      return [["gateways"]];
    default:
      return event.kind satisfies never;
  }
}

/** Many events of one moment become one round of fetching. */
export function mergeKeys(keys: readonly QueryKey[]): readonly QueryKey[] {
  return [...new Map(keys.map((key) => [key.join(" "), key])).values()];
}
