import type { IncomingMessage } from "node:http";

const ACCEPTED = /^[\w.:-]{1,128}$/;

/** The client's request id when it is a harmless one, else a new one. */
export function requestIdOf(request: IncomingMessage, nextId: () => string): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && ACCEPTED.test(given) ? given : nextId();
}

/** OpenAI clients read `x-request-id`, Anthropic's read `request-id`: both are sent, always. */
export function requestIdHeaders(requestId: string): Record<string, string> {
  return { "x-request-id": requestId, "request-id": requestId };
}
