import { randomUUID } from "node:crypto";
import { readdir, rm, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@spillway/core";
import { createDataFolder } from "../embedded/data-folder.ts";
import { systemErrorCode } from "../embedded/system-error.ts";
import { createLockFile, readLockFile } from "./lock-file.ts";
import { HEARTBEAT_MS, judgeLock, type LockJudgement, type LockRecord } from "./lock-record.ts";
import {
  describeThisPlace,
  identifyThisProcess,
  readProcessStart,
  type ProcessIdentity,
} from "./process-identity.ts";

/**
 * One process at a time uses a data folder.
 *
 *   absent --create--> held --release--> absent
 *   held --holder dies--> stale --claim--> absent --create--> held
 *
 * Who may run at once: any number of starters. The lock file is created by `link`, which fails
 * when the name exists, so exactly one creation succeeds. A stale lock is removed only by the one
 * process that created `<lock>.claim-<id of the stale lock>`; ids are random, so a claim can never
 * remove a younger lock that was created meanwhile. A claimant that dies leaves a claim that is
 * itself stale and is claimed the same way. A loser looks again, and then finds a living holder.
 */
export type DataFolderLock = {
  readonly path: string;
  readonly release: () => Promise<void>;
};

export type LockOptions = {
  readonly dataDir: string;
  /** Told when the lock of a dead process was taken over. */
  readonly onRecovered?: (words: string) => void;
};

/** Contention is over after a few rounds; a hundred means that the file system misbehaves. */
const ATTEMPTS_MAX = 100;
const ATTEMPT_PAUSE_MS = 20;

export async function lockDataFolder(options: LockOptions): Promise<DataFolderLock> {
  await createDataFolder(options.dataDir);
  const path = join(options.dataDir, "spillway.lock");
  const holder = await identifyThisProcess();
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const record: LockRecord = { id: randomUUID(), holder, sinceMs: Date.now() };
    if (await createLockFile(path, record)) return holdLock(path, record);
    const seen = await lookAtLock(path);
    if (seen === null) continue;
    if (seen.judgement.kind === "held") throw lockedError(options.dataDir, path, seen.record);
    if (await removeStaleLock(path, seen.record, holder)) {
      options.onRecovered?.(
        `took over ${path} from process ${seen.record.holder.pid} (${seen.judgement.reason})`,
      );
    } else {
      await sleep(ATTEMPT_PAUSE_MS);
    }
  }
  throw new AppError(
    "invalid_configuration",
    `The lock ${path} could be neither created nor read in ${ATTEMPTS_MAX} attempts.`,
  );
}

type SeenLock = { readonly record: LockRecord; readonly judgement: LockJudgement };

async function lookAtLock(path: string): Promise<SeenLock | null> {
  const reading = await readLockFile(path, Date.now());
  if (reading.kind === "absent") return null;
  const { record, silentForMs } = reading;
  const here = await describeThisPlace();
  const startedNow = await readProcessStart(record.holder.pid);
  return { record, judgement: judgeLock({ record, here, startedNow, silentForMs }) };
}

/** False when another living process has the right to remove this lock and will do it. */
async function removeStaleLock(
  path: string,
  stale: LockRecord,
  holder: ProcessIdentity,
): Promise<boolean> {
  let superseded = stale;
  for (let depth = 0; depth < ATTEMPTS_MAX; depth++) {
    const claimPath = `${path}.claim-${superseded.id}`;
    const claim: LockRecord = { id: randomUUID(), holder, sinceMs: Date.now() };
    if (await createLockFile(claimPath, claim)) {
      const current = await readLockFile(path, Date.now());
      // Nobody but this process may remove the stale lock, so it cannot change after this look.
      const isStill = current.kind === "present" && current.record.id === stale.id;
      if (isStill) await rm(path);
      return isStill;
    }
    const other = await lookAtLock(claimPath);
    if (other === null || other.judgement.kind === "held") return false;
    superseded = other.record;
  }
  return false;
}

async function holdLock(path: string, record: LockRecord): Promise<DataFolderLock> {
  await removeClaims(path);
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A missed sign of life is harmless: here the process is the proof, elsewhere six are missed.
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const release = async (): Promise<void> => {
    clearInterval(heartbeat);
    const current = await readLockFile(path, Date.now());
    if (current.kind === "present" && current.record.id === record.id) await rm(path);
  };
  return { path, release };
}

/** Claims name locks that are gone once a new one exists; without this they would pile up. */
async function removeClaims(path: string): Promise<void> {
  const prefix = `${basename(path)}.claim-`;
  for (const name of await readdir(dirname(path))) {
    // Not the draft of a claim that another starter is just writing.
    if (!name.startsWith(prefix) || name.includes(".draft-")) continue;
    await rm(join(dirname(path), name), { force: true }).catch((error: unknown) => {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    });
  }
}

function lockedError(dataDir: string, path: string, record: LockRecord): Error {
  const { pid, place } = record.holder;
  const since = record.sinceMs === 0 ? "an unknown time" : new Date(record.sinceMs).toISOString();
  return new AppError(
    "data_folder_in_use",
    `The data folder ${dataDir} is in use by process ${pid} on ${place} since ${since} ` +
      `(lock ${path}). Stop that process, or give this one another folder (SPILLWAY_DATA_DIR).`,
  );
}
