import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KeptChild } from "./compose-kept-child.ts";
import { keepChildRunning } from "./compose-kept-child.ts";
import type { ProcessRecord } from "./compose-process-file.ts";
import { createProcessFile } from "./compose-process-file.ts";
import type { Config } from "./config.ts";
import { requireFreePort } from "./http/free-port.ts";
import type { Log, Wall } from "./ports.ts";
import { keepEmbeddedPostgresRunning } from "./store/embedded/keep-embedded-postgres-running.ts";
import { lockDataFolder } from "./store/lock/data-folder-lock.ts";

export type Supervisor = {
  /** Resolves when control plane and gateway have both answered that they listen. */
  readonly ready: Promise<void>;
  /** Drains in order: gateway first, then control plane, then PostgreSQL. */
  readonly stop: () => Promise<void>;
};

export type SupervisorOptions = {
  readonly config: Config;
  /** The environment that the children get, with what is decided here on top. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What to run for a role: this server's own entry file. */
  readonly entry: string;
  readonly log: Log;
  readonly wall: Wall;
  readonly onProgress: (words: string) => void;
  /** Resolves when a person or the system says that all this is to end. */
  readonly told: Promise<void>;
};

/**
 * One machine, everything: holds the data folder's lock, keeps PostgreSQL, a control process and a
 * gateway process running, and restarts what dies. They are processes of their own, so that the
 * gateway serves on while the control plane or the database is away.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { config, log, wall } = options;
  const lock = await lockDataFolder({ dataDir: config.dataDir, onRecovered: log.warn });
  const running: { postgres?: Postgres; control?: KeptChild; gateway?: KeptChild } = {};
  const ending = new AbortController();
  void options.told.then(() => ending.abort());
  const processes = createProcessFile(config.dataDir, () => ({
    supervisor: { pid: process.pid },
    postgres: running.postgres?.process() ?? NOT_RUNNING_POSTGRES,
    control: running.control?.process() ?? NOT_RUNNING,
    gateway: running.gateway?.process() ?? NOT_RUNNING,
  }));
  const end = async (): Promise<void> => {
    ending.abort();
    await running.gateway?.stop();
    await running.control?.stop();
    await running.postgres?.stop();
    processes.remove();
    await lock.release();
  };
  try {
    processes.save();
    await requireFreePorts(options, ending.signal);
    const postgres = await startPostgres(options, processes.save);
    running.postgres = postgres;
    const gatewayToken = config.gatewayToken ?? (await loadOrMakeToken(config.dataDir));
    const shared = {
      SPILLWAY_GATEWAY_TOKEN: gatewayToken,
      SPILLWAY_CLOCK_ANCHOR_MS: String(config.clock.anchorWallMs ?? wall.nowMs()),
      SPILLWAY_CONTROL_URL: config.controlUrl,
    };
    const keep = (role: "control" | "gateway", extra: Record<string, string>) =>
      keepChildRunning({
        ...options,
        role,
        env: { ...options.env, ...shared, ...extra },
        ending: ending.signal,
        onChange: processes.save,
      });
    const control = keep("control", { DATABASE_URL: postgres.url });
    running.control = control;
    const gateway = keep("gateway", { DATABASE_URL: "" });
    running.gateway = gateway;
    processes.save();
    return {
      ready: Promise.all([control.ready, gateway.ready]).then(() => undefined),
      stop: end,
    };
  } catch (error) {
    // Without the lock another Spillway may start here, so nothing of this one may be left by then.
    await end();
    throw error;
  }
}

async function requireFreePorts(
  { config, wall, onProgress }: SupervisorOptions,
  ending: AbortSignal,
): Promise<void> {
  const { host, gatewayPort, controlPort } = config;
  for (const [port, variable] of [
    [gatewayPort, "SPILLWAY_GATEWAY_PORT"],
    [controlPort, "SPILLWAY_CONTROL_PORT"],
  ] as const) {
    const onWait = (): void => onProgress(`Waiting for port ${port} to be free...`);
    await requireFreePort({ host, port, variable }, { wall, ending, onWait });
  }
}

type Postgres = {
  readonly url: string;
  readonly process: () => ProcessRecord["postgres"];
  readonly stop: () => Promise<void>;
};

const NOT_RUNNING = { pid: 0, readyAtMs: null };
const NOT_RUNNING_POSTGRES = { pid: 0, port: 0 };

async function startPostgres(
  { config, log, onProgress }: SupervisorOptions,
  onChange: () => void,
): Promise<Postgres> {
  if (config.databaseUrl !== null) {
    return { url: config.databaseUrl, process: () => NOT_RUNNING_POSTGRES, stop: async () => {} };
  }
  const kept = await keepEmbeddedPostgresRunning(
    { dataDir: config.dataDir, log, onProgress },
    onChange,
  );
  return {
    url: kept.url,
    process: () => ({ pid: kept.pid(), port: kept.port }),
    stop: kept.stop,
  };
}

/** Shared by gateways and control plane; kept, so that a gateway that outlives us is still known. */
async function loadOrMakeToken(dataDir: string): Promise<string> {
  const path = join(dataDir, "gateway-token");
  const known = await readFile(path, "utf8").catch(() => "");
  if (known.trim() !== "") return known.trim();
  const token = randomBytes(32).toString("base64url");
  // Renamed when it is whole: a kill in between must not leave an empty token for ever.
  await writeFile(`${path}.new`, `${token}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return token;
}
