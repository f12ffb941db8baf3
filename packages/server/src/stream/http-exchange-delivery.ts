import type { JsonObject } from "@spillway/core";
import { isJsonObject } from "@spillway/core";
import type { Receipt } from "../ports.ts";
import type { ControlClientOptions } from "./control-client.ts";
import { createControlClient } from "./control-client.ts";
import type { DeliverExchanges } from "./spool-delivery.ts";

export type HttpExchangeDelivery = {
  readonly deliver: DeliverExchanges;
  readonly close: () => Promise<void>;
};

const EXCHANGES_PATH = "/internal/v1/exchanges";

/** Posts batches to the control plane. */
export function createHttpExchangeDelivery(
  options: ControlClientOptions & { readonly gatewayId: string },
): HttpExchangeDelivery {
  const client = createControlClient(options);
  const { gatewayId } = options;
  return {
    deliver: async (exchanges, signal) =>
      receiptOf(await client.post(EXCHANGES_PATH, { gatewayId, exchanges }, signal)),
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
