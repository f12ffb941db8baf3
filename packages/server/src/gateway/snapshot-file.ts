import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Snapshot } from "@spillway/core";
import type { Log } from "../ports.ts";

/** The last known good snapshot on disk. */
export type SnapshotFile = {
  /** In the background: a swap does not wait for the disk. */
  readonly save: (snapshot: Snapshot) => void;
  /** Resolves when the last one given is on disk. */
  readonly saved: () => Promise<void>;
  /** Null when there is none that can be read. */
  readonly read: () => Promise<unknown>;
};

/** Replaced as a whole (a new file, then a rename): a crash leaves the old one or the new one. */
export function createSnapshotFile(options: {
  /** Null: nothing is kept. */
  readonly file: string | null;
  readonly log: Log;
}): SnapshotFile {
  const { file, log } = options;
  const state: { next: Snapshot | null; saving: Promise<void> | null } = {
    next: null,
    saving: null,
  };

  async function saveAll(path: string): Promise<void> {
    while (state.next !== null) {
      const snapshot = state.next;
      // One that comes meanwhile replaces it: only the newest is worth the writing.
      state.next = null;
      await write(path, snapshot, log);
    }
    state.saving = null;
  }

  return {
    save: (snapshot) => {
      if (file === null) return;
      state.next = snapshot;
      state.saving ??= saveAll(file);
    },
    saved: () => state.saving ?? Promise.resolve(),
    read: () => (file === null ? Promise.resolve(null) : read(file, log)),
  };
}

async function write(path: string, snapshot: Snapshot, log: Log): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, JSON.stringify(snapshot));
    await rename(`${path}.new`, path);
  } catch (cause) {
    log.error("The snapshot could not be stored; a restart would not know it", {
      file: path,
      error: cause,
    });
  }
}

async function read(path: string, log: Log): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch (cause) {
    // The first start has none. A damaged one must not keep a gateway from asking for a new one.
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    if (!isMissing) {
      log.warn("The stored snapshot cannot be read", { file: path, error: cause });
    }
    return null;
  }
}
