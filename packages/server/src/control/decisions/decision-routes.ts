import type { DecisionRecord } from "../control-ports.ts";
import { notFound } from "../server/acting.ts";
import type { HandlersOf, RouteContext } from "../server/route-handlers.ts";
import { decisionOf } from "./decision-mapping.ts";

export const decisionHandlers: HandlersOf<"getDecision" | "replayDecision" | "explainDecision"> = {
  getDecision: async ({ params }, context) => ({
    body: decisionOf(await loaded(context, params.id)),
  }),

  replayDecision: async ({ params }, context) => {
    const record = await loaded(context, params.id);
    const { agrees, stored, replayed, sentence } =
      context.ports.decisionFunctions.replayDecision(record);
    return { body: { decisionId: record.id, agrees, stored, replayed, sentence } };
  },

  explainDecision: async ({ params }, context) => {
    const record = await loaded(context, params.id);
    const sentences = context.ports.decisionFunctions.explainDecision(record);
    return { body: { decisionId: record.id, sentences } };
  },
};

async function loaded(context: RouteContext, id: string): Promise<DecisionRecord> {
  const record = await context.ports.decisions.get(id);
  if (record === null) throw notFound("decision", id);
  return record;
}
