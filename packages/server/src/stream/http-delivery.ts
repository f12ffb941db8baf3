import type { JsonObject } from "@spillway/core";
import { isJsonObject } from "@spillway/core";
import type { Receipt } from "../ports.ts";
import type { ControlClientOptions } from "./control-client.ts";
import { createControlClient } from "./control-client.ts";
import { FEEDBACK_KIND } from "./exchange-spool.ts";
import type { DeliverRecords } from "./spool-delivery.ts";

export type HttpDelivery = {
  readonly deliver: DeliverRecords;
  readonly close: () => Promise<void>;
};

const EXCHANGES_PATH = "/internal/v1/exchanges";
const FEEDBACK_PATH = "/internal/v1/feedback";

/**
 * Posts batches to the control plane: the exchanges of a batch first, then its feedback. When only the
 * second fails both are sent again, and what is there already counts as a duplicate.
 */
export function createHttpDelivery(
  options: ControlClientOptions & { readonly gatewayId: string },
): HttpDelivery {
  const client = createControlClient(options);
  const { gatewayId } = options;
  const send = async (
    path: string,
    batch: Readonly<Record<string, readonly JsonObject[]>>,
    signal: AbortSignal,
  ): Promise<readonly Receipt[]> =>
    Object.values(batch).every((records) => records.length === 0)
      ? []
      : [receiptOf(await client.post(path, { gatewayId, ...batch }, signal))];
  return {
    deliver: async (records, signal) => {
      const { exchanges = [], feedback = [] } = Object.groupBy(records, ({ kind }) =>
        kind === FEEDBACK_KIND ? "feedback" : "exchanges",
      );
      const receipts = [
        ...(await send(EXCHANGES_PATH, { exchanges }, signal)),
        ...(await send(FEEDBACK_PATH, { feedback }, signal)),
      ];
      return {
        accepted: receipts.reduce((sum, { accepted }) => sum + accepted, 0),
        duplicates: receipts.reduce((sum, { duplicates }) => sum + duplicates, 0),
        rejected: receipts.flatMap(({ rejected }) => rejected),
      };
    },
    close: client.close,
  };
}

function receiptOf(body: JsonObject): Receipt {
  const { accepted, duplicates, rejected } = body;
  const entries: readonly unknown[] = Array.isArray(rejected) ? rejected : [];
  return {
    accepted: typeof accepted === "number" ? accepted : 0,
    duplicates: typeof duplicates === "number" ? duplicates : 0,
    rejected: entries.filter(isJsonObject).map(({ id, message }) => ({
      id: typeof id === "string" ? id : "",
      message: typeof message === "string" ? message : "no reason was given",
    })),
  };
}
