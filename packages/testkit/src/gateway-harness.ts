import type { Exchange, Snapshot } from "@spillway/core";
import OpenAI from "openai";
import type { Gateway } from "../../server/src/gateway/gateway-server.ts";
import { createGateway } from "../../server/src/gateway/gateway-server.ts";
import type { GatewayLimits } from "../../server/src/gateway/limits.ts";
import type { Clock, ModelTransport, Wall } from "../../server/src/ports.ts";
import { createOpenAiTransport } from "../../server/src/providers/openai/openai-transport.ts";
import { createSystemClock, createSystemWall } from "../../server/src/telemetry/clocks.ts";
import { createIds } from "../../server/src/telemetry/ids.ts";
import type { FakeProvider, FakeScript } from "./fake-provider.ts";
import { startFakeProvider } from "./fake-provider.ts";
import type { LogLine, MemorySink } from "./memory-sink.ts";
import { createMemoryLog, createMemorySink } from "./memory-sink.ts";
import { buildSnapshot, GATEWAY_SECRET } from "./routing-builders.ts";

export type GatewayHarnessOptions = {
  readonly script?: FakeScript;
  readonly snapshot?: Snapshot | null;
  readonly sink?: MemorySink;
  readonly clock?: Clock;
  readonly wall?: Wall;
  readonly limits?: Partial<GatewayLimits>;
  readonly transports?: Readonly<Record<string, ModelTransport>>;
};

const SHORT_WAIT_MS = 1_000;

/** A gateway on a real socket, in front of a fake provider on another one. */
export type GatewayHarness = {
  readonly gateway: Gateway;
  readonly provider: FakeProvider;
  readonly sink: MemorySink;
  readonly log: readonly LogLine[];
  readonly url: string;
  /** The official client, without retries of its own. */
  readonly client: OpenAI;
  readonly setSnapshot: (snapshot: Snapshot | null) => void;
  readonly only: () => Exchange;
  readonly post: (body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  readonly close: () => Promise<void>;
};

export async function startGatewayHarness(
  options: GatewayHarnessOptions = {},
): Promise<GatewayHarness> {
  const provider = await startFakeProvider(options.script ?? unexpected);
  const wall = options.wall ?? createImpatientWall();
  const sink = options.sink ?? createMemorySink();
  const log = createMemoryLog();
  let snapshot = options.snapshot === undefined ? buildSnapshot() : options.snapshot;
  const openai = createOpenAiTransport({
    name: "openai",
    baseUrl: provider.baseUrl,
    apiKey: "provider-key",
    wall: createSystemWall(),
  });
  const gateway = createGateway({
    snapshotSource: { current: () => snapshot },
    transports: new Map(Object.entries({ openai, ...options.transports })),
    sink,
    clock: options.clock ?? createSystemClock(),
    wall,
    ids: createIds({ nowMs: () => Date.now() }),
    log,
    random: () => 0,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  await gateway.listen(0);
  const url = gateway.address();
  return {
    gateway,
    provider,
    sink,
    log: log.lines,
    url,
    client: new OpenAI({ baseURL: `${url}/v1`, apiKey: GATEWAY_SECRET, maxRetries: 0 }),
    setSnapshot: (next) => {
      snapshot = next;
    },
    only: () => {
      if (sink.exchanges.length !== 1) throw new Error(`${sink.exchanges.length} exchanges`);
      return sink.exchanges[0]!;
    },
    post: (body, headers = {}) =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${GATEWAY_SECRET}`,
          "content-type": "application/json",
          ...headers,
        },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    close: async () => {
      await gateway.close();
      await provider.close();
      await openai.close();
    },
  };
}

/** Short waits (a retry's back-off) end at once; long ones (a timer that must not fire) never do. */
function createImpatientWall(): Wall {
  return {
    nowMs: () => Date.now(),
    sleep: (durationMs, signal) =>
      durationMs < SHORT_WAIT_MS
        ? Promise.resolve()
        : new Promise((_, reject) => {
            signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
          }),
  };
}

function unexpected(): never {
  throw new Error("this test calls no provider");
}
