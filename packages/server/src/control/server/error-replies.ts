import { AppError, ERROR_CATALOGUE } from "@spillway/core";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { causesOf, PROBLEM_CONTENT_TYPE, problemOf } from "../../http/problem.ts";
import type { ControlServerOptions } from "./control-options.ts";
import { DATA_HEADERS } from "./security-headers.ts";

export type SendError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply;

/** The edge of the control API: every error ends here, is logged once and answered once. */
export function createErrorReply(
  options: Pick<ControlServerOptions, "log" | "classifyError">,
): SendError {
  return (error, request, reply) => {
    const known = appErrorOf(error, options.classifyError);
    const entry = ERROR_CATALOGUE[known.code];
    const instance = pathOf(request.url);
    options.log[entry.logLevel === "info" ? "debug" : entry.logLevel](known.message, {
      code: known.code,
      requestId: request.id,
      method: request.method,
      path: instance,
      causes: causesOf(known),
    });
    if (known.code === "unauthenticated") void reply.header("www-authenticate", "Bearer");
    if (entry.status === 503) void reply.header("retry-after", "1");
    return reply
      .code(entry.status)
      .headers({ ...DATA_HEADERS, "x-request-id": request.id })
      .type(PROBLEM_CONTENT_TYPE)
      .send(JSON.stringify(problemOf(known, { instance, requestId: request.id })));
  };
}

export const pathOf = (url: string): string => url.split(/[?#]/, 1)[0] ?? "";

/** What is not known is `internal`: neither its message nor its details leave the process. */
function appErrorOf(error: unknown, classify: ControlServerOptions["classifyError"]): AppError {
  if (error instanceof AppError) return error;
  if (isFastifyError(error)) return ofFastify(error);
  return classify?.(error) ?? new AppError("internal", "An unexpected error.", { cause: error });
}

const isFastifyError = (error: unknown): error is FastifyError =>
  error instanceof Error && "code" in error && String(error.code).startsWith("FST_ERR_");

/** Fastify's own refusals, of which only those that a caller can cause are told. */
function ofFastify(error: FastifyError): AppError {
  switch (error.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new AppError("body_too_large", "The body is larger than this route takes.", {
        cause: error,
      });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new AppError("invalid_request", "Wanted a body with content-type: application/json.", {
        cause: error,
      });
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new AppError(
        "invalid_request",
        "The body is not as long as its content-length says.",
        {
          cause: error,
        },
      );
    case "FST_ERR_BAD_URL":
      return new AppError("invalid_request", "The URL is not well formed.", { cause: error });
    default:
      return new AppError("internal", "The HTTP server failed.", { cause: error });
  }
}
