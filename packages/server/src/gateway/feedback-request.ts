import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Feedback, GatewayKey } from "@spillway/core";
import { AppError, exchangeId, feedbackId, RESERVED_VALUE_NAMES } from "@spillway/core";
import type { FeedbackDraft } from "../http/feedback-body.ts";
import { parseFeedbackBody } from "../http/feedback-body.ts";

type Source = {
  readonly bytes: Uint8Array;
  readonly headers: IncomingHttpHeaders;
  readonly key: GatewayKey;
  readonly receivedAtMs: number;
  readonly newId: () => string;
};

/** Throws `invalid_request` that names the field, what was found and what was wanted. */
export function parseFeedbackRequest(source: Source): Feedback {
  const draft = parseFeedbackBody(source.bytes);
  refuseContradictions(draft);
  const { edited, corrected, values = {} } = draft;
  return {
    id: feedbackId(idOf(source, draft)),
    exchangeId: exchangeId(draft.exchange),
    receivedAtMs: source.receivedAtMs,
    features: source.key.features,
    isAccepted: draft.accepted === true,
    edit:
      edited === undefined
        ? null
        : "text" in edited
          ? { kind: "text", text: edited.text }
          : { kind: "distance", distance: edited.distance },
    correction: correctionOf(corrected),
    rating: draft.rating ?? null,
    values: Object.fromEntries(Object.entries(values).map(([name, of]) => [name, Number(of)])),
  };
}

function refuseContradictions(draft: FeedbackDraft): void {
  const { accepted, edited, corrected, rating, values = {} } = draft;
  const said = [accepted, edited, corrected, rating, draft.values];
  if (said.every((of) => of === undefined)) {
    throw invalid("", "It says nothing. Wanted accepted, edited, corrected, rating or values.");
  }
  if (accepted === true && edited !== undefined) {
    throw invalid(
      "accepted",
      "Found accepted and edited. Accepted means used as it was: send one.",
    );
  }
  if (accepted === true && correctionOf(corrected)?.isWrong === true) {
    throw invalid("accepted", "Found accepted and corrected. Accepted means that it was right.");
  }
  const reserved = Object.keys(values).find((name) => RESERVED_VALUE_NAMES.has(name));
  if (reserved === undefined) return;
  throw invalid(
    `values.${reserved}`,
    `\`values.${reserved}\`: the name has a meaning of its own. Wanted ${wantedFor(reserved)}.`,
  );
}

function wantedFor(reserved: string): string {
  if (reserved.startsWith("edit_")) return "accepted or edited";
  if (reserved === "correction_rate") return "accepted or corrected";
  return reserved === "rating" ? "rating beside values" : "another name: this one is measured here";
}

function correctionOf(corrected: FeedbackDraft["corrected"]): Feedback["correction"] {
  if (corrected === undefined) return null;
  if (typeof corrected === "boolean") return { isWrong: corrected, fields: [] };
  return { isWrong: corrected.length > 0, fields: corrected };
}

/** The same words on the same exchange give the same id, so that a client's retry counts once. */
function idOf({ headers, newId }: Source, { id, exchange }: FeedbackDraft): string {
  const header = headers["idempotency-key"];
  const given = id ?? (typeof header === "string" && header !== "" ? header : undefined);
  if (given === undefined) return newId();
  const digest = createHash("sha256")
    .update(JSON.stringify([exchange, given]))
    .digest("hex");
  return `fb_${digest.slice(0, 32)}`;
}

function invalid(param: string, message: string): AppError {
  const details = param === "" ? {} : { param };
  return new AppError("invalid_request", message, { details });
}
