import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * A process that cannot be confused with a later one of the same number.
 *
 * - `place`: the host and pid namespace in which `pid` has a meaning.
 * - `boot`: changes with every boot, "" where the system does not tell.
 * - `started`: the start time as the system tells it, "" where it does not.
 */
export type ProcessIdentity = {
  readonly pid: number;
  readonly place: string;
  readonly boot: string;
  readonly started: string;
};

export async function identifyThisProcess(): Promise<ProcessIdentity> {
  const { place, boot } = await describeThisPlace();
  return { pid: process.pid, place, boot, started: (await readProcessStart(process.pid)) ?? "" };
}

export async function describeThisPlace(): Promise<{ place: string; boot: string }> {
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  return { place: `${hostname()} ${namespace}`.trim(), boot: boot.trim() };
}

/** When the process started, in the system's own words; null when there is no such process. */
export async function readProcessStart(pid: number): Promise<string | null> {
  if (!isProcessAlive(pid)) return null;
  if (process.platform === "linux") return readLinuxProcessStart(pid);
  if (process.platform === "win32") return "";
  try {
    const { stdout } = await run("ps", ["-o", "lstart=", "-p", String(pid)]);
    return stdout.trim() === "" ? null : stdout.trim();
  } catch (error) {
    // `ps` exits with 1 when the process is gone; any other failure must not free a lock.
    return hasExitCode(error, 1) ? null : "";
  }
}

/** True for a process that exists, also one of another user. A zombie still counts here. */
export function isProcessAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * Field 22 of /proc/<pid>/stat (proc(5)): clock ticks since boot. The command name in field 2 may
 * hold spaces and parentheses, so the fields are counted from the last closing one.
 */
export function parseLinuxProcessStat(stat: string): { state: string; startTicks: string } | null {
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks] = [afterName[0], afterName[19]];
  return state === undefined || startTicks === undefined ? null : { state, startTicks };
}

async function readLinuxProcessStart(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (stat === null) return isProcessAlive(pid) ? "" : null;
  const parsed = parseLinuxProcessStat(stat);
  // A zombie has ended; only its exit status waits, perhaps for ever when pid 1 does not reap.
  if (parsed === null || parsed.state === "Z" || parsed.state === "X") return null;
  return parsed.startTicks;
}

function hasExitCode(error: unknown, exitCode: number): boolean {
  return error instanceof Error && "code" in error && error.code === exitCode;
}
