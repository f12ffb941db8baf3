import type { ControlClient, CallOutput } from "@spillway/sdk";
import { queryOptions } from "@tanstack/react-query";

export type Feature = CallOutput<"listFeatures">["items"][number];
export type RolloutSummary = CallOutput<"listRollouts">["items"][number];
export type RolloutDetail = CallOutput<"getRollout">;
export type DecisionSummary = CallOutput<"listDecisions">["items"][number];
export type Gateways = CallOutput<"listGateways">;
export type Health = CallOutput<"health">;

/** The first word of a key says which change of the server makes it stale; see stale-keys.ts. */
export const healthQuery = (client: ControlClient) =>
  queryOptions({
    queryKey: ["health"],
    queryFn: async ({ signal }) => ({
      health: await client.call("health", { signal }),
      fetchedAtWallMs: Date.now(),
    }),
    refetchInterval: 15_000,
  });

export const featuresQuery = (client: ControlClient) =>
  queryOptions({
    queryKey: ["features"],
    queryFn: async ({ signal }) => (await client.call("listFeatures", { signal })).items,
  });

/** Should the stream of changes not get through (a proxy), screens are this old at most. */
const FALLBACK_MS = 15_000;

/** Rollouts of all features; the board shows the latest of each. */
export const rolloutsQuery = (client: ControlClient) =>
  queryOptions({
    queryKey: ["rollouts"],
    queryFn: async ({ signal }) =>
      (await client.call("listRollouts", { query: { limit: 500 }, signal })).items,
    refetchInterval: FALLBACK_MS,
  });

/** So many rollouts of one feature are listed; older ones are found on the command line. */
const HISTORY_LIMIT = 100;

/** All rollouts of one feature, under way and over. */
export const featureRolloutsQuery = (client: ControlClient, feature: string) =>
  queryOptions({
    queryKey: ["rollouts", feature],
    queryFn: async ({ signal }) =>
      (await client.call("listRollouts", { query: { feature, limit: HISTORY_LIMIT }, signal }))
        .items,
  });

export const rolloutQuery = (client: ControlClient, id: string) =>
  queryOptions({
    queryKey: ["rollout", id],
    queryFn: ({ signal }) => client.call("getRollout", { params: { id }, signal }),
    refetchInterval: FALLBACK_MS,
  });

export const decisionsQuery = (client: ControlClient, id: string) =>
  queryOptions({
    queryKey: ["rollout", id, "decisions"],
    queryFn: ({ signal }) =>
      client.call("listDecisions", { params: { id }, query: { limit: 200 }, signal }),
  });

/** A decision never changes, so neither does its explanation. */
export const explanationQuery = (client: ControlClient, id: string) =>
  queryOptions({
    queryKey: ["explanation", id],
    queryFn: ({ signal }) => client.call("explainDecision", { params: { id }, signal }),
    staleTime: Infinity,
  });

export const gatewaysQuery = (client: ControlClient) =>
  queryOptions({
    queryKey: ["gateways"],
    queryFn: ({ signal }) => client.call("listGateways", { signal }),
    refetchInterval: 15_000,
  });

export const ledgerQuery = (client: ControlClient, cursor: string | undefined) =>
  queryOptions({
    queryKey: ["ledger", cursor ?? ""],
    queryFn: ({ signal }) =>
      client.call("listLedger", {
        query: { limit: 100, ...(cursor === undefined ? {} : { cursor }) },
        signal,
      }),
  });

export const releasesQuery = (client: ControlClient, feature: string) =>
  queryOptions({
    queryKey: ["releases", feature],
    queryFn: async ({ signal }) =>
      (await client.call("listReleases", { query: { feature, limit: 100 }, signal })).items,
  });

export const releaseDiffQuery = (client: ControlClient, from: string, to: string) =>
  queryOptions({
    queryKey: ["diff", from, to],
    queryFn: ({ signal }) =>
      client.call("diffReleases", { params: { id: to }, query: { from }, signal }),
    staleTime: Infinity,
  });
