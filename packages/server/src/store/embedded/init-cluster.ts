import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmod, chown, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@spillway/core";
import type { Binaries } from "./binaries.ts";
import type { ClusterLocation } from "./cluster-location.ts";
import { systemErrorCode } from "./system-error.ts";
import { readLines, spawnPostgresProgram } from "./run-child.ts";
import type { RunAs } from "./run-as.ts";

/** The role and the database that Spillway works with. */
export const DATABASE_USER = "spillway";
export const DATABASE_NAME = "spillway";

/** The major version of the binaries, which a cluster on disk must have too. */
const CLUSTER_MAJOR = "18";

const DRAFT_PREFIX = "postgres.initialising-";

/**
 * Creates the cluster. It is made under another name and renamed when it is complete, so that a
 * kill at any moment leaves either nothing or a whole cluster. The caller holds the folder's lock.
 */
export async function initialiseCluster(
  location: ClusterLocation,
  binaries: Binaries,
  password: string,
): Promise<void> {
  await removeDrafts(location.parent);
  const id = randomUUID();
  const draft = join(location.parent, `${DRAFT_PREFIX}${id}`);
  const passwordFile = join(location.parent, `${DRAFT_PREFIX}${id}.password`);
  try {
    await mkdir(draft, { mode: 0o700 });
    await chmod(draft, 0o700);
    await giveTo(draft, location.runAs);
    await writePrivate(passwordFile, password);
    await giveTo(passwordFile, location.runAs);
    await runInitdb(binaries.initdb, draft, { passwordFile, runAs: location.runAs });
    await rename(draft, location.cluster);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

/** Reads the password of the data folder, and on the first start makes it. */
export async function loadPassword(dataDir: string): Promise<string> {
  const path = join(dataDir, "postgres-password");
  const existing = await readFile(path, "utf8").catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw error;
  });
  if (existing !== null && existing.trim() !== "") return existing.trim();
  const password = randomBytes(32).toString("base64url");
  await rm(`${path}.partial`, { force: true });
  await writePrivate(`${path}.partial`, password);
  await rename(`${path}.partial`, path);
  return password;
}

/** Refuses a cluster that these binaries cannot read, before PostgreSQL says it less clearly. */
export async function assertClusterVersion(cluster: string): Promise<void> {
  const found = (await readFile(join(cluster, "PG_VERSION"), "utf8").catch(() => "none")).trim();
  if (found === CLUSTER_MAJOR) return;
  throw new AppError(
    "database_incompatible",
    `The database in ${cluster} was made by PostgreSQL ${found}, and this Spillway brings ` +
      `${CLUSTER_MAJOR}. Move the data with pg_dump of the older version, or choose another folder.`,
  );
}

async function runInitdb(
  program: string,
  cluster: string,
  options: { readonly passwordFile: string; readonly runAs: RunAs },
): Promise<void> {
  const args = [
    `--pgdata=${cluster}`,
    `--username=${DATABASE_USER}`,
    `--pwfile=${options.passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-locale",
    "--no-instructions",
  ];
  const child = spawnPostgresProgram({ program, args, runAs: options.runAs });
  const lines: string[] = [];
  readLines(child, (line) => lines.push(line));
  const [exitCode] = await once(child, "close").catch((cause: unknown) => {
    throw new AppError("database_unavailable", `${program} cannot be run.`, { cause });
  });
  if (exitCode === 0) return;
  throw new AppError(
    "database_unavailable",
    `initdb ended with ${String(exitCode)}: ${lines.slice(-8).join(" | ")}`,
  );
}

/**
 * An initdb whose parent was killed works on for up to a second and puts files into the folder
 * that is being removed; hence the retries. What resists stays for the next attempt: its name is
 * random and in nobody's way.
 */
async function removeDrafts(parent: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 };
  for (const name of await readdir(parent)) {
    if (name.startsWith(DRAFT_PREFIX)) await rm(join(parent, name), options).catch(() => undefined);
  }
}

async function giveTo(path: string, runAs: RunAs): Promise<void> {
  if (runAs !== null) await chown(path, runAs.uid, runAs.gid);
}

async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
