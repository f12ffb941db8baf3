import { SpillwayError } from "@spillway/sdk";

/** What a person is told when a call failed: what was found, what to do. */
export type Failure = {
  readonly title: string;
  readonly detail: string;
  readonly points: readonly string[];
  /** Null when there was no answer. */
  readonly status: number | null;
  readonly requestId: string | null;
};

export function failureOf(error: unknown): Failure {
  if (!(error instanceof SpillwayError) || error.status === 0) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      title: "The control plane cannot be reached",
      detail: `${message.replace(/[.?]?$/, ".")} This page goes on trying.`,
      points: [],
      status: null,
      requestId: null,
    };
  }
  return {
    title: error.title,
    detail: error.detail,
    points: [
      ...error.unmet.map((unmet) => unmet.sentence),
      ...error.problems.map(({ path, message }) => `${path}: ${message}`),
    ],
    status: error.status,
    requestId: error.requestId,
  };
}
