import { z } from "zod";
import { FeatureKey, PageQuery, pageOf } from "./common.ts";
import * as rollouts from "./rollouts.ts";
import type { RouteContract } from "./route-contract.ts";
import { byId } from "./route-contract.ts";

/** Rollouts and their decisions. */
export const ROLLOUT_ROUTES = {
  listRollouts: {
    method: "GET",
    path: "/api/v1/rollouts",
    summary: "Rollouts, those that need attention first",
    role: "viewer",
    query: PageQuery.extend({
      feature: FeatureKey.optional(),
      active: z.enum(["true", "false"]).optional(),
    }),
    status: 200,
    response: pageOf(rollouts.RolloutSummary),
  },
  createRollout: {
    method: "POST",
    path: "/api/v1/rollouts",
    summary: "Prepare a rollout; it starts by its start action",
    role: "operator",
    body: rollouts.RolloutDraft,
    status: 201,
    response: rollouts.RolloutDetail,
  },
  getRollout: {
    method: "GET",
    path: "/api/v1/rollouts/:id",
    summary: "One rollout with its gate report",
    role: "viewer",
    params: byId,
    status: 200,
    response: rollouts.RolloutDetail,
  },
  rolloutAction: {
    method: "POST",
    path: "/api/v1/rollouts/:id/actions/:action",
    summary: "start, promote, approve, pause, resume, abort or rollback",
    role: "reviewer",
    params: byId.extend({ action: rollouts.RolloutAction }),
    body: rollouts.RolloutActionBody,
    status: 200,
    response: rollouts.RolloutDetail,
  },
  reviseRollout: {
    method: "POST",
    path: "/api/v1/rollouts/:id/revisions",
    summary: "Another strategy from now on; new tests start, and the record keeps both",
    role: "operator",
    params: byId,
    body: rollouts.RolloutRevisionBody,
    status: 200,
    response: rollouts.RolloutDetail,
  },
  listDecisions: {
    method: "GET",
    path: "/api/v1/rollouts/:id/decisions",
    summary: "Decisions of a rollout, newest first",
    role: "viewer",
    params: byId,
    query: PageQuery,
    status: 200,
    response: pageOf(rollouts.DecisionSummary),
  },

  getDecision: {
    method: "GET",
    path: "/api/v1/decisions/:id",
    summary: "A decision with all its inputs",
    role: "viewer",
    params: byId,
    status: 200,
    response: rollouts.Decision,
  },
  replayDecision: {
    method: "POST",
    path: "/api/v1/decisions/:id/replay",
    summary: "Decide again from the stored inputs",
    role: "viewer",
    params: byId,
    status: 200,
    response: rollouts.Replay,
  },
  explainDecision: {
    method: "GET",
    path: "/api/v1/decisions/:id/explain",
    summary: "A decision in sentences",
    role: "viewer",
    params: byId,
    status: 200,
    response: rollouts.Explanation,
  },
} as const satisfies Record<string, RouteContract>;
