import type { Exchange } from "@spillway/core";
import type { ControlPorts } from "../../server/src/control/control-ports.ts";
import { buildFeedback } from "./feedback-builder.ts";

/** Takes all that comes, and lists one that waits. */
export const fakeFeedback = (): ControlPorts["feedback"] => ({
  ingest: async (given) => ({ accepted: given.length, duplicates: 0, rejected: [] }),
  list: async () => ({
    items: [{ feedback: buildFeedback(), evaluation: "pending", counted: [], note: null }],
    nextCursor: null,
  }),
});

export function fakeExchanges(ingested: Exchange[]): ControlPorts["exchanges"] {
  return {
    ingest: async ({ exchanges }) => {
      const fresh = exchanges.filter(({ id }) => !ingested.some((known) => known.id === id));
      ingested.push(...fresh);
      const duplicates = exchanges.length - fresh.length;
      return { accepted: fresh.length, duplicates, rejected: [] };
    },
    get: async (id) => {
      const found = ingested.find((known) => known.id === id);
      return found === undefined ? null : { exchange: found, scores: [] };
    },
  };
}
