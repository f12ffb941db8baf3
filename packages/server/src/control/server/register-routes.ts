import type { RouteContract, RouteName } from "@spillway/contract";
import { ROUTES } from "@spillway/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { withoutDeepExchanges } from "../exchanges/deep-exchanges.ts";
import type { ControlLimits, ControlServerOptions } from "./control-options.ts";
import { parseRequest } from "./parse-request.ts";
import { requireRole, type Principal } from "./principal.ts";
import type { RouteContext, RouteHandlers, RouteReply } from "./route-handlers.ts";

export type Authenticate = (authorization: string | undefined) => Promise<Principal>;

/** A handler as the table's loop sees it: the schemas of its route have made its input. */
type AnyHandler = (input: unknown, context: RouteContext) => Promise<RouteReply<unknown>>;

export type RegisterOptions = Pick<ControlServerOptions, "ports" | "clock" | "version"> & {
  readonly handlers: RouteHandlers;
  readonly authenticate: Authenticate;
  readonly limits: ControlLimits;
};

/**
 * Every route of the table, in one way:
 *
 *   key -> principal (401, 403) -> body read (413, 400) -> parsed (400) -> handled -> written
 *
 * A caller without the right is told so before its body is read, and before what it sent is judged.
 */
export function registerRoutes(app: FastifyInstance, options: RegisterOptions): void {
  for (const [name, route] of Object.entries(ROUTES) as [RouteName, RouteContract][]) {
    const handler = options.handlers[name] as AnyHandler;
    const isDelivery = name === "deliverExchanges";
    app.route({
      method: route.method,
      url: route.path,
      bodyLimit: isDelivery ? options.limits.exchangeBodyBytes : options.limits.bodyBytes,
      onRequest: async (request) => {
        request.principal = await admit(route, request, options.authenticate);
      },
      handler: async (request, reply) => {
        const { params, query } = request;
        const body = isDelivery ? withoutDeepExchanges(request.body) : request.body;
        const input = parseRequest(route, { params, query, body });
        return write(reply, route, await handler(input, contextOf(request, options)));
      },
    });
  }
}

async function admit(
  route: RouteContract,
  request: FastifyRequest,
  authenticate: Authenticate,
): Promise<Principal | null> {
  if (route.role === null) return null;
  const principal = await authenticate(request.headers.authorization);
  requireRole(principal, route.role);
  return principal;
}

function contextOf(request: FastifyRequest, options: RegisterOptions): RouteContext {
  return {
    ports: options.ports,
    clock: options.clock,
    version: options.version,
    principal: request.principal,
    header: (name) => {
      const found = request.headers[name];
      return typeof found === "string" ? found : undefined;
    },
  };
}

function write(reply: FastifyReply, route: RouteContract, done: RouteReply<unknown>): FastifyReply {
  if ("notModified" in done) return reply.code(304).headers(done.headers).send();
  return reply
    .code(route.status)
    .headers(done.headers ?? {})
    .type("application/json; charset=utf-8")
    .send(JSON.stringify(done.body));
}

/** Which methods a path knows, for the answer to a wrong one. Empty: there is no such path. */
export function methodsOf(path: string): string[] {
  const methods = (Object.values(ROUTES) as RouteContract[])
    .filter((route) => patternOf(route.path).test(path))
    .map((route) => route.method);
  return [...new Set(methods)];
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:[a-zA-Z]+/g, "[^/]+")}/?$`);
