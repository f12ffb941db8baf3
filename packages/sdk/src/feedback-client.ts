import type { FeedbackDraft } from "@spillway/contract";
import { FeedbackReceipt } from "@spillway/contract";
import { SpillwayError } from "./spillway-error.ts";

export type FeedbackClient = {
  /**
   * Says what became of an answer, minutes or days after it. Resolves when the gateway has it on disk. With
   * an `id` of your own a call may be repeated after a failure: it counts once.
   */
  send(
    feedback: FeedbackDraft,
    options?: { readonly signal?: AbortSignal },
  ): Promise<FeedbackReceipt>;
};

export type FeedbackClientOptions = {
  /** Of the gateway, with or without /v1, such as `http://127.0.0.1:4100`. */
  readonly baseUrl: string;
  /** Secret of a gateway key. */
  readonly key: string;
  readonly fetch?: typeof fetch;
  readonly timeoutMs?: number;
};

/** A client of the gateway's feedback route: nothing but `fetch` is needed. */
export function createFeedbackClient(options: FeedbackClientOptions): FeedbackClient {
  const { key, timeoutMs = 10_000 } = options;
  const url = `${options.baseUrl.replace(/\/+$/, "").replace(/\/v1$/, "")}/v1/feedback`;
  const post = options.fetch ?? globalThis.fetch.bind(globalThis);
  return {
    async send(feedback, { signal } = {}) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const response = await post(url, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify(feedback),
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      }).catch((cause: unknown) => {
        if (signal?.aborted === true) throw cause;
        throw new SpillwayError({
          code: timeout.aborted ? "timeout" : "unreachable",
          status: 0,
          title: "The gateway did not answer",
          detail: `${url} did not answer. Send it again with the same id.`,
          cause,
        });
      });
      const body: unknown = await response.json().catch(() => null);
      const receipt = FeedbackReceipt.safeParse(body);
      if (response.ok && receipt.success) return receipt.data;
      throw refusalOf(url, response, body);
    },
  };
}

/** The gateway answers in the envelope of the model routes. */
function refusalOf(url: string, response: Response, body: unknown): SpillwayError {
  const { error } = (body ?? {}) as { readonly error?: Readonly<Record<string, unknown>> };
  const word = (name: string, fallback: string): string => {
    const found = error?.[name];
    return typeof found === "string" ? found : fallback;
  };
  const title = "The feedback was not taken";
  return new SpillwayError({
    code: word("code", word("type", "unexpected_response")),
    status: response.status,
    title,
    detail: word("message", `${url} answered ${response.status}. Is it the address of a gateway?`),
    requestId: response.headers.get("x-request-id") ?? undefined,
  });
}
