import type { JsonObject } from "@spillway/core";
import type { Log, Wall } from "../ports.ts";
import { coalesced } from "./coalesced.ts";
import type { ControlClientOptions } from "./control-client.ts";
import { createControlClient } from "./control-client.ts";

export type GatewayReporterOptions = ControlClientOptions & {
  /** The GatewayReport of the contract, as it is now. */
  readonly report: () => JsonObject;
  readonly wall: Wall;
  readonly log: Log;
  readonly everyMs?: number;
};

export type GatewayReporter = {
  readonly start: () => void;
  /** After a swap: the control plane shows which gateways serve a decision already. */
  readonly reportNow: () => Promise<void>;
  readonly close: () => Promise<void>;
};

const GATEWAYS_PATH = "/internal/v1/gateways";
const EVERY_MS = 5_000;

/** Tells the control plane what this gateway serves. A report that fails is replaced by the next one. */
export function createGatewayReporter(options: GatewayReporterOptions): GatewayReporter {
  const client = createControlClient(options);
  const closing = new AbortController();
  const { signal } = closing;
  let loop: Promise<void> = Promise.resolve();
  const reportNow = coalesced(async () => {
    try {
      await client.post(GATEWAYS_PATH, options.report(), signal);
    } catch (cause) {
      options.log.debug("A report to the control plane failed", { error: cause });
    }
  });

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await reportNow();
      await options.wall.sleep(options.everyMs ?? EVERY_MS, signal).catch(() => undefined);
    }
  }

  return {
    start: () => {
      loop = run();
    },
    reportNow,
    close: async () => {
      closing.abort(new Error("the reporter is closing"));
      await loop;
      await client.close();
    },
  };
}
