import type { ServerResponse } from "node:http";
import type { JsonObject } from "@spillway/core";
import type { VendorError } from "./vendor-error.ts";

export type JsonReply = {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Long enough for a client to read its 413 while it still sends, short enough to cost nothing. */
const LINGER_MS = 250;

export function sendJson(response: ServerResponse, reply: JsonReply): void {
  if (response.headersSent || response.destroyed) return;
  const text = Buffer.from(JSON.stringify(reply.body));
  response.writeHead(reply.status, {
    ...reply.headers,
    "content-type": "application/json",
    "content-length": text.length,
  });
  response.end(text);
}

/**
 * An error reply to a request whose body was not read to its end. The connection cannot be used again;
 * it is closed a little later, because a reset would take the reply from a client that still sends.
 */
export function sendErrorUnread(response: ServerResponse, error: VendorError): void {
  if (response.headersSent || response.destroyed) return;
  const text = Buffer.from(JSON.stringify(error.body));
  response.writeHead(error.status, {
    ...error.headers,
    "content-type": "application/json",
    "content-length": text.length,
    connection: "close",
  });
  response.write(text);
  const timer = setTimeout(() => response.end(), LINGER_MS);
  response.once("close", () => clearTimeout(timer));
}

/** Null when more may be written at once, else a promise of the moment when the client has read. */
export function writeBounded(response: ServerResponse, bytes: Uint8Array): Promise<void> | null {
  if (response.destroyed || response.write(bytes)) return null;
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}

export const SSE_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  "x-accel-buffering": "no",
} as const;
