import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@spillway/core";
import { systemErrorCode } from "./system-error.ts";
import { decideReachable, statAncestors, type Reachability } from "./reachable.ts";
import { chooseRunAs, loadUserName, type RunAs } from "./run-as.ts";

/** Where root keeps what another user must be able to enter. Never a temporary folder. */
const SYSTEM_FOLDER = "/var/lib/spillway";

export type ClusterLocation = {
  /** The folder in which the cluster lies, and in which a new one is prepared. */
  readonly parent: string;
  /** The cluster itself: PostgreSQL's data directory. */
  readonly cluster: string;
  readonly isInitialised: boolean;
  readonly runAs: RunAs;
  /** Where a copy of the binaries goes, should one be needed. */
  readonly binariesParent: string;
  readonly words: string;
};

export type PlacementDecision =
  | { readonly kind: "inside" }
  | { readonly kind: "recorded"; readonly parent: string }
  | { readonly kind: "elsewhere"; readonly reason: string };

/**
 * Decides where the cluster lies. A recorded place stays for ever; a cluster that is already in
 * the data folder stays too, and a user who cannot reach it any more is told so at the start.
 */
export function decidePlacement(known: {
  readonly recordedParent: string | null;
  readonly hasClusterInside: boolean;
  readonly runAs: RunAs;
  readonly reachability: Reachability;
}): PlacementDecision {
  if (known.recordedParent !== null) return { kind: "recorded", parent: known.recordedParent };
  if (known.hasClusterInside || known.runAs === null) return { kind: "inside" };
  if (known.reachability.kind === "reachable") return { kind: "inside" };
  const reason = `user ${known.runAs.name} cannot enter ${known.reachability.at}`;
  return { kind: "elsewhere", reason };
}

export async function locateCluster(dataDir: string): Promise<ClusterLocation> {
  const recordedParent = await readRecordedParent(dataDir);
  const existing = await readClusterOwner(join(recordedParent ?? dataDir, "postgres"));
  if (recordedParent !== null && existing === null) throw lostError(dataDir, recordedParent);
  const runAs = await chooseOwner(existing);
  const placement = decidePlacement({
    recordedParent,
    hasClusterInside: existing !== null,
    runAs,
    reachability:
      runAs === null ? { kind: "reachable" } : decideReachable(runAs, await statAncestors(dataDir)),
  });
  const parent = await resolveParent(dataDir, placement);
  return {
    parent,
    cluster: join(parent, "postgres"),
    isInitialised: existing !== null,
    runAs,
    binariesParent: runAs === null ? dataDir : SYSTEM_FOLDER,
    words: describe(join(parent, "postgres"), placement, runAs),
  };
}

/** Called once the new cluster exists, so that a kill before leaves nothing to be found lost. */
export async function recordLocation(dataDir: string, location: ClusterLocation): Promise<void> {
  if (location.parent === dataDir) return;
  const path = recordPath(dataDir);
  const text = JSON.stringify({ parent: location.parent, cluster: location.cluster }, null, 2);
  await writeFile(`${path}.partial`, `${text}\n`, { mode: 0o644, flush: true });
  await rename(`${path}.partial`, path);
}

/** After a first start that failed: an empty place elsewhere would only puzzle people. */
export async function discardLocation(dataDir: string, location: ClusterLocation): Promise<void> {
  if (location.parent !== dataDir) await rm(location.parent, { recursive: true, force: true });
}

async function resolveParent(dataDir: string, placement: PlacementDecision): Promise<string> {
  switch (placement.kind) {
    case "inside":
      return dataDir;
    case "recorded":
      return placement.parent;
    case "elsewhere": {
      const parent = join(SYSTEM_FOLDER, randomUUID());
      await mkdir(SYSTEM_FOLDER, { recursive: true, mode: 0o755 });
      await mkdir(parent, { mode: 0o711 });
      const text = `${JSON.stringify({ dataDir }, null, 2)}\n`;
      await writeFile(join(parent, "belongs-to.json"), text, { mode: 0o600 });
      return parent;
    }
    default:
      return placement satisfies never;
  }
}

type ClusterOwner = { readonly uid: number; readonly gid: number };

async function readClusterOwner(cluster: string): Promise<ClusterOwner | null> {
  try {
    const { uid, gid } = await stat(cluster);
    return { uid, gid };
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw new AppError("invalid_configuration", `The cluster ${cluster} cannot be looked at.`, {
      cause: error,
    });
  }
}

/** PostgreSQL starts a cluster only for its owner; root becomes that owner, others must be it. */
async function chooseOwner(existing: ClusterOwner | null): Promise<RunAs> {
  if (existing === null) return chooseRunAs();
  const uid = process.getuid?.();
  if (uid === undefined || uid === existing.uid) return null;
  if (uid === 0) return { name: await loadUserName(existing.uid), ...existing };
  throw new AppError(
    "invalid_configuration",
    `The database belongs to user number ${existing.uid}, and this process runs as ${uid}. ` +
      "Start Spillway as that user or as root, or choose another data folder.",
  );
}

async function readRecordedParent(dataDir: string): Promise<string | null> {
  const path = recordPath(dataDir);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw new AppError(
      "invalid_configuration",
      `The data folder ${dataDir} cannot be read by this user. Start Spillway as its owner or as ` +
        "root, or choose another folder.",
      { cause: error },
    );
  });
  if (text === null) return null;
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && "parent" in value) {
    if (typeof value.parent === "string") return value.parent;
  }
  throw new AppError("database_unavailable", `${path} names no folder for the database.`);
}

function recordPath(dataDir: string): string {
  return join(dataDir, "postgres-location.json");
}

function lostError(dataDir: string, parent: string): Error {
  return new AppError(
    "database_unavailable",
    `The database of ${dataDir} was in ${parent}, which is gone. Bring that folder back; or, to ` +
      `begin with an empty database, delete ${recordPath(dataDir)}.`,
  );
}

function describe(cluster: string, placement: PlacementDecision, runAs: RunAs): string {
  const user = runAs === null ? "" : `, run by user ${runAs.name}`;
  switch (placement.kind) {
    case "inside":
      return `database in ${cluster}${user}`;
    case "recorded":
      return `database in ${cluster}${user}, as recorded in the data folder`;
    case "elsewhere":
      return `database in ${cluster}${user}, because ${placement.reason}`;
    default:
      return placement satisfies never;
  }
}
