import { z } from "zod";
import { ActionBody, TimestampMs } from "./common.ts";
import * as operation from "./operation.ts";
import * as registry from "./registry.ts";
import * as rollouts from "./rollouts.ts";
import type { RouteContract } from "./route-contract.ts";
import { byFeature } from "./route-contract.ts";

/** Health, identity, apply and features. */
export const FEATURE_ROUTES = {
  health: {
    method: "GET",
    path: "/healthz",
    summary: "Whether this process can serve",
    role: null,
    status: 200,
    response: operation.Health,
  },
  whoAmI: {
    method: "GET",
    path: "/api/v1/me",
    summary: "Name and role of the key",
    role: "viewer",
    status: 200,
    response: operation.WhoAmI,
  },

  apply: {
    method: "POST",
    path: "/api/v1/apply",
    summary: "Register features, components, releases and strategies in one transaction",
    role: "operator",
    body: registry.ApplyBody,
    status: 200,
    response: registry.ApplyResult,
  },

  listFeatures: {
    method: "GET",
    path: "/api/v1/features",
    summary: "All features",
    role: "viewer",
    status: 200,
    response: z.object({ items: z.array(registry.Feature) }),
  },
  getFeature: {
    method: "GET",
    path: "/api/v1/features/:feature",
    summary: "One feature",
    role: "viewer",
    params: byFeature,
    status: 200,
    response: registry.Feature,
  },
  putFeature: {
    method: "PUT",
    path: "/api/v1/features/:feature",
    summary: "Create or change a feature",
    role: "operator",
    params: byFeature,
    body: registry.FeatureDraft,
    status: 200,
    response: registry.Feature,
  },
  featureStatus: {
    method: "GET",
    path: "/api/v1/features/:feature/status",
    summary: "Whether the next step is allowed, and why not",
    role: "viewer",
    params: byFeature,
    status: 200,
    response: rollouts.FeatureStatus,
  },
  featureTraffic: {
    method: "GET",
    path: "/api/v1/features/:feature/traffic",
    summary: "Requests over the last day, from the stored exchanges",
    role: "viewer",
    params: byFeature,
    status: 200,
    response: rollouts.FeatureTraffic,
  },
  whoServed: {
    method: "GET",
    path: "/api/v1/features/:feature/who-served",
    summary: "Which release answered at a time",
    role: "viewer",
    params: byFeature,
    query: z.object({ at: z.coerce.number().pipe(TimestampMs), tenant: z.string().optional() }),
    status: 200,
    response: rollouts.WhoServed,
  },
  rollbackFeature: {
    method: "POST",
    path: "/api/v1/features/:feature/actions/rollback",
    summary: "Roll back, to the baseline or to a release, whole or one component",
    role: "operator",
    params: byFeature,
    body: rollouts.FeatureRollbackBody,
    status: 200,
    response: rollouts.FeatureMove,
  },
  undoFeature: {
    method: "POST",
    path: "/api/v1/features/:feature/actions/undo",
    summary: "Serve what was served before the last move",
    role: "operator",
    params: byFeature,
    body: ActionBody,
    status: 200,
    response: rollouts.FeatureMove,
  },
  killFeature: {
    method: "POST",
    path: "/api/v1/features/:feature/actions/kill",
    summary: "Kill switch on: everyone gets the baseline",
    role: "operator",
    params: byFeature,
    body: ActionBody,
    status: 200,
    response: registry.Feature,
  },
  reviveFeature: {
    method: "POST",
    path: "/api/v1/features/:feature/actions/revive",
    summary: "Kill switch off",
    role: "operator",
    params: byFeature,
    body: ActionBody,
    status: 200,
    response: registry.Feature,
  },
} as const satisfies Record<string, RouteContract>;
