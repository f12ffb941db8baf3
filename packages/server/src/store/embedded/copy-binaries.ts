import { randomUUID } from "node:crypto";
import { chmod, copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "@spillway/core";
import { systemErrorCode } from "./system-error.ts";
import { hydrateSymlinks, type NativeFolder } from "./native-folder.ts";

/** No copy takes this long, so an older half copy was left by a process that was killed. */
const ABANDONED_AFTER_MS = 3_600_000;

/**
 * Copies under a temporary name and renames, so that a half copy never has the final name. Of two
 * processes that copy at once the second finds the name taken, drops its copy and uses the first.
 */
export async function copyNativeFolder(native: NativeFolder, parent: string): Promise<string> {
  const target = join(parent, `postgresql-${native.version}-${process.arch}`);
  await mkdir(parent, { recursive: true, mode: 0o755 });
  await assertOwnFolder(parent);
  if (await assertOwnFolder(target)) return target;
  await removeAbandoned(target);
  const draft = `${target}.partial-${randomUUID()}`;
  try {
    await mkdir(draft, { mode: 0o755 });
    for (const name of ["bin", "lib", "share"]) {
      await copyReadable(join(native.path, name), join(draft, name));
    }
    await copySymlinkList(native.path, draft);
    await hydrateSymlinks(draft);
    await chmod(draft, 0o755);
    await rename(draft, target);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

/** Readable by every user, whatever the umask; links are left to `hydrateSymlinks`. */
async function copyReadable(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await chmod(target, 0o755);
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) {
      await copyReadable(from, to);
    } else if (entry.isFile() && !entry.name.endsWith(".a")) {
      await copyFile(from, to);
      const isProgram = basename(source) === "bin" || /\.(so|dylib|dll)(\.|$)/.test(entry.name);
      await chmod(to, isProgram ? 0o755 : 0o644);
    }
  }
}

async function copySymlinkList(source: string, target: string): Promise<void> {
  const name = "pg-symlinks.json";
  await copyFile(join(source, name), join(target, name)).catch((error: unknown) => {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  });
}

async function removeAbandoned(target: string): Promise<void> {
  const prefix = `${basename(target)}.partial-`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const path = join(dirname(target), name);
    const status = await stat(path).catch(() => null);
    if (status === null || Date.now() - status.mtimeMs < ABANDONED_AFTER_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

/** False when the folder is missing. Programs that somebody else may replace are never run. */
async function assertOwnFolder(path: string): Promise<boolean> {
  const status = await stat(path).catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw error;
  });
  if (status === null) return false;
  const isOwn = process.getuid === undefined || status.uid === process.getuid();
  if (isOwn && status.isDirectory() && (status.mode & 0o022) === 0) return true;
  throw new AppError(
    "database_unavailable",
    `PostgreSQL's binaries cannot be kept in ${path}: it must be a folder that belongs to the ` +
      "user who starts Spillway and that nobody else may write to.",
  );
}
