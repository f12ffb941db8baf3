import type { Feedback, JsonObject } from "@spillway/core";
import {
  EXCHANGE_BOUNDS,
  exchangeId,
  FEEDBACK_BOUNDS,
  feedbackId,
  isJsonObject,
} from "@spillway/core";
import { z } from "zod";
import { pathText } from "../../http/path-text.ts";
import { storable } from "./storable.ts";

export type ParsedFeedback =
  | { readonly kind: "feedback"; readonly feedback: Feedback }
  | { readonly kind: "rejected"; readonly id: string; readonly message: string };

const id = z.string().min(1).max(EXCHANGE_BOUNDS.id);

/** A newer gateway may send more than this; what is not known is left behind. */
const FeedbackRecord = z.object({
  id,
  exchangeId: id,
  receivedAtMs: z.number().int().nonnegative(),
  features: z.array(id),
  isAccepted: z.boolean(),
  edit: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("text"), text: z.string().max(FEEDBACK_BOUNDS.text) }),
      z.object({ kind: z.literal("distance"), distance: z.number().min(0).max(1) }),
    ])
    .nullable(),
  correction: z
    .object({
      isWrong: z.boolean(),
      fields: z.array(z.string().max(FEEDBACK_BOUNDS.fieldName)).max(FEEDBACK_BOUNDS.fields),
    })
    .nullable(),
  rating: z.number().nullable(),
  values: z.record(z.string(), z.number()),
});

/** One of a batch. A malformed one is rejected by its id, so that it does not hold up the others. */
export function parseFeedback(found: JsonObject): ParsedFeedback {
  const repaired = storable(found);
  const record = isJsonObject(repaired) ? repaired : {};
  const parsed = FeedbackRecord.safeParse(record);
  if (!parsed.success) {
    const words = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${pathText(issue.path)}: ${issue.message}`);
    const given = record["id"];
    const known = typeof given === "string" ? given.slice(0, EXCHANGE_BOUNDS.id) : "";
    return { kind: "rejected", id: known, message: words.join("; ") };
  }
  const { data } = parsed;
  return {
    kind: "feedback",
    feedback: { ...data, id: feedbackId(data.id), exchangeId: exchangeId(data.exchangeId) },
  };
}
