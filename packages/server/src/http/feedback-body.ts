import { FeedbackDraft } from "@spillway/contract";
import { AppError } from "@spillway/core";
import { parseJsonBody } from "./parse-json-body.ts";
import { pathText } from "./path-text.ts";

export type { FeedbackDraft } from "@spillway/contract";

/** Throws `invalid_request` that names the field, what was found and what was wanted. */
export function parseFeedbackBody(bytes: Uint8Array): FeedbackDraft {
  const parsed = FeedbackDraft.safeParse(parseJsonBody(bytes));
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const param = pathText(first?.path ?? []);
  const message = (first?.code === "invalid_key" ? first.issues[0] : first)?.message;
  const details = param === "" ? {} : { param };
  const what = param === "" ? "The body" : `\`${param}\``;
  throw new AppError("invalid_request", `${what}: ${message}.`, { details });
}
