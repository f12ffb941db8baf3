import { AppError } from "@spillway/core";
import type { FeatureMoved, FeatureMoveOutcome } from "../control-ports.ts";
import { changeBy, featureNotFound, keyOf } from "../server/acting.ts";
import { invalidRequest } from "../server/parse-request.ts";
import { refusalOf } from "../server/refusal.ts";
import type { HandlersOf, RouteContext } from "../server/route-handlers.ts";
import { featureDefinitionOf, featureMoveOf, featureOf, whoServedOf } from "./feature-mapping.ts";
import { featureStatusOf } from "./feature-status.ts";

export const featureHandlers: HandlersOf<
  | "listFeatures"
  | "getFeature"
  | "putFeature"
  | "featureStatus"
  | "featureTraffic"
  | "whoServed"
  | "rollbackFeature"
  | "undoFeature"
  | "killFeature"
  | "reviveFeature"
> = {
  listFeatures: async (_input, { ports }) => {
    const records = await ports.registry.listFeatures();
    return { body: { items: records.map(featureOf) } };
  },

  getFeature: async ({ params }, context) => ({ body: await loaded(context, params.feature) }),

  putFeature: async ({ params, body }, context) => {
    if (body.key !== params.feature) {
      const message = `Found "${body.key}", wanted "${params.feature}" as in the path.`;
      throw invalidRequest([{ path: "key", message }]);
    }
    const definition = featureDefinitionOf(body);
    const { record } = await context.ports.registry.putFeature(definition, changeBy(context));
    return { body: featureOf(record) };
  },

  featureStatus: async ({ params }, { ports, clock }) => {
    const state = await ports.rollouts.status(params.feature);
    if (state === null) throw featureNotFound(params.feature);
    const [gateways, snapshotRevision] = await Promise.all([
      ports.gateways.list(),
      ports.snapshot.revision(),
    ]);
    const { feature } = params;
    const nowMs = clock.nowMs();
    return { body: featureStatusOf({ feature, state, gateways, snapshotRevision, nowMs }) };
  },

  featureTraffic: async ({ params: { feature } }, { ports }) => {
    const found = await ports.traffic.ofFeature(feature);
    if (found === null) throw featureNotFound(feature);
    const { requests, windowHours, requestsPerHour } = found;
    return { body: { feature, requests, windowHours, requestsPerHour } };
  },

  whoServed: async ({ params, query }, { ports }) => {
    const asked = { feature: params.feature, atMs: query.at, tenant: query.tenant ?? null };
    const found = await ports.whoServed.whoServed(asked);
    if (found === null) throw featureNotFound(params.feature);
    return { body: whoServedOf(asked, found) };
  },

  rollbackFeature: async ({ params, body }, context) => {
    const { to, component, note } = body;
    const outcome = await context.ports.rollouts.rollbackFeature({
      feature: params.feature,
      ...(to === undefined ? {} : { to }),
      ...(component === undefined ? {} : { component }),
      by: keyOf(context).name,
      note,
    });
    return { body: featureMoveOf(params.feature, moved(params.feature, outcome)) };
  },

  undoFeature: async ({ params, body }, context) => {
    const { feature } = params;
    const by = keyOf(context).name;
    const outcome = await context.ports.rollouts.undoFeature({ feature, by, note: body.note });
    return { body: featureMoveOf(feature, moved(feature, outcome)) };
  },

  killFeature: async ({ params, body }, context) =>
    setKilled(context, { feature: params.feature, isKilled: true, note: body.note }),

  reviveFeature: async ({ params, body }, context) =>
    setKilled(context, { feature: params.feature, isKilled: false, note: body.note }),
};

async function setKilled(
  context: RouteContext,
  wanted: { readonly feature: string; readonly isKilled: boolean; readonly note: string },
) {
  const by = keyOf(context).name;
  const outcome = await context.ports.rollouts.setKilled({ ...wanted, by });
  if (outcome.kind === "gone") throw featureNotFound(wanted.feature);
  return { body: await loaded(context, wanted.feature) };
}

async function loaded(context: RouteContext, key: string) {
  const record = await context.ports.registry.loadFeature(key);
  if (record === null) throw featureNotFound(key);
  return featureOf(record);
}

function moved(feature: string, outcome: FeatureMoveOutcome): FeatureMoved {
  switch (outcome.kind) {
    case "moved":
      return outcome;
    case "gone":
      throw featureNotFound(feature);
    case "refused":
      throw refusalOf(outcome);
    default:
      throw new AppError("internal", "A move of a feature has an unknown outcome.");
  }
}
