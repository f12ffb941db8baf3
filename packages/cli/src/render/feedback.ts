import type { Feedback } from "@spillway/contract";
import { utcTime } from "./numbers.ts";
import { renderTable } from "./table.ts";

/** In the order of the API: newest first. */
export function renderFeedback(items: readonly Feedback[]): string {
  if (items.length === 0)
    return "No feedback. Applications send it to the gateway: POST /v1/feedback.";
  return renderTable(
    ["received", "exchange", "state", "said", "counted"],
    items.map(({ receivedAtMs, exchange, state, said, counted, note }) => [
      utcTime(receivedAtMs),
      exchange,
      state,
      said.join(", "),
      note ?? (counted.length > 0 ? counted.join(", ") : WHY_NOT[state]),
    ]),
  );
}

const WHY_NOT: Readonly<Record<Feedback["state"], string>> = {
  waiting: "its exchange is not there yet",
  counted: "nothing: it was said before",
  unmatched: "nothing: there is no such exchange",
  failed: "nothing: it could not be saved",
};
