import { pageRequestOf } from "../server/paging.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import { ledgerEntryOf, ledgerHeadOf, ledgerVerificationOf } from "./ledger-mapping.ts";

export const ledgerHandlers: HandlersOf<"listLedger" | "verifyLedger"> = {
  listLedger: async ({ query }, { ports }) => {
    const page = await ports.ledger.list(pageRequestOf(query));
    return { body: { items: page.items.map(ledgerEntryOf), nextCursor: page.nextCursor } };
  },

  verifyLedger: async ({ query: { head } }, { ports }) => {
    const found = await ports.ledger.verify(head === undefined ? null : ledgerHeadOf(head));
    return { body: ledgerVerificationOf(found) };
  },
};
