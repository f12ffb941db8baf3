import type { Problem } from "@spillway/contract";

export type SpillwayErrorFields = {
  /** A code of the control API, or `unreachable`, `timeout`, `unexpected_response` of this client. */
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly problems?: Problem["problems"];
  readonly unmet?: Problem["unmet"];
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
};

/** What went wrong with a call to the control API, as its problem details say it. */
export class SpillwayError extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
  readonly unmet: readonly { readonly code: string; readonly sentence: string }[];
  readonly requestId: string | null;

  constructor(fields: SpillwayErrorFields) {
    super(
      fields.detail === "" ? fields.title : fields.detail,
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.name = "SpillwayError";
    this.code = fields.code;
    this.status = fields.status;
    this.title = fields.title;
    this.detail = fields.detail;
    this.problems = fields.problems ?? [];
    this.unmet = fields.unmet ?? [];
    this.requestId = fields.requestId ?? null;
  }
}
