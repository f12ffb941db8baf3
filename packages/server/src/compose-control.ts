import { hostname } from "node:os";
import { AppError } from "@spillway/core";
import type { Config } from "./config.ts";
import { createRuntime } from "./compose-runtime.ts";
import type { Runtime } from "./compose-runtime.ts";
import { createCatalogue, createEvaluatePort, createFeedbackPort } from "./compose-evaluate.ts";
import type { StoreContext } from "./compose-stores.ts";
import { createControlPorts, createKeys, createReconcilePort } from "./compose-stores.ts";
import type { ControlServer } from "./control/server/create-control-server.ts";
import { createControlServer } from "./control/server/create-control-server.ts";
import type { EvaluateLoop } from "./evaluate/evaluate-loop.ts";
import { createEvaluateLoop } from "./evaluate/evaluate-loop.ts";
import { createLogNotifier } from "./notify/log-notifier.ts";
import type { ReconcileLoop } from "./reconcile/reconcile-loop.ts";
import { createReconcileLoop } from "./reconcile/reconcile-loop.ts";
import type { OutboxPort } from "./schedule/outbox-loop.ts";
import { runOutboxLoop } from "./schedule/outbox-loop.ts";
import { createChangeFeed } from "./store/change-feed.ts";
import { isTransientDatabaseError } from "./store/database-error.ts";
import { openDatabase } from "./store/database.ts";
import { openLedgerHeadFile } from "./store/ledger-head-file.ts";
import { migrateDatabase } from "./store/migrate.ts";
import { migrations } from "./store/migrations/index.ts";
import { claimNotices, markNoticeSent } from "./store/outbox-store.ts";
import { VERSION } from "./version.ts";

/** The control API, the reconcile loop and the workers: everything that is not on the request path. */
export type ControlPlaneOptions = {
  readonly databaseUrl: string;
  readonly gatewayToken: string;
  readonly staticDir: string | null;
  readonly runtime: Runtime;
  readonly bodyLimitBytes: number;
  /** Where the head of the ledger is kept. Absent: nowhere. */
  readonly dataDir?: string;
  /** Puts the secrets of the first keys where they are found again, before the keys exist. */
  readonly keepFirstKeys?: (keys: FirstKeys) => Promise<void>;
};

/** However small a model call may be, a bundle with its datasets must fit. */
const LEAST_BODY_BYTES = 32 * 1024 * 1024;

/** What is running, for whoever started it. */
export type ControlPlane = {
  readonly server: ControlServer;
  readonly reconcile: ReconcileLoop;
  readonly evaluate: EvaluateLoop;
  /** Secrets of the first keys, once: on the first start of an installation. */
  readonly firstKeys: FirstKeys | null;
  /** Runs the loops until it is closed. Without it they run only when passed by hand (backtest). */
  readonly startLoops: () => void;
  readonly close: () => Promise<void>;
};

export async function createControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { runtime, databaseUrl } = options;
  const { log, clock } = runtime;
  await migrateDatabase({ url: databaseUrl, migrations, log });
  const database = openDatabase(databaseUrl, { applicationName: "spillway-control", log });
  const context: StoreContext = { ...runtime, database, changes: await createChangeFeed(database) };
  const firstKeys = await createKeys(context).ensureFirstKeys(
    clock.nowMs(),
    ({ control, gateway }) =>
      options.keepFirstKeys?.({ admin: control.secret, gateway: gateway.secret }) ??
      Promise.resolve(),
  );
  const { reconcile, evaluate } = createLoops(context);
  const server = createServer(context, options);
  const ledgerHead =
    options.dataDir === undefined
      ? null
      : await openLedgerHeadFile({ ...context, dataDir: options.dataDir });
  const stopping = new AbortController();
  let loops: readonly Promise<void>[] = [];
  const unsubscribe = context.changes.subscribe((change) => {
    if (change.kind === "exchange") evaluate.wake();
    if (change.kind === "rollout") reconcile.wake();
  });
  return {
    server,
    reconcile,
    evaluate,
    firstKeys:
      firstKeys === null
        ? null
        : { admin: firstKeys.control.secret, gateway: firstKeys.gateway.secret },
    startLoops: () => {
      const { signal } = stopping;
      loops = [
        evaluate.run(signal),
        reconcile.run(signal),
        runOutbox(context, signal),
        ...(ledgerHead === null ? [] : [ledgerHead.run(signal)]),
      ];
    },
    close: async () => {
      stopping.abort();
      await server.close();
      await Promise.all(loops);
      unsubscribe();
      context.changes.close();
      await database.close();
    },
  };
}

function createLoops(context: StoreContext): {
  readonly reconcile: ReconcileLoop;
  readonly evaluate: EvaluateLoop;
} {
  const { clock, wall, log, ids } = context;
  const owner = `${hostname()}/${process.pid}/${ids.next("req")}`;
  const port = createReconcilePort(context);
  return {
    reconcile: createReconcileLoop({ port, owner, clock, wall, log }),
    evaluate: createEvaluateLoop({
      port: createEvaluatePort(context),
      feedbackPort: createFeedbackPort(context),
      catalogue: createCatalogue(context),
      owner,
      wall,
      log,
    }),
  };
}

function createServer(context: StoreContext, options: ControlPlaneOptions): ControlServer {
  const { clock, log, ids } = context;
  return createControlServer({
    ports: createControlPorts(context),
    clock,
    log,
    ids,
    gatewayToken: options.gatewayToken,
    version: VERSION,
    ...(options.staticDir === null ? {} : { staticDir: options.staticDir }),
    limits: { bodyBytes: Math.max(options.bodyLimitBytes, LEAST_BODY_BYTES) },
    classifyError: (error) =>
      isTransientDatabaseError(error)
        ? new AppError("database_unavailable", "The database cannot be reached at the moment.", {
            cause: error,
          })
        : null,
  });
}

function runOutbox(context: StoreContext, signal: AbortSignal): Promise<void> {
  const { database, clock, wall, log } = context;
  const port: OutboxPort = {
    claim: (claim) => claimNotices(database, claim),
    markSent: (id, atMs) => markNoticeSent(database, id, atMs),
  };
  return runOutboxLoop({ port, notifier: createLogNotifier(log), clock, wall, log }, signal);
}

/** A control process of its own. Resolves to the function that stops it. */
export async function startControlProcess(
  config: Config,
  secrets: { readonly databaseUrl: string; readonly gatewayToken: string },
  hooks: {
    readonly staticDir: string | null;
    readonly keepFirstKeys: (keys: FirstKeys) => Promise<void>;
    readonly showFirstKeys: (keys: FirstKeys) => void;
  },
): Promise<() => Promise<void>> {
  const runtime = createRuntime(config, "control");
  const plane = await createControlPlane({
    ...secrets,
    staticDir: hooks.staticDir,
    dataDir: config.dataDir,
    keepFirstKeys: hooks.keepFirstKeys,
    runtime,
    bodyLimitBytes: config.bodyLimitBytes,
  });
  if (plane.firstKeys !== null) hooks.showFirstKeys(plane.firstKeys);
  const address = await plane.server.listen({ host: config.host, port: config.controlPort });
  runtime.log.info("The control plane listens", { address: `${address.address}:${address.port}` });
  plane.startLoops();
  return plane.close;
}

/** Secrets. */
type FirstKeys = { readonly admin: string; readonly gateway: string };
