import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Who runs under a supervisor; pid 0 while one is between two lives. */
export type ProcessRecord = {
  readonly supervisor: { readonly pid: number };
  /** Port 0: not ours, see DATABASE_URL. */
  readonly postgres: { readonly pid: number; readonly port: number };
  /** `readyAtMs`: since when it listens, epoch milliseconds; null while it does not. */
  readonly control: { readonly pid: number; readonly readyAtMs: number | null };
  readonly gateway: { readonly pid: number; readonly readyAtMs: number | null };
};

export const PROCESS_FILE = "processes.json";

/**
 * `processes.json` in the data folder: for people who look for a pid, and for tests that kill. Replaced as
 * a whole, and synchronously, so that a reader sees every state whole and in order; it changes only
 * when a process begins or ends. The one of a killed supervisor is stale until the next start.
 */
export function createProcessFile(
  dataDir: string,
  read: () => ProcessRecord,
): { readonly save: () => void; readonly remove: () => void } {
  const path = join(dataDir, PROCESS_FILE);
  return {
    save: () => {
      writeFileSync(`${path}.new`, `${JSON.stringify(read())}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}
