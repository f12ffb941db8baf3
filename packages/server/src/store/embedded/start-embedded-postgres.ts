import { realpath } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@spillway/core";
import type { Log } from "../../ports.ts";
import { awaitReady } from "./await-ready.ts";
import { prepareBinaries, type Binaries } from "./binaries.ts";
import {
  discardLocation,
  locateCluster,
  recordLocation,
  type ClusterLocation,
} from "./cluster-location.ts";
import { createDataFolder } from "./data-folder.ts";

import { findFreePort } from "./free-port.ts";
import {
  assertClusterVersion,
  DATABASE_NAME,
  DATABASE_USER,
  initialiseCluster,
  loadPassword,
} from "./init-cluster.ts";
import { endLeftovers } from "./leftover-processes.ts";
import { spawnPostmaster, type Postmaster, type PostmasterExit } from "./postmaster.ts";
import type { Durability } from "./settings.ts";

export type EmbeddedPostgresOptions = {
  /** The folder of all of Spillway's data. The caller holds its lock (`lockDataFolder`). */
  readonly dataDir: string;
  readonly log: Log;
  /** A fixed port of the loopback; without it a free one is chosen at every start. */
  readonly port?: number;
  /** Told in a few words what is going on, for people who wait. */
  readonly onProgress?: (words: string) => void;
  readonly durability?: Durability;
  /** How long the recovery after a crash may take. */
  readonly readyTimeoutMs?: number;
};

export type EmbeddedPostgres = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Fast shutdown; resolves when the process has ended. */
  readonly stop: () => Promise<void>;
  /** Calls back once, when the process ends for whatever reason. */
  readonly onExit: (callback: (exit: PostmasterExit) => void) => void;
};

/** Recovery replays at most `max_wal_size`; ten times what a slow disk needs for that. */
const READY_TIMEOUT_MS = 120_000;

/** A lost race for the port, or shared memory that the children of a killed server still hold. */
const START_ATTEMPTS_MAX = 20;
const START_PAUSE_MS = 250;
const PASSING_START_FAILURE =
  /could not bind|Address already in use|could not create any TCP|pre-existing shared memory/;

/**
 * Starts PostgreSQL on the data folder, creating the cluster on the first start. Whatever a former
 * start left behind (a half cluster, an orphaned server, a stale pid file) is dealt with first.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  await createDataFolder(options.dataDir);
  const dataDir = await realpath(options.dataDir);
  const location = await locateCluster(dataDir);
  const password = await loadPassword(dataDir);
  const binaries = location.isInitialised
    ? await findBinaries(location, options.log)
    : await prepareFirstStart({ ...options, dataDir, location, password });
  await assertClusterVersion(location.cluster);
  options.onProgress?.("starting PostgreSQL");
  await endLeftovers(location.cluster, options.log);
  const running = await startServer({ ...options, location, binaries, password });
  options.onProgress?.("PostgreSQL is ready");
  return running;
}

async function findBinaries(location: ClusterLocation, log: Log): Promise<Binaries> {
  const { runAs, binariesParent } = location;
  const binaries = await prepareBinaries({ runAs, copyParent: binariesParent });
  log.info(`PostgreSQL: ${location.words}; ${binaries.words}`);
  return binaries;
}

async function prepareFirstStart(
  options: EmbeddedPostgresOptions & { location: ClusterLocation; password: string },
): Promise<Binaries> {
  const { dataDir, location, password } = options;
  options.onProgress?.("preparing PostgreSQL (first start, ~5 s)");
  try {
    const binaries = await findBinaries(location, options.log);
    await initialiseCluster(location, binaries, password);
    await recordLocation(dataDir, location);
    return binaries;
  } catch (error) {
    await discardLocation(dataDir, location);
    throw error;
  }
}

type StartServerOptions = EmbeddedPostgresOptions & {
  readonly location: ClusterLocation;
  readonly binaries: Binaries;
  readonly password: string;
};

async function startServer(options: StartServerOptions): Promise<EmbeddedPostgres> {
  let lines: readonly string[] = [];
  for (let attempt = 1; attempt <= START_ATTEMPTS_MAX; attempt++) {
    const port = options.port ?? (await findFreePort());
    const postmaster = spawnPostmaster({
      program: options.binaries.postgres,
      runAs: options.location.runAs,
      settings: {
        cluster: options.location.cluster,
        port,
        durability: options.durability ?? "durable",
      },
      log: options.log,
    });
    if (await becomesReady(postmaster, port, options)) {
      return toEmbedded(postmaster, port, options.password);
    }
    lines = postmaster.lastLines();
    if (!lines.some((line) => PASSING_START_FAILURE.test(line))) break;
    await sleep(START_PAUSE_MS);
  }
  throw new AppError(
    "database_unavailable",
    `PostgreSQL does not start on ${options.location.cluster}: ` +
      (lines.slice(-6).join(" | ") || `${options.binaries.postgres} cannot be run`),
  );
}

async function becomesReady(
  postmaster: Postmaster,
  port: number,
  options: StartServerOptions,
): Promise<boolean> {
  try {
    return await awaitReady({
      maintenanceUrl: urlOf({ port, password: options.password, database: "postgres" }),
      timeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
      hasEnded: postmaster.hasExited,
    });
  } catch (error) {
    // Somebody else's server answered on a port that was lost: the child's own words decide.
    if (postmaster.hasExited()) return false;
    await postmaster.stop();
    throw error;
  }
}

function toEmbedded(postmaster: Postmaster, port: number, password: string): EmbeddedPostgres {
  return {
    url: urlOf({ port, password, database: DATABASE_NAME }),
    port,
    pid: postmaster.pid,
    stop: async () => {
      await postmaster.stop();
    },
    onExit: (callback) => {
      void postmaster.exited.then(callback);
    },
  };
}

function urlOf(parts: { port: number; password: string; database: string }): string {
  return `postgres://${DATABASE_USER}:${parts.password}@127.0.0.1:${parts.port}/${parts.database}`;
}
