import { join } from "node:path";
import { copyNativeFolder } from "./copy-binaries.ts";
import { systemErrorCode } from "./system-error.ts";
import { findPackagedNative, hydrateSymlinks, type NativeFolder } from "./native-folder.ts";
import {
  decideReachable,
  decideReadable,
  statAncestors,
  statPath,
  type PathStat,
} from "./reachable.ts";
import type { RunAs } from "./run-as.ts";

export type Binaries = {
  readonly postgres: string;
  readonly initdb: string;
  /** Where they are and, if they had to be copied, why. */
  readonly words: string;
};

export type BinariesOptions = {
  readonly runAs: RunAs;
  /** Where a copy goes when the installed files cannot be used in place. */
  readonly copyParent: string;
};

/** Makes the binaries usable for the user who will run them, copying them once where needed. */
export async function prepareBinaries(options: BinariesOptions): Promise<Binaries> {
  const packaged = await findPackagedNative();
  const obstacle = await findObstacle(packaged, options.runAs);
  if (obstacle === null) return describe(packaged.path, `binaries in ${packaged.path}`);
  const copy = await copyNativeFolder(packaged, options.copyParent);
  return describe(copy, `binaries copied to ${copy}, because ${obstacle}`);
}

function describe(path: string, words: string): Binaries {
  const suffix = process.platform === "win32" ? ".exe" : "";
  return {
    postgres: join(path, "bin", `postgres${suffix}`),
    initdb: join(path, "bin", `initdb${suffix}`),
    words,
  };
}

/** Why the installed files cannot be used in place; null when they can. */
async function findObstacle(native: NativeFolder, runAs: RunAs): Promise<string | null> {
  try {
    await hydrateSymlinks(native.path);
  } catch (error) {
    // A read-only installation: the copy gets its links.
    return `links could not be created in ${native.path} (${systemErrorCode(error) ?? "error"})`;
  }
  const entries = await statSamples(native.path);
  if (entries.some((entry) => entry.path.includes("/bin/") && (entry.mode & 0o111) === 0)) {
    return "the installed programs are not marked executable";
  }
  if (runAs === null) return null;
  const chain = decideReachable(runAs, await statAncestors(native.path));
  if (chain.kind === "blocked") return `user ${runAs.name} cannot enter ${chain.at}`;
  const files = decideReadable(runAs, entries);
  return files.kind === "blocked" ? `user ${runAs.name} cannot read ${files.at}` : null;
}

/** npm gives all files of an archive the same umask, so one of each kind stands for the rest. */
async function statSamples(path: string): Promise<readonly PathStat[]> {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const names = [
    `bin/postgres${suffix}`,
    `bin/initdb${suffix}`,
    "lib",
    "share/postgresql",
    "share/postgresql/postgres.bki",
  ];
  const present = names.map(async (name) => statPath(join(path, name)).catch(() => null));
  return (await Promise.all(present)).filter((entry) => entry !== null);
}
