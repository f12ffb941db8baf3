// One process at a time, across processes: a lock is a file that only one of them can create.
//
// Who may run at once: any number of `npm test`, `npm run demo`... in one checkout. The winner works,
// the others wait and say so. A lock whose process is dead, or older than STALE_AFTER_MS, is taken
// over. Two waiters that judge the same lock stale in the same instant may both work once; the work
// under a lock is checked again inside it and safe to repeat, so that costs time and nothing else.
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { startProgress } from "./workspace.mjs";

/** Far above the slowest installation seen (minutes); a hung one must not block for ever. */
const STALE_AFTER_MS = 20 * 60_000;
const POLL_MS = 300;

/**
 * Runs `work` while holding the lock at `path`.
 *
 * @template T
 * @param {string} path
 * @param {string} title what is waited for, for the progress line
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withFileLock(path, title, work) {
  let endWaiting = null;
  while (!tryCreate(path)) {
    if (removeIfStale(path)) continue;
    endWaiting ??= startProgress(`waiting for another process: ${title}`);
    await sleep(POLL_MS);
  }
  endWaiting?.();
  const release = () => rmSync(path, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

function tryCreate(path) {
  try {
    writeFileSync(path, `${hostname()} ${process.pid}`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function removeIfStale(path) {
  try {
    const [host, pid] = readFileSync(path, "utf8").split(" ");
    const isOld = Date.now() - statSync(path).mtimeMs > STALE_AFTER_MS;
    if (!isOld && !(host === hostname() && pid && !isAlive(Number(pid)))) return false;
    rmSync(path, { force: true });
    return true;
  } catch (error) {
    // The holder removed it between our two looks: try again.
    if (error.code === "ENOENT") return true;
    throw error;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
