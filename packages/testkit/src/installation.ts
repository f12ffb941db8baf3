import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A whole installation as `spillway up` runs it, in processes of its own. */
export type Installation = {
  readonly gatewayUrl: string;
  readonly controlUrl: string;
  readonly dataDir: string;
  readonly adminKey: string;
  readonly gatewayKey: string;
  /** The supervisor. */
  readonly process: ChildProcess;
  /** Drains and resolves to the exit code. */
  readonly stop: () => Promise<number | null>;
};

export type InstallationOptions = {
  readonly dataDir: string;
  readonly gatewayPort: number;
  readonly controlPort: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What the server says on stderr, line by line. */
  readonly onWords?: (words: string) => void;
  /** Gives the start up: what runs is stopped, and the start rejects with the signal's reason. */
  readonly signal?: AbortSignal;
};

const SERVER = fileURLToPath(new URL("../../server/src/main.ts", import.meta.url));
const START_MS = 90_000;

/**
 * Starts on a data folder and resolves when gateway and control plane both answer. However this process
 * ends, the server follows: it stops when the channel to its parent closes.
 */
export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const child = spawn(process.execPath, [SERVER], {
    env: {
      ...process.env,
      SPILLWAY_ROLE: "all",
      SPILLWAY_DATA_DIR: options.dataDir,
      SPILLWAY_GATEWAY_PORT: String(options.gatewayPort),
      SPILLWAY_CONTROL_PORT: String(options.controlPort),
      ...options.env,
    },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // A Ctrl-C is for whoever started it, who stops it in order. On Windows it would open a window.
    detached: process.platform !== "win32",
  });
  child.channel?.unref();
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-20_000);
    for (const line of text.split("\n")) if (line.trim() !== "") options.onWords?.(line.trim());
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const gatewayUrl = `http://127.0.0.1:${options.gatewayPort}`;
  const controlUrl = `http://127.0.0.1:${options.controlPort}`;
  const stop = async (): Promise<number | null> => {
    // Windows has no signals: there a kill would leave the children. The channel ends it everywhere.
    if (process.platform !== "win32") child.kill("SIGTERM");
    else if (child.connected) child.disconnect();
    return await exited;
  };
  try {
    const given = options.signal === undefined ? [] : [aborted(options.signal)];
    await Promise.race([
      Promise.all([answers(`${gatewayUrl}/healthz`), answers(`${controlUrl}/healthz`)]),
      exited.then((code) => {
        throw new Error(`Spillway ended with code ${code} while starting.\n${said}`);
      }),
      ...given,
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  const key = async (name: string): Promise<string> =>
    (await readFile(join(options.dataDir, name), "utf8")).trim();
  return {
    gatewayUrl,
    controlUrl,
    dataDir: options.dataDir,
    adminKey: await key("admin-key"),
    gatewayKey: await key("gateway-key"),
    process: child,
    stop,
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

async function answers(url: string): Promise<void> {
  const endMs = Date.now() + START_MS;
  for (;;) {
    const isUp = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    if (Date.now() > endMs) throw new Error(`${url} did not answer within ${START_MS / 1000} s.`);
    await sleep(100);
  }
}

/** Whether a port of the loopback can be listened on. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
