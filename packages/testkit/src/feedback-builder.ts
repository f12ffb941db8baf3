import type { Feedback } from "@spillway/core";
import { exchangeId, feedbackId } from "@spillway/core";

/** A valid feedback: the answer of `buildExchange` was used as it was. */
export function buildFeedback(overrides: Partial<Feedback> = {}): Feedback {
  return {
    id: feedbackId("fb_1"),
    exchangeId: exchangeId("exch_1"),
    receivedAtMs: 1_800_000_000_000,
    features: ["*"],
    isAccepted: true,
    edit: null,
    correction: null,
    rating: null,
    values: {},
    ...overrides,
  };
}
