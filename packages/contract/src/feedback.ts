import { z } from "zod";
import { JsonObject, PageQuery, TimestampMs } from "./common.ts";

const Edited = z
  .union(
    [
      z.strictObject({
        /** The text that was finally used; the distance to the answer is computed. */
        text: z.string().max(200_000),
      }),
      z.strictObject({
        /** For content that is not to be stored: part of the answer's words that were changed. */
        distance: z.number().min(0).max(1),
      }),
    ],
    { error: "wanted { text } with the text that was used, or { distance } from 0 to 1" },
  )
  .optional();

/**
 * `POST /v1/feedback` of the gateway: what became of one answer. Everything but `exchange` may be left
 * out, but not all of it.
 */
export const FeedbackDraft = z
  .strictObject({
    /** `x-spillway-exchange` of the reply. */
    exchange: z.string().min(1).max(200),
    /** Makes a repeat count once, as the header `idempotency-key` does. */
    id: z.string().min(1).max(200).optional(),
    /** Used as it was. */
    accepted: z
      .literal(true, { error: "wanted true, or left out: say edited or corrected instead" })
      .optional(),
    edited: Edited,
    /** Reported as wrong (true), which fields were, or none of them ([] or false). */
    corrected: z
      .union([z.boolean(), z.array(z.string().min(1).max(100)).max(100)], {
        error: "wanted true, false, or the names of the fields that were wrong",
      })
      .optional(),
    rating: z.number().optional(),
    /** Business values by name, as the feature's metrics read them. */
    values: z
      .record(
        z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, "wanted small letters, digits and _"),
        z.union([z.number(), z.boolean()], { error: "wanted a number, true or false" }),
      )
      .refine((values) => Object.keys(values).length <= 20, "wanted at most 20 values")
      .optional(),
  })
  .meta({ id: "FeedbackDraft" });
export type FeedbackDraft = z.input<typeof FeedbackDraft>;

/** It is on the gateway's disk; it counts when its exchange is there too. */
export const FeedbackReceipt = z
  .object({ object: z.literal("feedback"), id: z.string(), exchange: z.string() })
  .meta({ id: "FeedbackReceipt" });
export type FeedbackReceipt = z.infer<typeof FeedbackReceipt>;

/** A batch of feedback from a gateway. Ids make a repeat count once. */
export const FeedbackBatch = z.object({
  gatewayId: z.string(),
  feedback: z.array(JsonObject).max(1_000),
});

const FeedbackState = z.enum(["waiting", "counted", "unmatched", "failed"]);

export const Feedback = z
  .object({
    id: z.string(),
    exchange: z.string(),
    receivedAtMs: TimestampMs,
    /**
     * `waiting` for its exchange, `counted` (as far as nobody had said it before), `unmatched` when none
     * has come in a week, `failed` when it could not be saved.
     */
    state: FeedbackState,
    /** In words, without the text that was used: "accepted", "edited", "corrected: amount". */
    said: z.array(z.string()),
    /** Names of the numbers that were taken from it. */
    counted: z.array(z.string()),
    /** Why nothing was. */
    note: z.string().nullable(),
  })
  .meta({ id: "Feedback" });
export type Feedback = z.infer<typeof Feedback>;

export const FeedbackQuery = PageQuery.extend({
  state: FeedbackState.optional(),
  exchange: z.string().min(1).max(200).optional(),
});
