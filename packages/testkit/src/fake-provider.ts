import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";

/** One step of a scripted answer. Steps are done in order; `gate` waits until the test opens it. */
export type FakeStep =
  | { readonly kind: "bytes"; readonly bytes: string | Uint8Array }
  | { readonly kind: "gate"; readonly gate: Promise<unknown> }
  | { readonly kind: "reset" }
  | { readonly kind: "silence" };

export type FakeReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly steps: readonly FakeStep[];
};

export type SeenRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Resolves when the caller has closed its connection before the answer ended. */
  readonly aborted: Promise<void>;
};

export type FakeProvider = {
  readonly baseUrl: string;
  readonly seen: readonly SeenRequest[];
  /** Resolves when so many requests have come. */
  readonly untilSeen: (count: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Decides each answer by the request and by how many there have been before (from 0). */
export type FakeScript = (request: SeenRequest, index: number) => FakeReply;

/** A provider over a real socket that speaks the OpenAI protocol as it is told to, faults included. */
export async function startFakeProvider(script: FakeScript): Promise<FakeProvider> {
  const seen: SeenRequest[] = [];
  const watchers = new Set<{ readonly count: number; readonly resolve: () => void }>();
  const server = createServer((request, response) => {
    void answer(request, response);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const entry: SeenRequest = {
      headers: request.headers,
      body: JSON.parse(text) as Record<string, unknown>,
      text,
      aborted: new Promise((resolve) => {
        response.once("close", () => {
          if (!response.writableFinished) resolve();
        });
      }),
    };
    seen.push(entry);
    for (const watcher of watchers) if (seen.length >= watcher.count) watcher.resolve();
    await play(response, script(entry, seen.length - 1));
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    seen,
    untilSeen: (count) =>
      seen.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => watchers.add({ count, resolve })),
    close: async () => {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}

async function play(response: ServerResponse, reply: FakeReply): Promise<void> {
  const [first] = reply.steps;
  if (first?.kind === "reset") return void response.socket?.resetAndDestroy();
  if (first?.kind === "silence") return;
  response.writeHead(reply.status, reply.headers);
  response.flushHeaders();
  for (const step of reply.steps) {
    if (response.destroyed) return;
    switch (step.kind) {
      case "bytes":
        response.write(step.bytes);
        break;
      case "gate":
        await step.gate;
        break;
      case "reset":
        // After what was written has left, so that the caller sees both.
        await new Promise((resolve) => setImmediate(resolve));
        return void response.socket?.resetAndDestroy();
      case "silence":
        return;
    }
  }
  response.end();
}

export function jsonReply(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): FakeReply {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    steps: [{ kind: "bytes", bytes: JSON.stringify(body) }],
  };
}

export function sseReply(steps: readonly (FakeStep | string)[]): FakeReply {
  return {
    status: 200,
    headers: { "content-type": "text/event-stream", "x-request-id": "upstream-1" },
    steps: steps.map((step) => (typeof step === "string" ? { kind: "bytes", bytes: step } : step)),
  };
}

export function errorReply(
  status: number,
  error: Readonly<Record<string, unknown>> = { message: `fault ${status}`, type: "server_error" },
  headers: Readonly<Record<string, string>> = {},
): FakeReply {
  return jsonReply({ error }, status, headers);
}
