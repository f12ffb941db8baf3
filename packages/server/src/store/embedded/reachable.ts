import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** The user and the one group that a child runs with; supplementary groups are always cleared. */
export type SystemUser = { readonly name: string; readonly uid: number; readonly gid: number };

export type PathStat = {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
};

export type Reachability =
  { readonly kind: "reachable" } | { readonly kind: "blocked"; readonly at: string };

/** Bits of one permission triple. */
const READ = 4;
const ENTER = 1;

/**
 * Decides whether the user can enter every folder of the chain (search permission, path
 * resolution in POSIX.1-2024, 4.16). As POSIX has it exactly one triple counts: an owner whose own
 * bits forbid it is not helped by the bits for others. Access control lists are not considered:
 * they can only make the answer too careful or be caught when the program starts.
 */
export function decideReachable(user: SystemUser, folders: readonly PathStat[]): Reachability {
  const blocked = folders.find((folder) => !isAllowed(user, folder, ENTER));
  return blocked === undefined ? { kind: "reachable" } : { kind: "blocked", at: blocked.path };
}

/** Decides whether the user may read (and for programs and folders also enter) every entry. */
export function decideReadable(user: SystemUser, entries: readonly PathStat[]): Reachability {
  const blocked = entries.find((entry) => {
    const isExecutable = (entry.mode & 0o111) !== 0;
    return !isAllowed(user, entry, isExecutable ? READ | ENTER : READ);
  });
  return blocked === undefined ? { kind: "reachable" } : { kind: "blocked", at: blocked.path };
}

function isAllowed(user: SystemUser, entry: PathStat, wanted: number): boolean {
  if (user.uid === 0) return true;
  const shift = user.uid === entry.uid ? 6 : user.gid === entry.gid ? 3 : 0;
  return ((entry.mode >> shift) & wanted) === wanted;
}

export async function statPath(path: string): Promise<PathStat> {
  const { uid, gid, mode } = await stat(path);
  return { path, uid, gid, mode };
}

/** The folder itself and everything above it, from the root down, with symbolic links resolved. */
export async function statAncestors(folder: string): Promise<readonly PathStat[]> {
  const chain: PathStat[] = [];
  let current = await realpath(folder);
  for (;;) {
    chain.unshift(await statPath(current));
    const parent = dirname(current);
    if (parent === current) return chain;
    current = parent;
  }
}
