import type { IncomingHttpHeaders } from "node:http";
import type { AssignmentContext, JsonObject } from "@spillway/core";
import { AppError, isJsonObject } from "@spillway/core";
import { parseJsonBody } from "../http/parse-json-body.ts";

/** One chat completion as the client asked for it. */
export type ChatRequest = {
  readonly featureKey: string;
  /** The whole body: what is not known here is passed on untouched. */
  readonly body: JsonObject;
  /** Length of the body as it came. */
  readonly bodyBytes: number;
  readonly messages: readonly JsonObject[];
  readonly isStream: boolean;
  /** The client asked for the usage frame itself. */
  readonly wantsUsage: boolean;
  /** How many choices the stream has to finish. */
  readonly expectedChoices: number;
  readonly context: AssignmentContext;
  readonly variables: JsonObject;
  /** The client's own retry of a question that it has asked before. */
  readonly isRepeat: boolean;
  /** How long the client says that it will wait. */
  readonly clientTimeoutMs: number | null;
};

type Source = {
  readonly bytes: Uint8Array;
  readonly headers: IncomingHttpHeaders;
  readonly requestId: string;
};

const MAX_UNIT_LENGTH = 512;

/** Throws `invalid_request` that names the field, what was found and what was wanted. */
export function parseChatRequest(source: Source): ChatRequest {
  const body = parseJsonBody(source.bytes);
  const featureKey = body["model"];
  if (typeof featureKey !== "string" || featureKey === "") {
    throw invalid("model", "`model` is missing. Wanted the key of a feature.");
  }
  const messages = body["messages"];
  if (!Array.isArray(messages) || !messages.every(isJsonObject)) {
    throw invalid("messages", "`messages` is missing. Wanted an array of message objects.");
  }
  const metadata = body["metadata"] ?? {};
  if (!isJsonObject(metadata)) {
    throw invalid("metadata", "`metadata` is not an object. Wanted names with values.");
  }
  const streamOptions = body["stream_options"];
  return {
    featureKey,
    body,
    bodyBytes: source.bytes.length,
    messages,
    isStream: body["stream"] === true,
    wantsUsage: isJsonObject(streamOptions) && streamOptions["include_usage"] === true,
    expectedChoices: Number.isInteger(body["n"]) ? Math.max(1, Number(body["n"])) : 1,
    context: contextOf(source, body, metadata),
    variables: metadata,
    isRepeat: numberHeader(source.headers, "x-stainless-retry-count") > 0,
    clientTimeoutMs: timeoutOf(source.headers),
  };
}

/** A header says it before the body's own field, and that before the metadata. */
function contextOf(source: Source, body: JsonObject, metadata: JsonObject): AssignmentContext {
  const { headers } = source;
  const attributes = Object.fromEntries(
    Object.entries(metadata).filter((entry): entry is [string, string] => {
      return typeof entry[1] === "string";
    }),
  );
  return {
    requestId: source.requestId,
    conversation: unit(headers["x-spillway-conversation"], metadata["conversation"]),
    user: unit(headers["x-spillway-user"], body["user"], metadata["user"]),
    tenant: unit(headers["x-spillway-tenant"], metadata["tenant"]),
    attributes,
  };
}

function unit(...candidates: readonly unknown[]): string | null {
  const found = candidates.find((value) => typeof value === "string" && value !== "");
  return typeof found === "string" ? found.slice(0, MAX_UNIT_LENGTH) : null;
}

function timeoutOf(headers: IncomingHttpHeaders): number | null {
  const seconds = numberHeader(headers, "x-stainless-timeout");
  return seconds > 0 ? seconds * 1_000 : null;
}

function numberHeader(headers: IncomingHttpHeaders, name: string): number {
  const found = Number(headers[name] ?? 0);
  return Number.isFinite(found) ? found : 0;
}

function invalid(param: string, message: string): AppError {
  return new AppError("invalid_request", message, { details: { param } });
}
