import type { ProcessIdentity } from "./process-identity.ts";

/** What a lock file says about its holder. `id` is random, so that no two locks are the same. */
export type LockRecord = {
  readonly id: string;
  readonly holder: ProcessIdentity;
  readonly sinceMs: number;
};

/** What is known of a lock's holder at the moment of judging. */
export type LockSighting = {
  readonly record: LockRecord;
  readonly here: { readonly place: string; readonly boot: string };
  /** The start of the process that has the holder's pid now; null when there is none. */
  readonly startedNow: string | null;
  /** Age of the last sign of life that the holder left on the file. */
  readonly silentForMs: number;
};

export type LockJudgement =
  | { readonly kind: "held" }
  | { readonly kind: "stale"; readonly reason: "rebooted" | "dead" | "pid-reused" | "silent" };

/** A holder gives a sign of life this often. */
export const HEARTBEAT_MS = 5_000;

/** Six missed signs of life. Only used where the holder's pid cannot be looked up. */
const SILENT_AFTER_MS = 30_000;

/**
 * Decides whether a lock still has a holder. On the same host and in the same pid namespace the
 * process itself is the proof; a holder elsewhere (another container on the same volume) is only
 * known by its signs of life.
 */
export function judgeLock(sighting: LockSighting): LockJudgement {
  const { record, here, startedNow, silentForMs } = sighting;
  const holder = record.holder;
  if (holder.place !== here.place) {
    return silentForMs > SILENT_AFTER_MS ? { kind: "stale", reason: "silent" } : { kind: "held" };
  }
  if (holder.boot !== here.boot) return { kind: "stale", reason: "rebooted" };
  if (startedNow === null) return { kind: "stale", reason: "dead" };
  const bothKnown = startedNow !== "" && holder.started !== "";
  if (bothKnown && startedNow !== holder.started) return { kind: "stale", reason: "pid-reused" };
  return { kind: "held" };
}

export function parseLockRecord(text: string): LockRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || !isRecord(value["holder"])) return null;
  const { id, sinceMs, holder } = value;
  const { pid, place, boot, started } = holder;
  const isValid =
    typeof id === "string" &&
    /^[0-9a-f-]{36}$/.test(id) &&
    typeof sinceMs === "number" &&
    typeof pid === "number" &&
    typeof place === "string" &&
    typeof boot === "string" &&
    typeof started === "string";
  return isValid ? { id, sinceMs, holder: { pid, place, boot, started } } : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
