import { join } from "node:path";
import { AppError } from "@spillway/core";
import type { Config } from "./config.ts";
import { createRuntime } from "./compose-runtime.ts";
import type { Runtime } from "./compose-runtime.ts";
import type { Gateway } from "./gateway/gateway-server.ts";
import { createGateway } from "./gateway/gateway-server.ts";
import { createSnapshotHolder } from "./gateway/snapshot-holder.ts";
import type { ModelTransport } from "./ports.ts";
import { createOpenAiTransport } from "./providers/openai/openai-transport.ts";
import { createRecordedTransport } from "./providers/recorded/recorded-transport.ts";
import { createExchangeSpool } from "./stream/exchange-spool.ts";
import { createGatewayReporter } from "./stream/gateway-reporter.ts";
import type { DataFolderLock } from "./store/lock/data-folder-lock.ts";
import { lockDataFolder } from "./store/lock/data-folder-lock.ts";
import { createHttpDelivery } from "./stream/http-delivery.ts";
import { createSnapshotFeed } from "./stream/snapshot-feed.ts";

/** Undelivered exchanges on disk: about a day of a busy feature with the control plane away. */
const SPOOL_BYTES = 2 * 1024 * 1024 * 1024;

export type GatewayPlane = {
  readonly gateway: Gateway;
  /** Fetches the newest snapshot now; for whoever moves the clock by hand. */
  readonly pullSnapshot: () => Promise<void>;
  /** Resolves when every exchange so far is with the control plane, shadows included. */
  readonly settled: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type GatewayPlaneOptions = {
  readonly runtime: Runtime;
  /** Snapshot and spool live here. */
  readonly dataDir: string;
  readonly controlUrl: string;
  readonly gatewayToken: string;
  readonly recordingsDir: string | null;
  readonly providers: Config["providers"];
  readonly bodyLimitBytes: number;
};

/** The data plane: serves from its snapshot, spools its exchanges, knows no database. */
export async function createGatewayPlane(options: GatewayPlaneOptions): Promise<GatewayPlane> {
  const { runtime } = options;
  const { clock, wall, ids, log } = runtime;
  const gatewayId = ids.next("gw");
  const control = { baseUrl: options.controlUrl, token: options.gatewayToken };
  const holder = createSnapshotHolder({ file: join(options.dataDir, "snapshot.json"), log });
  await holder.load();
  const delivery = createHttpDelivery({ ...control, gatewayId });
  const spool = await createExchangeSpool({
    directory: join(options.dataDir, "spool"),
    maxBytes: SPOOL_BYTES,
    deliver: delivery.deliver,
    wall,
    log,
  });
  const { transports, close: closeTransports } = createTransports(options);
  const gateway = createGateway({
    snapshotSource: holder,
    transports,
    sink: spool,
    clock,
    wall,
    ids,
    log,
    limits: { maxBodyBytes: options.bodyLimitBytes },
  });
  const feed = createSnapshotFeed({
    ...control,
    offer: holder.offer,
    served: () => holder.current(),
    wall,
    log,
  });
  const startedAtMs = clock.nowMs();
  const reporter = createGatewayReporter({
    ...control,
    wall,
    log,
    report: () => ({
      id: gatewayId,
      startedAtMs,
      snapshotRevision: holder.current()?.revision ?? 0,
      ...spool.state(),
      shadowDrops: gateway.shadowDrops(),
    }),
  });
  holder.onSwap(() => void reporter.reportNow());
  feed.start();
  reporter.start();
  return {
    gateway,
    pullSnapshot: feed.pull,
    settled: async () => {
      await gateway.shadowsIdle();
      await spool.delivered();
    },
    close: async () => {
      await gateway.close();
      await Promise.all([feed.close(), reporter.close(), spool.close(), holder.saved()]);
      await Promise.all([delivery.close(), closeTransports()]);
    },
  };
}

function createTransports(options: GatewayPlaneOptions): {
  readonly transports: ReadonlyMap<string, ModelTransport>;
  readonly close: () => Promise<void>;
} {
  const { clock, wall } = options.runtime;
  const endpoints = options.providers.map(({ name, baseUrl, apiKey }) => ({
    name,
    transport: createOpenAiTransport({
      name,
      baseUrl,
      apiKey: apiKey === "" ? null : apiKey,
      wall,
    }),
  }));
  const recorded: readonly (readonly [string, ModelTransport])[] =
    options.recordingsDir === null
      ? []
      : [["recorded", createRecordedTransport({ directory: options.recordingsDir, clock })]];
  return {
    transports: new Map<string, ModelTransport>([
      ...endpoints.map(({ name, transport }) => [name, transport] as const),
      ...recorded,
    ]),
    close: async () => {
      await Promise.all(endpoints.map(({ transport }) => transport.close()));
    },
  };
}

/** A gateway process of its own. Resolves to the function that stops it. */
export async function startGatewayProcess(
  config: Config,
  gatewayToken: string,
): Promise<() => Promise<void>> {
  const runtime = createRuntime(config, "gateway");
  const dataDir = join(config.dataDir, "gateway");
  const lock = await lockOnceLeft(dataDir, runtime);
  const plane = await createGatewayPlane({
    runtime,
    dataDir,
    controlUrl: config.controlUrl,
    gatewayToken,
    recordingsDir: config.recordingsDir,
    providers: config.providers,
    bodyLimitBytes: config.bodyLimitBytes,
  });
  await plane.gateway.listen(config.gatewayPort, config.host);
  runtime.log.info("The gateway listens", { address: plane.gateway.address() });
  return async () => {
    await plane.close();
    await lock.release();
  };
}

/** More than a gateway takes to drain; whoever holds the folder after that does not mean to leave it. */
const LEAVE_MS = 30_000;
const LEAVE_POLL_MS = 50;

/**
 * One gateway at a time uses a spool. When a supervisor is killed and started again, its old gateway still
 * answers the last requests while the new one starts: that one would take the growing segment for a
 * finished one, deliver what is in it and remove it, and the rest would be written to nowhere.
 */
async function lockOnceLeft(dataDir: string, { wall, log }: Runtime): Promise<DataFolderLock> {
  const endMs = wall.nowMs() + LEAVE_MS;
  for (;;) {
    try {
      return await lockDataFolder({ dataDir, onRecovered: log.info });
    } catch (error) {
      const isHeld = error instanceof AppError && error.code === "data_folder_in_use";
      if (!isHeld || wall.nowMs() > endMs) throw error;
    }
    await wall.sleep(LEAVE_POLL_MS);
  }
}
