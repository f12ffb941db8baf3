import { FEATURE_ROUTES } from "./feature-routes.ts";
import { OPERATION_ROUTES } from "./operation-routes.ts";
import { REGISTRY_ROUTES } from "./registry-routes.ts";
import type { RouteContract } from "./route-contract.ts";
import { ROLLOUT_ROUTES } from "./rollout-routes.ts";

export const ROUTES = {
  ...FEATURE_ROUTES,
  ...REGISTRY_ROUTES,
  ...ROLLOUT_ROUTES,
  ...OPERATION_ROUTES,
} as const satisfies Record<string, RouteContract>;

export type RouteName = keyof typeof ROUTES;

/** Server-sent events, outside the table because their response never ends. */
export const EVENT_STREAMS = {
  /** `data:` is a ChangeEvent. For people's screens. */
  events: { path: "/api/v1/events", role: "viewer" },
  /** `data:` is {"revision": n}, at once and on each change. For gateways. */
  snapshotRevisions: { path: "/internal/v1/snapshot/revisions", role: "gateway" },
} as const;
