import type { JsonObject, ServableRelease } from "@spillway/core";
import { renderPrompt } from "@spillway/core";
import type { ModelRequest } from "../ports.ts";
import type { ChatRequest } from "./chat-request.ts";

export type PreparedRequest =
  | { readonly kind: "ready"; readonly request: ModelRequest }
  | { readonly kind: "variable_missing"; readonly name: string }
  | { readonly kind: "limit_exceeded"; readonly reason: string };

/** Never taken from a release's parameters: the gateway itself decides them. */
const RESERVED_FIELDS = ["model", "messages", "stream", "stream_options", "metadata"];

/** Two names of one thing: whichever the release sets, the client's other name must go. */
const SYNONYMS: readonly (readonly [string, string])[] = [
  ["max_tokens", "max_completion_tokens"],
  ["functions", "tools"],
  ["function_call", "tool_choice"],
];

/** What could make something happen outside: a copy that nobody sees must not book, pay or send. */
const ACTING_FIELDS = [
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "functions",
  "function_call",
  "web_search_options",
];

/**
 * The body for the provider: the client's own, with the pinned model, the release's messages before the
 * client's, and the release's parameters. A parameter that the release sets wins over the client's,
 * since that is what was validated; fields that nobody here knows pass through untouched.
 */
export function prepareRequest(chat: ChatRequest, release: ServableRelease): PreparedRequest {
  const rendered = renderPrompt({
    prompt: release.prompt.content,
    variables: chat.variables,
    clientMessages: chat.messages,
  });
  if (rendered.kind !== "rendered") return rendered;
  const model = release.model.content;
  const body: JsonObject = {
    ...clientFields(chat.body, model.parameters),
    ...without(model.parameters, RESERVED_FIELDS),
    model: model.id,
    messages: rendered.messages,
    ...streamFields(chat),
  };
  return { kind: "ready", request: requestOf(chat, release, body) };
}

/** The same request as a copy for a shadow: nothing is stored, and no tool can run. */
export function asShadow(request: ModelRequest): ModelRequest {
  return { ...request, body: { ...without(request.body, ACTING_FIELDS), store: false } };
}

function requestOf(chat: ChatRequest, release: ServableRelease, body: JsonObject): ModelRequest {
  return {
    provider: release.model.content.provider,
    modelId: release.model.content.id,
    body,
    isStream: chat.isStream,
    origin: {
      feature: chat.featureKey,
      releaseId: release.id,
      promptName: release.prompt.name,
      promptLabel: release.prompt.label,
      clientMessages: chat.messages,
      attributes: chat.context.attributes,
    },
  };
}

function clientFields(body: JsonObject, parameters: JsonObject): JsonObject {
  const overruled = SYNONYMS.flatMap(([one, other]) => {
    if (parameters[one] !== undefined) return [other];
    return parameters[other] === undefined ? [] : [one];
  });
  return without(body, ["metadata", "stream", "stream_options", ...overruled]);
}

/** Usage is always asked for on a stream; a client that did not ask does not see its frame. */
function streamFields(chat: ChatRequest): JsonObject {
  if (!chat.isStream) return {};
  const given = chat.body["stream_options"];
  const options = typeof given === "object" && given !== null ? (given as JsonObject) : {};
  return { stream: true, stream_options: { ...options, include_usage: true } };
}

function without(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
