import type { Snapshot } from "@spillway/core";
import { isJsonObject } from "@spillway/core";
import type { Log, SnapshotSource } from "../ports.ts";
import { createSnapshotFile } from "./snapshot-file.ts";

export type SnapshotOffer =
  | { readonly kind: "swapped"; readonly revision: number }
  | { readonly kind: "same" }
  | { readonly kind: "invalid"; readonly problem: string };

export type SnapshotHolder = SnapshotSource & {
  /**
   * Takes the control plane's present snapshot as it came over the wire; serves it at once if it is whole
   * and another one. Also with a smaller revision: the control plane is the truth, and after a restored
   * backup or a change of database a gateway that knew better would miss every rollback from then on.
   */
  readonly offer: (found: unknown) => SnapshotOffer;
  /** Reads the last known good one from disk; for the start, before anything is offered. */
  readonly load: () => Promise<void>;
  /** Told after each swap. */
  readonly onSwap: (listener: (snapshot: Snapshot) => void) => void;
  /** Resolves when what is served is on disk. */
  readonly saved: () => Promise<void>;
};

/**
 * The one reference that requests read. A swap is one assignment: a request keeps the snapshot that it
 * began with, and there is no moment at which two revisions are mixed.
 */
export function createSnapshotHolder(options: {
  /** Null: kept in memory only. */
  readonly file: string | null;
  readonly log: Log;
}): SnapshotHolder {
  const { log } = options;
  const disk = createSnapshotFile(options);
  const listeners: ((snapshot: Snapshot) => void)[] = [];
  let current: Snapshot | null = null;

  function offer(found: unknown): SnapshotOffer {
    const problem = problemOf(found);
    if (problem !== null) {
      log.error("A snapshot was refused; the last good one stays", { problem });
      return { kind: "invalid", problem };
    }
    const snapshot = found as Snapshot;
    if (current !== null && isSame(current, snapshot)) return { kind: "same" };
    if (current !== null && snapshot.revision <= current.revision) {
      log.warn("The control plane's snapshots start anew; was its database replaced?", {
        revision: snapshot.revision,
        before: current.revision,
      });
    }
    current = snapshot;
    log.info("Serving a new snapshot", { revision: snapshot.revision });
    for (const listener of listeners) listener(snapshot);
    disk.save(snapshot);
    return { kind: "swapped", revision: snapshot.revision };
  }

  async function load(): Promise<void> {
    const found = await disk.read();
    if (found === null || problemOf(found) !== null) return;
    const snapshot = found as Snapshot;
    // What came from the control plane meanwhile is newer than any file.
    if (current !== null) return;
    current = snapshot;
    log.info("Serving the last known good snapshot", { revision: snapshot.revision });
    for (const listener of listeners) listener(snapshot);
  }

  return {
    current: () => current,
    offer,
    load,
    onSwap: (listener) => {
      listeners.push(listener);
    },
    saved: disk.saved,
  };
}

/** A revision of another database may have the same number, and was made at another time. */
function isSame(left: Snapshot, right: Snapshot): boolean {
  return left.revision === right.revision && left.createdAtMs === right.createdAtMs;
}

/** What would make requests fail later; a snapshot is served whole or not at all. */
function problemOf(found: unknown): string | null {
  if (!isJsonObject(found)) return "it is no object";
  const { revision, features, releases, keys } = found as Readonly<Record<string, unknown>>;
  if (typeof revision !== "number" || !Number.isInteger(revision)) return "revision is no number";
  if (!isJsonObject(features)) return "features is no object";
  if (!isJsonObject(releases)) return "releases is no object";
  if (!Array.isArray(keys)) return "keys is no list";
  const snapshot = found as unknown as Snapshot;
  for (const route of Object.values(snapshot.features)) {
    const candidate = route.rollout?.candidate;
    const missing = [route.baseline, ...(candidate === undefined ? [] : [candidate])].find(
      (id) => snapshot.releases[id] === undefined,
    );
    if (missing !== undefined) return `"${route.key}" routes to ${missing}, which it does not hold`;
  }
  return null;
}
