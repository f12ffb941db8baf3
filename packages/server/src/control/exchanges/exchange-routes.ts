import { notFound } from "../server/acting.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import { exchangeViewOf } from "./exchange-mapping.ts";

export const exchangeHandlers: HandlersOf<"getExchange"> = {
  getExchange: async ({ params }, { ports }) => {
    const found = await ports.exchanges.get(params.id);
    if (found === null) throw notFound("exchange", params.id);
    return { body: exchangeViewOf(found.exchange, found.scores) };
  },
};
