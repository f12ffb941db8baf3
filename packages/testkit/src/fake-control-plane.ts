import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import type { Snapshot } from "@spillway/core";
import type { Receipt } from "../../server/src/ports.ts";

export type FakeControlPlane = {
  readonly baseUrl: string;
  /** Publishes a snapshot; with `isPushed: false` only a poll can find it. */
  readonly publish: (snapshot: Snapshot, options?: { readonly isPushed: boolean }) => void;
  readonly reports: readonly Readonly<Record<string, unknown>>[];
  readonly exchangeIds: readonly string[];
  readonly statusesOfPulls: readonly number[];
  readonly untilSubscribed: () => Promise<void>;
  readonly untilReports: (count: number) => Promise<void>;
  readonly untilPulls: (count: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

export const CONTROL_TOKEN = "token-of-the-gateway";

/** The internal half of the control API, as gateways see it, in memory. */
export async function startFakeControlPlane(initial: Snapshot): Promise<FakeControlPlane> {
  let snapshot = initial;
  const subscribers = new Set<ServerResponse>();
  const reports: Readonly<Record<string, unknown>>[] = [];
  const exchangeIds: string[] = [];
  const statusesOfPulls: number[] = [];
  const { until, changed } = createChanges();

  function pull(request: IncomingMessage, response: ServerResponse): void {
    const etag = `"${snapshot.revision}-${snapshot.createdAtMs}"`;
    const status = request.headers["if-none-match"] === etag ? 304 : 200;
    response.writeHead(status, { etag, "content-type": "application/json" });
    response.end(status === 304 ? undefined : JSON.stringify(snapshot));
    statusesOfPulls.push(status);
  }

  function subscribe(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: {"revision":${snapshot.revision}}\n\n`);
    subscribers.add(response);
    response.once("close", () => subscribers.delete(response));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== `Bearer ${CONTROL_TOKEN}`) {
      response.writeHead(401).end("{}");
      return;
    }
    if (request.url === "/internal/v1/snapshot") pull(request, response);
    else if (request.url === "/internal/v1/snapshot/revisions") subscribe(response);
    else take(request.url ?? "", await bodyOf(request), response);
    changed();
  }

  function take(url: string, body: Readonly<Record<string, unknown>>, response: ServerResponse) {
    response.writeHead(200, { "content-type": "application/json" });
    if (url === "/internal/v1/gateways") {
      reports.push(body);
      response.end(JSON.stringify({ snapshotRevision: snapshot.revision }));
      return;
    }
    response.end(JSON.stringify(receiptOf(body, exchangeIds)));
  }

  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    publish: (next, options = { isPushed: true }) => {
      snapshot = next;
      if (!options.isPushed) return;
      for (const subscriber of subscribers) {
        subscriber.write(`data: {"revision":${next.revision}}\n\n`);
      }
    },
    reports,
    exchangeIds,
    statusesOfPulls,
    untilSubscribed: () => until(() => subscribers.size > 0),
    untilReports: (count) => until(() => reports.length >= count),
    untilPulls: (count) => until(() => statusesOfPulls.length >= count),
    close: () => closeAll(server),
  };
}

/** Takes the ids that are new; a repeat counts as a duplicate. */
function receiptOf(body: Readonly<Record<string, unknown>>, known: string[]): Receipt {
  const ids = (body["exchanges"] as readonly { readonly id: string }[]).map(({ id }) => id);
  const fresh = ids.filter((id) => !known.includes(id));
  known.push(...fresh);
  return { accepted: fresh.length, duplicates: ids.length - fresh.length, rejected: [] };
}

async function closeAll(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Waiting for a fact, looked at again after each request. */
function createChanges() {
  const wakers = new Set<() => void>();
  return {
    until: async (isTrue: () => boolean): Promise<void> => {
      while (!isTrue()) await new Promise<void>((resolve) => wakers.add(resolve));
    },
    changed: (): void => {
      for (const wake of wakers) wake();
      wakers.clear();
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>;
}
