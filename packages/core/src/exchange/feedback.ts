import type { ExchangeId } from "./exchange.ts";

export type FeedbackId = string & { readonly __brand: "FeedbackId" };

export const feedbackId = (text: string): FeedbackId => text as FeedbackId;

/** What was changed: the text that was finally used, or how far it is from the answer (0..1). */
export type Edit =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "distance"; readonly distance: number };

/** Whether the answer was reported as wrong, and which of its fields, where they are known. */
export type Correction = { readonly isWrong: boolean; readonly fields: readonly string[] };

/**
 * What became of one answer, said by the application later: minutes or days. Taken by a gateway, delivered
 * at least once and counted once, by its id. What it does not say is null and counts as nothing.
 */
export type Feedback = {
  readonly id: FeedbackId;
  readonly exchangeId: ExchangeId;
  readonly receivedAtMs: number;
  /** Features that the caller's key may speak of; "*" is all. */
  readonly features: readonly string[];
  /** Used as it was. */
  readonly isAccepted: boolean;
  readonly edit: Edit | null;
  readonly correction: Correction | null;
  readonly rating: number | null;
  /** Business values by name. */
  readonly values: Readonly<Record<string, number>>;
};

/** How much one feedback may say. One set for both sides of the wire, as of exchanges. */
export const FEEDBACK_BOUNDS = {
  text: 200_000,
  fields: 100,
  fieldName: 100,
  values: 20,
  keyChars: 200,
} as const;
