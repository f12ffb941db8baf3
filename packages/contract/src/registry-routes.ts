import { z } from "zod";
import { FeatureKey, PageQuery, pageOf } from "./common.ts";
import * as registry from "./registry.ts";
import type { RouteContract } from "./route-contract.ts";
import { byId } from "./route-contract.ts";

/** Components, releases and strategies. */
export const REGISTRY_ROUTES = {
  listComponents: {
    method: "GET",
    path: "/api/v1/components",
    summary: "Component versions, newest first",
    role: "viewer",
    query: PageQuery.extend({ kind: z.string().optional(), name: z.string().optional() }),
    status: 200,
    response: pageOf(registry.ComponentSummary),
  },
  createComponent: {
    method: "POST",
    path: "/api/v1/components",
    summary: "Register a component version",
    role: "operator",
    body: registry.ComponentDraft,
    status: 201,
    response: registry.ComponentSummary,
  },
  getComponent: {
    method: "GET",
    path: "/api/v1/components/:id",
    summary: "A component version by digest, with its content",
    role: "viewer",
    params: byId,
    status: 200,
    response: registry.Component,
  },

  listReleases: {
    method: "GET",
    path: "/api/v1/releases",
    summary: "Releases, newest first",
    role: "viewer",
    query: PageQuery.extend({ feature: FeatureKey.optional() }),
    status: 200,
    response: pageOf(registry.Release),
  },
  createRelease: {
    method: "POST",
    path: "/api/v1/releases",
    summary: "Couple component versions into a release",
    role: "operator",
    body: registry.ReleaseDraft,
    status: 201,
    response: registry.Release,
  },
  getRelease: {
    method: "GET",
    path: "/api/v1/releases/:id",
    summary: "One release",
    role: "viewer",
    params: byId,
    status: 200,
    response: registry.Release,
  },
  diffReleases: {
    method: "GET",
    path: "/api/v1/releases/:id/diff",
    summary: "What changes from another release to this one",
    role: "viewer",
    params: byId,
    query: z.object({ from: z.string() }),
    status: 200,
    response: registry.ReleaseDiff,
  },

  listStrategies: {
    method: "GET",
    path: "/api/v1/strategies",
    summary: "Strategies: stored ones, and those that come with the server",
    role: "viewer",
    status: 200,
    response: z.object({ items: z.array(registry.Strategy) }),
  },
  putStrategy: {
    method: "POST",
    path: "/api/v1/strategies",
    summary: "Store a strategy",
    role: "operator",
    body: registry.StrategyDocument,
    status: 201,
    response: registry.Strategy,
  },
} as const satisfies Record<string, RouteContract>;
