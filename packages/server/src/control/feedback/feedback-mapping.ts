import type * as Wire from "@spillway/contract";
import type { Feedback } from "@spillway/core";
import type { FeedbackRecord } from "../control-ports.ts";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

const STATES = {
  pending: "waiting",
  done: "counted",
  unmatched: "unmatched",
  failed: "failed",
} as const satisfies Record<FeedbackRecord["evaluation"], Wire.Feedback["state"]>;

export function feedbackOf(record: FeedbackRecord): ReadOnly<Wire.Feedback> {
  const { feedback, evaluation, counted, note } = record;
  return {
    id: feedback.id,
    exchange: feedback.exchangeId,
    receivedAtMs: feedback.receivedAtMs,
    state: STATES[evaluation],
    said: saidIn(feedback),
    counted: [...counted],
    note,
  };
}

export function evaluationOf(
  state: Wire.Feedback["state"] | undefined,
): FeedbackRecord["evaluation"] | null {
  const found = Object.entries(STATES).find(([, of]) => of === state);
  return (found?.[0] as FeedbackRecord["evaluation"] | undefined) ?? null;
}

function saidIn({ isAccepted, edit, correction, rating, values }: Feedback): string[] {
  return [
    ...(isAccepted ? ["accepted"] : []),
    ...(edit === null ? [] : ["edited"]),
    ...correctionIn(correction),
    ...(rating === null ? [] : [`rated ${rating}`]),
    ...Object.entries(values).map(([name, value]) => `${name} ${value}`),
  ];
}

function correctionIn(correction: Feedback["correction"]): string[] {
  if (correction === null) return [];
  if (!correction.isWrong) return ["nothing wrong"];
  const fields = correction.fields.join(" ");
  return [fields === "" ? "corrected" : `corrected: ${fields}`];
}
