import type { IncomingMessage, ServerResponse } from "node:http";
import type { GatewayKey } from "@spillway/core";
import { readBody } from "../http/read-body.ts";
import { sendJson } from "../http/reply.ts";
import type { Clock, FeedbackSink, Ids } from "../ports.ts";
import { parseFeedbackRequest } from "./feedback-request.ts";
import type { GatewayLimits } from "./limits.ts";

type Deps = {
  readonly sink: FeedbackSink;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits: GatewayLimits;
};

/**
 * `POST /v1/feedback`. The gateway knows no exchanges, so whether there is one of this id, and whether the
 * key may speak of it, is found out where the feedback is counted. 202: it is kept, and not counted yet.
 */
export async function handleFeedback(
  { sink, clock, ids, limits }: Deps,
  call: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly key: GatewayKey;
  },
): Promise<void> {
  const feedback = parseFeedbackRequest({
    bytes: await readBody(call.request, limits.maxBodyBytes),
    headers: call.request.headers,
    key: call.key,
    receivedAtMs: clock.nowMs(),
    newId: () => ids.next("fb"),
  });
  await sink.recordFeedback(feedback);
  const { id, exchangeId: exchange } = feedback;
  sendJson(call.response, { status: 202, body: { object: "feedback", id, exchange } });
}
