import { execFile } from "node:child_process";
import { readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { AppError } from "@spillway/core";
import { isProcessAlive } from "../lock/process-identity.ts";
import type { Log } from "../../ports.ts";
import { systemErrorCode } from "./system-error.ts";

const run = promisify(execFile);

type Step = { readonly signal: NodeJS.Signals | null; readonly waitMs: number };

/** A postmaster whose parent was killed: fast shutdown, then immediate, then by force. */
const ORPHAN_STEPS: readonly Step[] = [
  { signal: "SIGINT", waitMs: 20_000 },
  { signal: "SIGQUIT", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
];

/** Children of a postmaster that was killed: they notice by themselves, unless they are busy. */
const CHILDREN_STEPS: readonly Step[] = [
  { signal: null, waitMs: 2_000 },
  { signal: "SIGQUIT", waitMs: 3_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
];

const POLL_MS = 25;

/**
 * Ends what a former start left running on this cluster, and removes its stale pid file, whose
 * number may belong to another process by now. The caller holds the lock of the data folder, so
 * nothing found here can have a living owner.
 */
export async function endLeftovers(cluster: string, log: Log): Promise<void> {
  const postmaster = await readPostmasterPid(cluster);
  const found = await findClusterProcesses(cluster, postmaster);
  if (found.length > 0) {
    const isOrphan = postmaster !== null && found.includes(postmaster);
    const target = isOrphan ? [postmaster] : found;
    const what = isOrphan ? "a PostgreSQL left by a killed Spillway" : "left PostgreSQL processes";
    log.warn(`stopping ${what} (${target.join(", ")}) on ${cluster}`);
    await endInSteps(cluster, target, isOrphan ? ORPHAN_STEPS : CHILDREN_STEPS);
  }
  await rm(join(cluster, "postmaster.pid"), { force: true });
}

async function endInSteps(
  cluster: string,
  first: readonly number[],
  steps: readonly Step[],
): Promise<void> {
  let target = first;
  for (const { signal, waitMs } of steps) {
    if (signal !== null) for (const pid of target) signalProcess(pid, signal);
    const deadlineMs = performance.now() + waitMs;
    while (performance.now() < deadlineMs) {
      const left = await findClusterProcesses(cluster, target[0] ?? null);
      if (left.length === 0) return;
      // Once the postmaster is gone, its children are what the next signal is for.
      target = left.includes(first[0] ?? 0) && first.length === 1 ? first : left;
      await sleep(POLL_MS);
    }
  }
  throw new AppError(
    "database_unavailable",
    `PostgreSQL processes ${target.join(", ")} still use ${cluster} and do not end.`,
  );
}

/**
 * The processes of this cluster. On Linux they are known by their working folder, which is the
 * cluster for the postmaster and all its children; elsewhere only the recorded postmaster can be
 * recognised, by its command line.
 */
async function findClusterProcesses(
  cluster: string,
  postmaster: number | null,
): Promise<readonly number[]> {
  if (process.platform === "linux") return findByWorkingFolder(cluster);
  if (postmaster === null || !isProcessAlive(postmaster)) return [];
  const command = await run("ps", ["-o", "command=", "-p", String(postmaster)]).then(
    ({ stdout }) => stdout,
    () => "",
  );
  return command.includes("postgres") && command.includes(cluster) ? [postmaster] : [];
}

async function findByWorkingFolder(cluster: string): Promise<readonly number[]> {
  const folder = await realpath(cluster);
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    // Processes end while this runs, and those of other users cannot be looked into.
    const workingFolder = await readlink(`/proc/${name}/cwd`).catch(() => null);
    if (workingFolder !== folder) continue;
    const program = await readlink(`/proc/${name}/exe`).catch(() => "");
    // After an update of the package the kernel says "postgres (deleted)".
    if (basename(program).startsWith("postgres")) found.push(Number(name));
  }
  return found;
}

async function readPostmasterPid(cluster: string): Promise<number | null> {
  const text = await readFile(join(cluster, "postmaster.pid"), "utf8").catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return "";
    throw error;
  });
  const pid = Number.parseInt(text.split("\n")[0] ?? "", 10);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
}

/** A process that has ended meanwhile is what the signal was for. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}
