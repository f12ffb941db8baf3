import { changeBy } from "../server/acting.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import { strategyOf } from "./strategy-mapping.ts";

export const strategyHandlers: HandlersOf<"listStrategies" | "putStrategy"> = {
  listStrategies: async (_input, { ports }) => {
    const records = await ports.registry.listStrategies();
    const items = records.map((each) =>
      strategyOf(each.strategy, each.document, each.isBuiltIn === true),
    );
    return { body: { items } };
  },

  putStrategy: async ({ body }, context) => {
    const { record } = await context.ports.registry.putStrategy(body, changeBy(context));
    return { body: strategyOf(record.strategy, record.document) };
  },
};
