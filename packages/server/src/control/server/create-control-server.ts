import type { AddressInfo } from "node:net";
import { openApiDocument } from "@spillway/contract";
import { fastify, type FastifyInstance } from "fastify";
import { requestIdOf } from "../../http/request-id.ts";
import { HANDLERS } from "../handlers.ts";
import {
  DEFAULT_CONTROL_LIMITS,
  type ControlLimits,
  type ControlServerOptions,
} from "./control-options.ts";
import { createErrorReply } from "./error-replies.ts";
import { registerEventStreams } from "./event-streams.ts";
import { parseJson } from "./parse-json.ts";
import { createAuthenticator, type Principal } from "./principal.ts";
import { registerRoutes } from "./register-routes.ts";
import { DATA_HEADERS } from "./security-headers.ts";
import { createUnknownRoute } from "./unknown-routes.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set before the body is read; null on routes without a key. */
    principal: Principal | null;
  }
}

export type ControlServer = {
  readonly listen: (at: { readonly host: string; readonly port: number }) => Promise<AddressInfo>;
  /** Null while it does not listen. */
  readonly address: () => AddressInfo | null;
  /** A request without a socket, for tests. */
  readonly inject: FastifyInstance["inject"];
  /** Takes no more requests, ends the streams, and lets the rest finish within `drainMs`. */
  readonly close: () => Promise<void>;
};

const IDLE_CHECK_MS = 50;

/** Real time to receive a whole request: a client that sends a byte a minute holds no place. */
const REQUEST_TIMEOUT_MS = 120_000;

export function createControlServer(options: ControlServerOptions): ControlServer {
  const limits = { ...DEFAULT_CONTROL_LIMITS, ...options.limits };
  const app = createApp(options);
  const authenticate = createAuthenticator({
    keys: options.ports.keys,
    gatewayToken: options.gatewayToken,
    nowMs: options.clock.nowMs,
  });
  registerRoutes(app, { ...options, handlers: HANDLERS, authenticate, limits });
  registerDocument(app, options.version);
  const streams = registerEventStreams(app, {
    ports: options.ports,
    authenticate,
    limits,
    log: options.log,
  });
  app.setNotFoundHandler(createUnknownRoute(options.staticDir));
  const address = (): AddressInfo | null => {
    const found = app.server.address();
    return found === null || typeof found === "string" ? null : found;
  };
  return {
    listen: async ({ host, port }) => {
      await app.listen({ host, port });
      return address() as AddressInfo;
    },
    address,
    inject: app.inject.bind(app),
    close: () => drain(app, streams.close, limits),
  };
}

function createApp(options: ControlServerOptions): FastifyInstance {
  const sendError = createErrorReply(options);
  const app = fastify({
    logger: false,
    genReqId: (request) => requestIdOf(request, () => options.ids.next("req")),
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 1_000, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
  });
  app.decorateRequest("principal", null);
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.addHook("onRequest", async (request, reply) => {
    void reply.headers({ ...DATA_HEADERS, "x-request-id": request.id });
  });
  app.addHook("onResponse", async (request, reply) => {
    options.log.debug("answered", {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? "unknown",
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    });
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, text, done) => {
    try {
      done(null, parseJson(text as string));
    } catch (error) {
      done(error as Error);
    }
  });
  return app;
}

function registerDocument(app: FastifyInstance, version: string): void {
  const document = JSON.stringify(openApiDocument(version));
  app.get("/openapi.json", (_request, reply) =>
    reply.type("application/json; charset=utf-8").send(document),
  );
}

/** Streams never finish by themselves; what still runs after `drainMs` is cut off. */
async function drain(
  app: FastifyInstance,
  closeStreams: () => void,
  limits: ControlLimits,
): Promise<void> {
  closeStreams();
  const cut = setTimeout(() => app.server.closeAllConnections(), limits.drainMs);
  // A connection whose request ends only now is kept open by its client, and would hold up the close.
  const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
    clearInterval(idle);
  }
}
