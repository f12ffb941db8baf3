import { FEATURE, QUESTIONS } from "./fixture.ts";

export type FailedRequest = {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly reason: string;
};

/** What the client saw. */
export type Traffic = {
  /** Exchange ids of the requests that were answered whole, in the order in which they ended. */
  readonly answered: () => readonly string[];
  readonly failed: () => readonly FailedRequest[];
  /** Sends no more, and resolves when the last one has ended. */
  readonly stop: () => Promise<void>;
};

/** Bounded: a gateway that hangs gets no further requests. */
const MOST_UNDER_WAY = 48;
/** Far above what a recorded answer takes; a request that takes longer is one that hangs. */
const TIMEOUT_MS = 20_000;
/** Every third request streams. */
const STREAM_EVERY = 3;
const DONE = "data: [DONE]\n\n";

/** Requests at a steady rate without any retry: each failure is seen as what it is. */
export function startTraffic(options: {
  readonly gatewayUrl: string;
  readonly gatewayKey: string;
  readonly perSecond: number;
}): Traffic {
  const answered: string[] = [];
  const failed: FailedRequest[] = [];
  const underWay = new Set<Promise<void>>();
  let sent = 0;

  async function ask(number: number): Promise<void> {
    const fromMs = Date.now();
    try {
      answered.push(await send(options, number));
    } catch (error) {
      failed.push({ fromMs, untilMs: Date.now(), reason: reasonOf(error) });
    }
  }

  const timer = setInterval(() => {
    if (underWay.size >= MOST_UNDER_WAY) return;
    const asked = ask(sent++).finally(() => underWay.delete(asked));
    underWay.add(asked);
  }, 1_000 / options.perSecond);

  return {
    answered: () => answered,
    failed: () => failed,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

/** Resolves to the exchange's id when the whole answer is here; throws for anything less. */
async function send(
  to: { readonly gatewayUrl: string; readonly gatewayKey: string },
  number: number,
): Promise<string> {
  const item = QUESTIONS[number % QUESTIONS.length];
  const isStream = number % STREAM_EVERY === 0;
  const response = await fetch(`${to.gatewayUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${to.gatewayKey}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: FEATURE,
      messages: [{ role: "user", content: item?.question }],
      metadata: { item_id: item?.id },
      stream: isStream,
    }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text.slice(0, 300)}`);
  const isWhole = isStream
    ? text.endsWith(DONE) && !text.includes('"error"')
    : "choices" in (JSON.parse(text) as object);
  const id = response.headers.get("x-spillway-exchange");
  if (!isWhole || id === null) throw new Error(`An answer that is not whole: ${text.slice(-300)}`);
  return id;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message}${cause}`;
}
