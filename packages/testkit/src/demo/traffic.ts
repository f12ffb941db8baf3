import { readFile } from "node:fs/promises";
import { join } from "node:path";
import OpenAI from "openai";

export type DemoItem = { readonly id: string; readonly input: string; readonly morbidity: string };

/** Requests to the gateway at a steady rate, by the official client, until it is stopped. */
export type Traffic = {
  readonly answered: () => number;
  readonly failed: () => number;
  readonly setRate: (perSecond: number) => void;
  readonly stop: () => Promise<void>;
};

/** Bounded: a gateway that hangs gets no further requests. */
const MOST_UNDER_WAY = 32;

export function startTraffic(options: {
  readonly gatewayUrl: string;
  readonly gatewayKey: string;
  readonly feature: string;
  readonly items: readonly DemoItem[];
  readonly perSecond: number;
}): Traffic {
  const client = new OpenAI({
    baseURL: `${options.gatewayUrl}/v1`,
    apiKey: options.gatewayKey,
    maxRetries: 0,
  });
  let next = 0;
  let answered = 0;
  let failed = 0;
  const underWay = new Set<Promise<void>>();

  const ask = async (item: DemoItem, stay: number): Promise<void> => {
    try {
      await client.chat.completions.create({
        model: options.feature,
        messages: [{ role: "user", content: item.input }],
        metadata: {
          // A new stay in hospital each time: the unit that is assigned to one of the releases.
          conversation: `stay-${stay}`,
          item_id: item.id,
          morbidity: item.morbidity,
          ward: "ward 7",
        },
      });
      answered += 1;
    } catch {
      failed += 1;
    }
  };

  const tick = (): void => {
    if (underWay.size >= MOST_UNDER_WAY) return;
    const item = options.items[next % options.items.length];
    next += 1;
    if (item === undefined) return;
    const asked = ask(item, next).finally(() => underWay.delete(asked));
    underWay.add(asked);
  };

  let timer = setInterval(tick, 1_000 / options.perSecond);
  return {
    answered: () => answered,
    failed: () => failed,
    setRate: (perSecond) => {
      clearInterval(timer);
      timer = setInterval(tick, 1_000 / perSecond);
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

/** The encounters of the example in this folder. */
export async function loadItems(folder: string): Promise<readonly DemoItem[]> {
  const text = await readFile(join(folder, "cases.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const { id, input, attributes } = JSON.parse(line) as {
        id: string;
        input: string;
        attributes: { morbidity: string };
      };
      return { id, input, morbidity: attributes.morbidity };
    });
}
