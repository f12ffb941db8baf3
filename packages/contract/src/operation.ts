import { z } from "zod";
import { JsonObject, Role, TimestampMs } from "./common.ts";

export const LedgerEntry = z
  .object({
    seq: z.number().int(),
    atMs: TimestampMs,
    actor: z.string(),
    action: z.string(),
    subject: z.string(),
    body: z.json(),
    previousHash: z.string(),
    hash: z.string(),
  })
  .meta({ id: "LedgerEntry" });
export type LedgerEntry = z.infer<typeof LedgerEntry>;

export const LedgerVerification = z
  .object({
    isIntact: z.boolean(),
    entries: z.number().int(),
    head: z.string(),
    brokenAtSeq: z.number().int().nullable(),
    sentence: z.string(),
  })
  .meta({ id: "LedgerVerification" });
export type LedgerVerification = z.infer<typeof LedgerVerification>;

export const GatewayReport = z
  .strictObject({
    id: z.string(),
    startedAtMs: TimestampMs,
    snapshotRevision: z.number().int(),
    spoolBytes: z.number().int(),
    /** Not yet delivered. */
    spooledExchanges: z.number().int(),
    /** Since its start. */
    droppedExchanges: z.number().int(),
    shadowDrops: z.array(
      z.strictObject({ rolloutId: z.string(), reason: z.string(), count: z.number().int() }),
    ),
  })
  .meta({ id: "GatewayReport" });
export type GatewayReport = z.infer<typeof GatewayReport>;

export const Gateway = GatewayReport.extend({
  lastSeenAtMs: TimestampMs,
  isCurrent: z.boolean(),
}).meta({
  id: "Gateway",
});
export type Gateway = z.infer<typeof Gateway>;

/** A batch of exchanges from a gateway. Ids make a repeat count once. */
export const ExchangeBatch = z.object({
  gatewayId: z.string(),
  exchanges: z.array(JsonObject).max(1_000),
});

export const ExchangeReceipt = z.object({
  accepted: z.number().int(),
  duplicates: z.number().int(),
  /** Ids that can never be stored (malformed); the gateway must not send them again. */
  rejected: z.array(z.object({ id: z.string(), message: z.string() })),
});
export type ExchangeReceipt = z.infer<typeof ExchangeReceipt>;

export const ExchangeView = z
  .object({
    id: z.string(),
    feature: z.string(),
    release: z.string(),
    arm: z.string(),
    role: z.string(),
    shadowOf: z.string().nullable(),
    rolloutId: z.string().nullable(),
    outcome: z.string(),
    /** The feature's declared fallback answered, and not the release of the arm. */
    isFallback: z.boolean(),
    startedAtMs: TimestampMs,
    latencyMs: z.number(),
    costMicroUsd: z.number().nullable(),
    attributes: z.record(z.string(), z.string()),
    input: z.json(),
    output: z.string().nullable(),
    scores: z.array(
      z.object({ metric: z.string(), value: z.number().nullable(), note: z.string().nullable() }),
    ),
  })
  .meta({ id: "Exchange" });
export type ExchangeView = z.infer<typeof ExchangeView>;

/** `control` keys have a role; `gateway` keys call features and nothing else. */
export const KeyDraft = z
  .strictObject({
    name: z.string().min(1).max(120),
    scope: z.enum(["control", "gateway"]),
    role: Role.nullable().default(null),
    features: z.array(z.string()).max(500).default([]),
    expiresAtMs: TimestampMs.nullable().default(null),
  })
  .meta({ id: "KeyDraft" });
export type KeyDraft = z.input<typeof KeyDraft>;

export const Key = z
  .object({
    id: z.string(),
    name: z.string(),
    scope: z.enum(["control", "gateway"]),
    role: Role.nullable(),
    features: z.array(z.string()),
    createdAtMs: TimestampMs,
    expiresAtMs: TimestampMs.nullable(),
    revokedAtMs: TimestampMs.nullable(),
  })
  .meta({ id: "Key" });
export type Key = z.infer<typeof Key>;

/** The secret is shown here once and never again. */
export const CreatedKey = Key.extend({ secret: z.string() }).meta({ id: "CreatedKey" });
export type CreatedKey = z.infer<typeof CreatedKey>;

export const WhoAmI = z.object({ name: z.string(), role: Role }).meta({ id: "WhoAmI" });

/** One line of `GET /api/v1/events` (server-sent events): something changed, fetch it again. */
export const ChangeEvent = z
  .object({
    kind: z.enum(["rollout", "feature", "snapshot", "gateway", "exchange"]),
    feature: z.string().nullable(),
    rolloutId: z.string().nullable(),
    snapshotRevision: z.number().int().nullable(),
  })
  .meta({ id: "ChangeEvent" });
export type ChangeEvent = z.infer<typeof ChangeEvent>;

export const Health = z.object({
  status: z.enum(["ok", "degraded"]),
  database: z.enum(["ok", "unreachable"]),
  version: z.string(),
  clock: z.object({ nowMs: TimestampMs, speed: z.number() }),
});
export type Health = z.infer<typeof Health>;
