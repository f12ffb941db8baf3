import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AppError } from "@spillway/core";

import type { SystemUser } from "./reachable.ts";

const run = promisify(execFile);

/** `null`: run as the user of this process, who is not root. */
export type RunAs = SystemUser | null;

/** What is known of the users of this machine; null where there is no such user. */
export type KnownUsers = {
  readonly postgres: SystemUser | null;
  readonly spillway: SystemUser | null;
  readonly nobody: SystemUser | null;
};

export type RunAsDecision =
  | { readonly kind: "use"; readonly user: SystemUser }
  | { readonly kind: "create" }
  | { readonly kind: "none" };

/**
 * PostgreSQL refuses to run as root, so root must choose another user. `canCreate` is false once
 * creating the user `spillway` has been tried.
 */
export function decideRunAs(known: KnownUsers, canCreate: boolean): RunAsDecision {
  const own = known.postgres ?? known.spillway;
  if (own !== null) return { kind: "use", user: own };
  if (canCreate) return { kind: "create" };
  return known.nobody === null ? { kind: "none" } : { kind: "use", user: known.nobody };
}

/** Chooses the user for a new cluster. An existing cluster runs as the user who owns it. */
export async function chooseRunAs(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return null;
  let decision = decideRunAs(await lookUpKnownUsers(), true);
  if (decision.kind === "create") {
    await createSpillwayUser();
    decision = decideRunAs(await lookUpKnownUsers(), false);
  }
  if (decision.kind === "use") return decision.user;
  throw new AppError(
    "database_unavailable",
    "PostgreSQL cannot run as root, and this machine has none of the users postgres, spillway, " +
      "nobody. Create one (useradd --system spillway), or run Spillway as an ordinary user.",
  );
}

/** For people only; a user who was removed still has a number. */
export async function loadUserName(uid: number): Promise<string> {
  return run("id", ["-nu", String(uid)]).then(
    ({ stdout }) => stdout.trim(),
    () => `number ${uid}`,
  );
}

async function lookUpKnownUsers(): Promise<KnownUsers> {
  return {
    postgres: await lookUpUser("postgres"),
    spillway: await lookUpUser("spillway"),
    nobody: await lookUpUser("nobody"),
  };
}

async function lookUpUser(name: string): Promise<SystemUser | null> {
  const uid = await readId(["-u", name]);
  const gid = await readId(["-g", name]);
  // A user with number 0 is root under another name, whom PostgreSQL refuses as well.
  return uid === null || gid === null || uid === 0 ? null : { name, uid, gid };
}

async function readId(args: readonly string[]): Promise<number | null> {
  try {
    const { stdout } = await run("id", [...args]);
    const id = Number.parseInt(stdout.trim(), 10);
    return Number.isSafeInteger(id) ? id : null;
  } catch {
    // `id` exits with 1 for an unknown user.
    return null;
  }
}

/** Tried in turn: shadow-utils (most Linux), Debian's adduser, busybox's adduser. */
const CREATE_COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ["useradd", ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "spillway"]],
  ["adduser", ["--system", "--no-create-home", "--group", "spillway"]],
  ["adduser", ["-S", "-D", "-H", "spillway"]],
];

async function createSpillwayUser(): Promise<void> {
  for (const [command, args] of CREATE_COMMANDS) {
    const isCreated = await run(command, [...args]).then(
      () => true,
      // Missing command or read-only /etc: the next one is tried, and `nobody` after the last.
      () => false,
    );
    if (isCreated) return;
  }
}
