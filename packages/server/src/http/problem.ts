import type { ErrorCode } from "@spillway/core";
import { AppError, ERROR_CATALOGUE } from "@spillway/core";
import type { Problem } from "@spillway/contract";

/** RFC 9457, section 3: the body of every answer of the control API that is not a success. */
export const PROBLEM_CONTENT_TYPE = "application/problem+json; charset=utf-8";

/** The control server answers this path with the document itself. */
export const DOCUMENTATION = "/docs/errors.md";

/** The codes' anchors are kept equal to the catalogue by a test of docs/errors.md. */
export const problemTypeOf = (code: ErrorCode): string =>
  `${DOCUMENTATION}#${code.replaceAll("_", "-")}`;

export type ProblemContext = {
  /** Path of the request, without its query: that may hold what nobody should see again. */
  readonly instance: string;
  readonly requestId: string;
};

/** The one place where an error gets its words on the wire. What is not shown says its title alone. */
export function problemOf(error: AppError, context: ProblemContext): Problem {
  const entry = ERROR_CATALOGUE[error.code];
  const shared = {
    type: problemTypeOf(error.code),
    title: entry.title,
    status: entry.status,
    instance: context.instance,
    code: error.code,
    requestId: context.requestId,
  };
  if (!entry.isShown) {
    const detail = `${entry.title}. The log says more under this request id.`;
    return { ...shared, detail };
  }
  const problems = listOf(error.details["problems"], ["path", "message"]);
  const unmet = listOf(error.details["unmet"], ["code", "sentence"]);
  return {
    ...shared,
    detail: error.message,
    ...(problems.length === 0 ? {} : { problems }),
    ...(unmet.length === 0 ? {} : { unmet }),
  };
}

/** Details are for the caller, but only these shapes of them are in the contract. */
function listOf<A extends string, B extends string>(
  found: unknown,
  [first, second]: readonly [A, B],
): Record<A | B, string>[] {
  if (!Array.isArray(found)) return [];
  return found.flatMap((each: unknown) => {
    if (typeof each !== "object" || each === null) return [];
    const [a, b]: unknown[] = [Reflect.get(each, first), Reflect.get(each, second)];
    if (typeof a !== "string" || typeof b !== "string") return [];
    return [{ [first]: a, [second]: b } as Record<A | B, string>];
  });
}

/** Message, code and causes of an error, for the log. Stacks only where nobody expected it. */
export function causesOf(error: unknown): Record<string, unknown>[] {
  const causes: Record<string, unknown>[] = [];
  for (let cause = error; cause instanceof Error && causes.length < 8; cause = cause.cause) {
    const code: unknown = Reflect.get(cause, "code");
    const isExpected = cause instanceof AppError && cause.code !== "internal";
    causes.push({
      name: cause.name,
      message: cause.message,
      ...(typeof code === "string" ? { code } : {}),
      ...(isExpected ? {} : { stack: cause.stack }),
    });
  }
  return causes.length > 0 ? causes : [{ name: typeof error, message: "not an Error was thrown" }];
}
