import type * as Wire from "@spillway/contract";
import type { Exchange, Score } from "@spillway/core";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

export function exchangeViewOf(
  exchange: Exchange,
  scores: readonly Score[],
): ReadOnly<Wire.ExchangeView> {
  return {
    id: exchange.id,
    feature: exchange.feature,
    release: exchange.release,
    arm: exchange.arm,
    role: exchange.role,
    shadowOf: exchange.shadowOf,
    rolloutId: exchange.rolloutId,
    outcome: exchange.outcome,
    isFallback: exchange.isFallback,
    startedAtMs: exchange.startedAtMs,
    latencyMs: exchange.latencyMs,
    costMicroUsd: exchange.costMicroUsd,
    attributes: exchange.attributes,
    input: exchange.input,
    output: exchange.output,
    scores: scores.map(({ metric, value, note }) => ({ metric, value, note })),
  };
}
