import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@spillway/core";
import type { Config } from "./config.ts";
import { parseConfig } from "./config.ts";
import { startControlProcess } from "./compose-control.ts";
import { startGatewayProcess } from "./compose-gateway.ts";
import { createRuntime } from "./compose-runtime.ts";
import { startSupervisor } from "./compose-supervisor.ts";

type Env = Readonly<Record<string, string | undefined>>;

const DASHBOARD = fileURLToPath(new URL("../../dashboard/dist", import.meta.url));

/**
 * Runs one role until it is told to stop (SIGTERM, SIGINT, or the end of the process that started it),
 * then drains. Resolves to the exit code. The one place of the server that reads the environment.
 */
export async function runServer(_argv: readonly string[], env: Env): Promise<number> {
  try {
    const config = parseConfig(env);
    requireRecordings(config);
    // Before anything is started: a word that came during the start would never come again.
    const told = untilToldToStop();
    const starting = startRole(config, env, told);
    // A supervisor has children to end. The others have promised nothing before they serve, and a start
    // may wait for long, for a database that ended together with our supervisor.
    if (config.role !== "all" && (await isToldFirst(told, starting))) return 0;
    const stop = await starting;
    await told;
    await stop();
    return 0;
  } catch (error) {
    say(error instanceof AppError ? error.message : describe(error));
    return error instanceof AppError && error.code === "invalid_configuration" ? 2 : 1;
  }
}

/** Found out request by request it would look like a provider that is down. */
function requireRecordings({ recordingsDir }: Config): void {
  if (recordingsDir === null || existsSync(recordingsDir)) return;
  throw new AppError(
    "invalid_configuration",
    `SPILLWAY_RECORDINGS_DIR is "${recordingsDir}", which is not there; wanted a folder of recordings.`,
  );
}

async function startRole(
  config: Config,
  env: Env,
  told: Promise<void>,
): Promise<() => Promise<void>> {
  switch (config.role) {
    case "all":
      return await startAll(config, env, told);
    case "control":
      return await startControl(config);
    case "gateway":
      return await startGateway(config);
    default:
      config.role satisfies never;
      return async () => {};
  }
}

async function startAll(
  config: Config,
  env: Env,
  told: Promise<void>,
): Promise<() => Promise<void>> {
  const quiet = { SPILLWAY_LOG_LEVEL: env["SPILLWAY_LOG_LEVEL"] ?? "warn" };
  const { log, wall } = createRuntime(parseConfig({ ...env, ...quiet }), "supervisor");
  const supervisor = await startSupervisor({
    config,
    env: { ...env, ...quiet },
    entry: fileURLToPath(import.meta.url),
    log,
    wall,
    onProgress: say,
    told,
  });
  void supervisor.ready.then(() => {
    say(`Gateway:   http://127.0.0.1:${config.gatewayPort}/v1`);
    say(`Dashboard: http://127.0.0.1:${config.controlPort}`);
    say("Spillway is ready. Ctrl-C stops it.");
  });
  return async () => {
    say("Draining...");
    await supervisor.stop();
  };
}

async function startControl(config: Config): Promise<() => Promise<void>> {
  if (config.databaseUrl === null) {
    throw new AppError("invalid_configuration", "A control process needs DATABASE_URL.");
  }
  const stop = await startControlProcess(
    config,
    { databaseUrl: config.databaseUrl, gatewayToken: requireToken(config) },
    {
      staticDir: existsSync(DASHBOARD) ? DASHBOARD : null,
      keepFirstKeys: (keys) => keepFirstKeys(config.dataDir, keys),
      showFirstKeys: (keys) => showFirstKeys(config.dataDir, keys),
    },
  );
  sayReady();
  return stop;
}

async function startGateway(config: Config): Promise<() => Promise<void>> {
  const stop = await startGatewayProcess(config, requireToken(config));
  sayReady();
  return stop;
}

/** To the supervisor, if there is one and it is still there. */
function sayReady(): void {
  if (process.connected) process.send?.("ready");
}

function requireToken(config: Config): string {
  if (config.gatewayToken !== null) return config.gatewayToken;
  throw new AppError(
    "invalid_configuration",
    `A ${config.role} process of its own needs SPILLWAY_GATEWAY_TOKEN, the same for all.`,
  );
}

type FirstKeys = { readonly admin: string; readonly gateway: string };

/** Readable by us alone; the command line of this machine finds them there. */
async function keepFirstKeys(dataDir: string, keys: FirstKeys): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  for (const [name, secret] of [
    ["admin-key", keys.admin],
    ["gateway-key", keys.gateway],
  ] as const) {
    const path = join(dataDir, name);
    await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}

function showFirstKeys(dataDir: string, keys: FirstKeys): void {
  say(`First admin key (shown once):   ${keys.admin}`);
  say(`First gateway key (shown once): ${keys.gateway}`);
  say(
    `Both are kept in ${dataDir} for this machine's command line; move them where you keep secrets.`,
  );
}

/** Rejects when the start fails before. */
async function isToldFirst(told: Promise<void>, starting: Promise<unknown>): Promise<boolean> {
  const first = await Promise.race([told.then(() => "told"), starting.then(() => "started")]);
  // Nobody waits for the start any more.
  starting.catch(() => undefined);
  return first === "told";
}

/**
 * A signal to a whole process group arrives twice, from whoever sent it and from the process that started
 * us; the second must not kill what drains. One that comes later is a person who does not want to wait.
 */
const SAME_SIGNAL_MS = 2_000;

function untilToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    let firstAtMs: number | null = null;
    const onStop = (): void => {
      firstAtMs ??= performance.now();
      if (performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(1);
      resolve();
    };
    process.on("SIGTERM", onStop);
    process.on("SIGINT", onStop);
    // Set when a supervisor started us: it is gone, and nobody would ever stop us.
    if (process.send === undefined) return;
    process.once("disconnect", onStop);
    if (!process.connected) onStop();
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function say(words: string): void {
  process.stderr.write(`${words}\n`);
}

if (import.meta.main) {
  process.exitCode = await runServer(process.argv.slice(2), process.env);
  // Whatever is still open (a stuck socket) must not keep a drained process alive.
  setTimeout(() => process.exit(), 1_000).unref();
}
