import { z } from "zod";

/** Epoch milliseconds of the system's clock (which may run accelerated in a demo). */
export const TimestampMs = z.number().int().nonnegative();

export const BasisPoints = z.number().int().min(0).max(10_000);

export const FeatureKey = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "wanted lower-case letters, digits and hyphens, at most 63");

export const Role = z.enum(["viewer", "reviewer", "operator", "admin"]);
export type Role = z.infer<typeof Role>;

export const ComponentKind = z.enum(["prompt", "model", "index", "guardrails", "dataset", "app"]);

export const JsonObject = z.record(z.string(), z.json());

/** RFC 9457 problem details; `code` is the closed list in docs/reference/errors.md. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string().optional(),
    code: z.string(),
    requestId: z.string().optional(),
    /** One entry per thing that is wrong, by its path in the body. */
    problems: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    unmet: z.array(z.object({ code: z.string(), sentence: z.string() })).optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof Problem>;

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().optional(),
});

/** Body of every action that a person takes: the reason is shown for ever after. */
export const ActionBody = z.object({ note: z.string().max(2_000).default("") });
