import type { ServerResponse } from "node:http";
import { EVENT_STREAMS } from "@spillway/contract";
import { AppError } from "@spillway/core";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Log } from "../../ports.ts";
import type { Change, ControlPorts } from "../control-ports.ts";
import { changeEventOf } from "../operation/change-mapping.ts";
import type { ControlLimits } from "./control-options.ts";
import { requireRole } from "./principal.ts";
import type { Authenticate } from "./register-routes.ts";
import { DATA_HEADERS } from "./security-headers.ts";

export type EventStreamOptions = {
  readonly ports: Pick<ControlPorts, "changes" | "snapshot">;
  readonly authenticate: Authenticate;
  readonly limits: ControlLimits;
  readonly log: Log;
};

export type EventStreams = {
  /** Ends every stream; its client reconnects, to whatever is there then. */
  readonly close: () => void;
};

type Client = {
  readonly response: ServerResponse;
  readonly openedAtMs: number;
  /** The last revision that was sent, so that none is sent twice or out of order. */
  revision: number;
};

/**
 * Two streams of server-sent events. Both are hints: who misses one finds the truth by asking.
 *
 *   connecting --admitted--> open --change--> written --buffer full, too old, close--> ended
 *
 * A client is registered before the current revision is read, so that a change in between is seen.
 */
export function registerEventStreams(
  app: FastifyInstance,
  options: EventStreamOptions,
): EventStreams {
  const { limits, ports } = options;
  const screens = createClients(limits, limits.eventClients);
  const gateways = createClients(limits, limits.gatewayClients);
  const unsubscribe = ports.changes.subscribe((change) => {
    screens.send(() => dataOf(changeEventOf(change)));
    sendRevision(gateways, change);
  });
  const heartbeat = setInterval(() => {
    screens.beat();
    gateways.beat();
  }, limits.heartbeatMs);
  heartbeat.unref();
  const { authenticate } = options;
  openRoute(app, EVENT_STREAMS.events, { authenticate, open: (reply) => void screens.open(reply) });
  openRoute(app, EVENT_STREAMS.snapshotRevisions, {
    authenticate,
    open: (reply) => void greet(gateways, gateways.open(reply), options),
  });
  return {
    close: () => {
      clearInterval(heartbeat);
      unsubscribe();
      screens.end();
      gateways.end();
    },
  };
}

function openRoute(
  app: FastifyInstance,
  stream: { readonly path: string; readonly role: "viewer" | "gateway" },
  how: { readonly authenticate: Authenticate; readonly open: (reply: FastifyReply) => void },
): void {
  app.get(stream.path, {
    exposeHeadRoute: false,
    onRequest: async (request) => {
      const principal = await how.authenticate(request.headers.authorization);
      requireRole(principal, stream.role);
    },
    handler: (_request, reply) => how.open(reply),
  });
}

async function greet(
  gateways: Clients,
  client: Client,
  options: EventStreamOptions,
): Promise<void> {
  try {
    const revision = await options.ports.snapshot.revision();
    gateways.write(client, revisionText(client, revision));
  } catch (error) {
    // The head is sent already; the gateway polls and reconnects, so the stream simply ends.
    options.log.warn("the revision for a gateway's stream could not be read", { error });
    client.response.end();
  }
}

function sendRevision(gateways: Clients, change: Change): void {
  const revision = change.snapshotRevision;
  if (revision === null) return;
  gateways.send((client) => revisionText(client, revision));
}

function revisionText(client: Client, revision: number): string | null {
  if (revision <= client.revision) return null;
  client.revision = revision;
  return dataOf({ revision });
}

const dataOf = (event: object): string => `data: ${JSON.stringify(event)}\n\n`;

type Clients = {
  readonly open: (reply: FastifyReply) => Client;
  readonly write: (client: Client, text: string | null) => void;
  readonly send: (text: (client: Client) => string | null) => void;
  readonly beat: () => void;
  readonly end: () => void;
};

function createClients(limits: ControlLimits, most: number): Clients {
  const clients = new Set<Client>();
  const write = (client: Client, text: string | null): void => {
    if (text === null || client.response.destroyed) return;
    client.response.write(text);
    if (client.response.writableLength > limits.streamBufferBytes) client.response.destroy();
  };
  return {
    open: (reply) => {
      if (clients.size >= most) {
        throw new AppError("overloaded", `${most} streams are open, as many as are taken.`);
      }
      const client = { response: reply.raw, openedAtMs: performance.now(), revision: -1 };
      clients.add(client);
      reply.raw.once("close", () => clients.delete(client));
      startStream(reply);
      return client;
    },
    write,
    send: (text) => {
      for (const client of clients) write(client, text(client));
    },
    beat: () => {
      for (const client of clients) {
        const isOld = performance.now() - client.openedAtMs > limits.streamMs;
        if (isOld) client.response.end();
        else write(client, ": still here\n\n");
      }
    },
    end: () => {
      for (const client of clients) client.response.end();
    },
  };
}

function startStream(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.writeHead(200, {
    ...DATA_HEADERS,
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
    "x-request-id": reply.request.id,
    connection: "keep-alive",
  });
  reply.raw.write("retry: 1000\n\n");
}
