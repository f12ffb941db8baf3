import { SpillwayError } from "@spillway/sdk";

/** The API's answer with more said below it; to a program it is the same error. */
export function withMoreWords(error: SpillwayError, words: string): SpillwayError {
  const { code, status, title, problems, unmet, requestId } = error;
  return new SpillwayError({
    code,
    status,
    title,
    detail: `${error.message}\n${words}`,
    problems: [...problems],
    unmet: [...unmet],
    requestId: requestId ?? undefined,
    cause: error,
  });
}
