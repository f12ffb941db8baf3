import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessRecord } from "../../../server/src/compose-process-file.ts";
import { PROCESS_FILE } from "../../../server/src/compose-process-file.ts";
import { readProcessStart } from "../../../server/src/store/lock/process-identity.ts";
import type { Installation, InstallationOptions } from "../installation.ts";
import { startInstallation } from "../installation.ts";
import type { Kill, Target } from "./kill-plan.ts";

/** When the gateway was away by our own doing: from just before the signal until it served again. */
type Outage = { readonly fromMs: number; readonly untilMs: number };

/** The installation under test, and what was done to it. */
export type System = {
  readonly installation: Installation;
  readonly processes: () => Promise<ProcessRecord | null>;
  /** Kills as planned; resolves when what was killed was seen dead and serves again. */
  readonly carryOut: (kill: Kill) => Promise<void>;
  /** Whether the gateway lived, as far as we know, all the time between two moments. */
  readonly gatewayLived: (fromMs: number, untilMs: number) => boolean;
  readonly stop: () => Promise<number | null>;
};

/** Longer than any lease, back-off or recovery that comes before a process serves again. */
const BACK_MS = 60_000;
const POLL_MS = 20;

export async function startSystem(options: InstallationOptions): Promise<System> {
  let installation = await startInstallation(options);
  const outages: Outage[] = [];
  const path = join(options.dataDir, PROCESS_FILE);

  const processes = (): Promise<ProcessRecord | null> => readProcesses(path);

  async function killChildren(kill: Kill, before: ProcessRecord): Promise<void> {
    for (const target of kill.targets) sendSignal(before[target].pid, "SIGKILL");
    const endMs = Date.now() + BACK_MS;
    for (;;) {
      const now = await processes();
      const isReplaced = kill.targets.every(
        (target) => now !== null && now[target].pid !== before[target].pid,
      );
      if (isReplaced) break;
      if (Date.now() > endMs) throw new Error(`${kill.targets.join(", ")} did not come back.`);
      await sleep(POLL_MS);
    }
    for (const target of kill.targets) await untilDead(before[target].pid, target);
  }

  async function restart(kill: Kill, before: ProcessRecord): Promise<void> {
    const exited = untilDead(before.supervisor.pid, "supervisor");
    if (kill.afterStopMs !== null) {
      sendSignal(before.supervisor.pid, "SIGTERM");
      await sleep(kill.afterStopMs);
    }
    for (const target of kill.targets) sendSignal(before[target].pid, "SIGKILL");
    await exited;
    installation = await startInstallation(options);
    for (const target of ["control", "gateway", "postgres"] as const) {
      await untilDead(before[target].pid, target);
    }
  }

  async function carryOut(kill: Kill): Promise<void> {
    const before = await allServing(path);
    const isRestart = kill.afterStopMs !== null || kill.targets.includes("supervisor");
    const fromMs = Date.now();
    await (isRestart ? restart(kill, before) : killChildren(kill, before));
    const after = await allServing(path);
    if (!isRestart && !kill.targets.includes("gateway")) return;
    outages.push({ fromMs, untilMs: after.gateway.readyAtMs ?? Infinity });
  }

  return {
    get installation() {
      return installation;
    },
    processes,
    carryOut,
    gatewayLived: (fromMs, untilMs) =>
      outages.every((outage) => untilMs < outage.fromMs || fromMs > outage.untilMs),
    stop: () => installation.stop(),
  };
}

async function readProcesses(path: string): Promise<ProcessRecord | null> {
  const text = await readFile(path, "utf8").catch(() => null);
  return text === null ? null : (JSON.parse(text) as ProcessRecord);
}

/** What serves now; waits until everything does. */
async function allServing(path: string): Promise<ProcessRecord> {
  const endMs = Date.now() + BACK_MS;
  for (;;) {
    const record = await readProcesses(path);
    if (record !== null && (await isServing(record))) return record;
    if (Date.now() > endMs) {
      throw new Error(`After ${BACK_MS / 1_000} s not everything runs: ${JSON.stringify(record)}`);
    }
    await sleep(POLL_MS);
  }
}

async function isServing(record: ProcessRecord): Promise<boolean> {
  if (record.control.readyAtMs === null || record.gateway.readyAtMs === null) return false;
  const pids = [record.supervisor, record.postgres, record.control, record.gateway];
  const starts = await Promise.all(
    pids.filter(({ pid }) => pid !== 0).map(({ pid }) => readProcessStart(pid)),
  );
  return starts.length === pids.length && starts.every((start) => start !== null);
}

/** Throws when the process is still there; a zombie has ended. */
async function untilDead(pid: number, target: Target): Promise<void> {
  const endMs = Date.now() + BACK_MS;
  while (pid !== 0 && (await readProcessStart(pid)) !== null) {
    if (Date.now() > endMs) throw new Error(`The old ${target} process (${pid}) still runs.`);
    await sleep(POLL_MS);
  }
}

/** A process that has ended by itself meanwhile is dead too. */
function sendSignal(pid: number, signal: "SIGKILL" | "SIGTERM"): void {
  if (pid <= 1) throw new Error(`There is no process to send ${signal} to.`);
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
