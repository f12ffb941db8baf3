import { pageRequestOf } from "../server/paging.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import { evaluationOf, feedbackOf } from "./feedback-mapping.ts";

export const feedbackHandlers: HandlersOf<"listFeedback"> = {
  listFeedback: async ({ query }, { ports }) => {
    const page = await ports.feedback.list({
      ...pageRequestOf(query),
      evaluation: evaluationOf(query.state),
      exchange: query.exchange ?? null,
    });
    return { body: { items: page.items.map(feedbackOf), nextCursor: page.nextCursor } };
  },
};
