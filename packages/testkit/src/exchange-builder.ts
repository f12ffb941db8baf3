import type { Exchange } from "@spillway/core";
import { exchangeId } from "@spillway/core";

/** A valid exchange: an answered request of a canary's baseline. */
export function buildExchange(overrides: Partial<Exchange> = {}): Exchange {
  return {
    id: exchangeId("exch_1"),
    feature: "support",
    release: "support@1",
    arm: "baseline",
    role: "primary",
    shadowOf: null,
    rolloutId: "roll_1",
    stageIndex: 0,
    propensityBps: 500,
    assignmentReason: "split",
    isRandomised: true,
    isRepeat: false,
    isFallback: false,
    unit: "unit-1",
    tenant: null,
    user: null,
    conversation: null,
    attributes: {},
    snapshotRevision: 1,
    startedAtMs: 1_000,
    outcome: "ok",
    errorCode: null,
    attempts: [],
    latencyMs: 100,
    firstTokenMs: null,
    inputTokens: 10,
    outputTokens: 5,
    costMicroUsd: null,
    modelServed: "model-1",
    finishReason: "stop",
    input: [{ role: "user", content: "Hello?" }],
    output: "Hi.",
    ...overrides,
  };
}
