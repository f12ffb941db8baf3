import { z } from "zod";
import { FeatureKey } from "./common.ts";
import type { Role } from "./common.ts";

/**
 * The control API, route by route: what the server registers, the SDK calls, and OpenAPI 3.1 shows.
 * `role` is the least that may call it; null needs no key.
 */
export type RouteContract = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `:name` parameters. */
  readonly path: string;
  readonly summary: string;
  readonly role: Role | "gateway" | null;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly status: 200 | 201;
  readonly response: z.ZodType;
};

export const byFeature = z.object({ feature: FeatureKey });
export const byId = z.object({ id: z.string().min(1).max(200) });
