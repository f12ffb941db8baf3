import { createHash, randomUUID } from "node:crypto";
import { link, open, readFile, rm, stat } from "node:fs/promises";
import { systemErrorCode } from "../embedded/system-error.ts";
import { parseLockRecord, type LockRecord } from "./lock-record.ts";

export type LockFileReading =
  | { readonly kind: "absent" }
  | { readonly kind: "present"; readonly record: LockRecord; readonly silentForMs: number };

/**
 * Puts the record at the path if nothing is there; false when something is. The content is
 * complete before the name appears, so nobody ever reads half a record.
 */
export async function createLockFile(path: string, record: LockRecord): Promise<boolean> {
  const draft = `${path}.draft-${randomUUID()}`;
  const text = JSON.stringify(record) + "\n";
  try {
    await writeSynced(draft, text);
    await link(draft, path);
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EEXIST") return false;
    // Some file systems have no hard links; there the name appears just before the content.
    if (code === "EPERM" || code === "ENOTSUP" || code === "ENOSYS") {
      return createWithoutLink(path, text);
    }
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

export async function readLockFile(path: string, nowMs: number): Promise<LockFileReading> {
  try {
    const [text, status] = [await readFile(path, "utf8"), await stat(path)];
    const record = parseLockRecord(text) ?? unreadableRecord(`${path} ${status.ino} ${text}`);
    return { kind: "present", record, silentForMs: Math.max(0, nowMs - status.mtimeMs) };
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return { kind: "absent" };
    throw error;
  }
}

/** A torn file has a holder nobody can look up: it counts as held until it has been silent. */
function unreadableRecord(seed: string): LockRecord {
  const digest = createHash("sha256").update(seed).digest("hex");
  const id = [8, 12, 16, 20, 32]
    .map((end, index, ends) => digest.slice(index === 0 ? 0 : ends[index - 1], end))
    .join("-");
  return { id, sinceMs: 0, holder: { pid: 0, place: "unreadable", boot: "", started: "" } };
}

async function createWithoutLink(path: string, text: string): Promise<boolean> {
  try {
    await writeSynced(path, text);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
