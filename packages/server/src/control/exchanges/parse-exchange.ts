import type { AssignmentReason, Exchange, JsonObject } from "@spillway/core";
import { EXCHANGE_BOUNDS, exchangeId, isJsonObject } from "@spillway/core";
import { z } from "zod";
import { pathText } from "../../http/path-text.ts";
import { JSON_DEPTH_MAX } from "../server/json-depth.ts";
import { TOO_DEEP } from "./deep-exchanges.ts";
import { storable } from "./storable.ts";

export type ParsedExchange =
  | { readonly kind: "exchange"; readonly exchange: Exchange }
  | { readonly kind: "rejected"; readonly id: string; readonly message: string };

const id = z.string().min(1).max(EXCHANGE_BOUNDS.id);
const word = z.string().max(EXCHANGE_BOUNDS.word);
const count = z.number().int().nonnegative().nullable();
const durationMs = z.number().nonnegative();
const bps = z.number().int().min(0).max(10_000);

const REASONS = [
  "killed",
  "no_rollout",
  "rule",
  "ring",
  "unit_missing",
  "split",
] as const satisfies readonly AssignmentReason[];

/** A newer gateway may send more than this; what is not known is left behind. */
const ExchangeRecord = z.object({
  id,
  feature: id,
  release: id,
  arm: z.enum(["baseline", "candidate"]),
  role: z.enum(["primary", "shadow"]),
  shadowOf: id.nullable(),
  rolloutId: id.nullable(),
  stageIndex: z.number().int().min(0).max(1_000).nullable(),
  propensityBps: bps.nullable(),
  assignmentReason: z.enum(REASONS),
  isRandomised: z.boolean(),
  isRepeat: z.boolean(),
  isFallback: z.boolean(),
  unit: word.nullable(),
  unitKind: z.enum(["request", "conversation", "user", "tenant", "attribute"]).optional(),
  tenant: word.nullable(),
  user: word.nullable(),
  conversation: word.nullable(),
  attributes: z.record(z.string().max(EXCHANGE_BOUNDS.attributeName), word),
  snapshotRevision: z.number().int().nonnegative(),
  startedAtMs: z.number().int().nonnegative(),
  outcome: z.enum(["ok", "error", "truncated", "cancelled"]),
  errorCode: word.nullable(),
  attempts: z
    .array(
      z.object({
        target: word,
        outcome: z.enum(["ok", "failed"]),
        error: z.string().max(EXCHANGE_BOUNDS.error).nullable(),
        durationMs,
      }),
    )
    .max(EXCHANGE_BOUNDS.attempts),
  latencyMs: durationMs,
  firstTokenMs: durationMs.nullable(),
  inputTokens: count,
  outputTokens: count,
  costMicroUsd: z.number().nonnegative().nullable(),
  modelServed: word.nullable(),
  finishReason: word.nullable(),
  output: z.string().nullable(),
});

/** One of a batch. A malformed one is rejected by its id, so that it does not hold up the others. */
export function parseExchange(found: JsonObject): ParsedExchange {
  if (found[TOO_DEEP] === true) {
    const message = `Nested deeper than ${JSON_DEPTH_MAX} levels.`;
    return { kind: "rejected", id: idOf(found), message };
  }
  const repaired = storable(found);
  const record = isJsonObject(repaired) ? repaired : {};
  const parsed = ExchangeRecord.safeParse(record);
  const input = record["input"];
  if (!parsed.success) {
    const words = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${pathText(issue.path)}: ${issue.message}`);
    return { kind: "rejected", id: idOf(record), message: words.join("; ") };
  }
  if (input === undefined) {
    return { kind: "rejected", id: idOf(record), message: "input: wanted the client's messages" };
  }
  const { shadowOf, unitKind, ...rest } = parsed.data;
  const exchange: Exchange = {
    ...rest,
    ...(unitKind === undefined ? {} : { unitKind }),
    id: exchangeId(parsed.data.id),
    shadowOf: shadowOf === null ? null : exchangeId(shadowOf),
    input,
  };
  const message = contradictionOf(exchange);
  return message === null
    ? { kind: "exchange", exchange }
    : { kind: "rejected", id: exchange.id, message };
}

function idOf(record: JsonObject): string {
  const { id: given } = record;
  return typeof given === "string" ? given.slice(0, 200) : "";
}

/** Records that no gateway writes, and that would be counted wrongly. */
function contradictionOf(exchange: Exchange): string | null {
  if ((exchange.role === "shadow") !== (exchange.shadowOf !== null)) {
    return "shadowOf: wanted the primary's id for a shadow, and null for a primary";
  }
  if (exchange.rolloutId !== null && exchange.stageIndex === null) {
    return "stageIndex: wanted the stage of the rollout";
  }
  return null;
}
