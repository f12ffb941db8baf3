import { AppError } from "@spillway/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { EVENT_STREAMS } from "@spillway/contract";
import { pathOf } from "./error-replies.ts";
import { methodsOf } from "./register-routes.ts";
import {
  findStaticFile,
  isErrorDocument,
  isPagePath,
  sendErrorDocument,
  sendNotBuilt,
  sendStaticFile,
} from "./static-files.ts";

/** What belongs to the API is never answered with a page of the dashboard. */
const API_PATH = /^\/(?:api|internal|v1|healthz|openapi\.json|metrics)(?:\/|$)/;

/** What no route knows: a wrong method, a file or page of the dashboard, or nothing at all. */
export function createUnknownRoute(staticDir: string | undefined) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const path = pathOf(request.url);
    const isRead = request.method === "GET" || request.method === "HEAD";
    if (isRead && isErrorDocument(path)) return sendErrorDocument(reply, request.headers.accept);
    if (isRead && !API_PATH.test(path)) return sendPage(reply, path, staticDir);
    const methods = [...methodsOf(path), ...ownMethodsOf(path)];
    if (methods.length === 0 || methods.includes(request.method)) {
      throw new AppError("not_found", `There is nothing at ${path}.`);
    }
    void reply.header("allow", methods.join(", "));
    throw new AppError(
      "method_not_allowed",
      `${path} does not know ${request.method}. Wanted ${methods.join(" or ")}.`,
    );
  };
}

/** Paths outside of the route table. */
const OWN_PATHS: readonly string[] = [
  "/openapi.json",
  EVENT_STREAMS.events.path,
  EVENT_STREAMS.snapshotRevisions.path,
];

const ownMethodsOf = (path: string): string[] => (OWN_PATHS.includes(path) ? ["GET"] : []);

async function sendPage(
  reply: FastifyReply,
  path: string,
  staticDir: string | undefined,
): Promise<FastifyReply> {
  const index = staticDir === undefined ? null : await findStaticFile(staticDir, "/index.html");
  if (staticDir === undefined || index === null) {
    if (isPagePath(path)) return sendNotBuilt(reply);
    throw new AppError("not_found", `There is nothing at ${path}.`);
  }
  const file = await findStaticFile(staticDir, path);
  if (file !== null) return sendStaticFile(reply, file);
  if (isPagePath(path)) return sendStaticFile(reply, index);
  throw new AppError("not_found", `There is nothing at ${path}.`);
}
