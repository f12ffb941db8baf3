import { AppError, invariant } from "@spillway/core";
import type { RegistryChange } from "../../ports/registry-records.ts";
import type { KeyPrincipal } from "./principal.ts";
import type { RouteContext } from "./route-handlers.ts";

/** The key that acts. Routes that use it ask for a role, so that there is one. */
export function keyOf(context: RouteContext): KeyPrincipal {
  invariant(context.principal?.kind === "key", "the route asks for the role of a key");
  return context.principal;
}

/** Who changes the registry, and when. */
export function changeBy(context: RouteContext): RegistryChange {
  return { actor: keyOf(context).name, nowMs: context.clock.nowMs() };
}

export const notFound = (what: string, id: string): AppError =>
  new AppError("not_found", `There is no ${what} "${id}".`);

export const featureNotFound = (key: string): AppError =>
  new AppError("feature_not_found", `There is no feature "${key}".`);
