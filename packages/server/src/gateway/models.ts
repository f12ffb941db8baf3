import type { FeatureRoute, GatewayKey, JsonObject, Snapshot } from "@spillway/core";
import { AppError } from "@spillway/core";
import { mayCall } from "../http/gateway-key.ts";

/** `GET /v1/models`: the features that the key may call. */
export function listModels(snapshot: Snapshot, key: GatewayKey): JsonObject {
  const features = Object.values(snapshot.features).filter((route) => mayCall(key, route.key));
  return {
    object: "list",
    data: features
      .toSorted((a, b) => (a.key < b.key ? -1 : 1))
      .map((route) => modelOf(snapshot, route)),
  };
}

/** `GET /v1/models/{id}`. A feature that the key may not call does not exist for it. */
export function readModel(snapshot: Snapshot, key: GatewayKey, id: string): JsonObject {
  const route = Object.hasOwn(snapshot.features, id) ? snapshot.features[id] : undefined;
  if (route === undefined || !mayCall(key, id)) {
    throw new AppError("feature_not_found", `There is no feature "${id}".`);
  }
  return modelOf(snapshot, route);
}

function modelOf(snapshot: Snapshot, route: FeatureRoute): JsonObject {
  return {
    id: route.key,
    object: "model",
    created: Math.floor(snapshot.createdAtMs / 1_000),
    owned_by: "spillway",
  };
}
