import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LedgerHead } from "@spillway/core";
import type { Log, Wall } from "../ports.ts";
import type { Database } from "./database.ts";
import { loadLedgerHead, loadLedgerHash } from "./ledger-store.ts";

type Deps = {
  readonly database: Database;
  readonly dataDir: string;
  readonly wall: Wall;
  readonly log: Log;
};

export type LedgerHeadFile = {
  /** Keeps the newest head until the signal comes, and once more then. */
  readonly run: (signal: AbortSignal) => Promise<void>;
};

const INTERVAL_MS = 1_000;

/**
 * The newest head of the ledger, kept beside the database: a chain alone does not show that its end
 * was cut off. When the stored ledger does not contain what was kept, an error is logged at every
 * start and the file stays as it is, as the evidence, until a person takes it away.
 */
export async function openLedgerHeadFile(deps: Deps): Promise<LedgerHeadFile> {
  const path = join(deps.dataDir, "ledger-head");
  const kept = parseHead(await readFile(path, "utf8").catch(() => ""));
  if (kept !== null && (await loadLedgerHash(deps.database, kept.seq)) !== kept.hash) {
    deps.log.error(
      `The ledger does not contain entry ${kept.seq} as it was kept in ${path}: it was cut, rewritten, or is that of another database. When you know why, remove the file and start again.`,
      { seq: kept.seq, hash: kept.hash },
    );
    return { run: async () => {} };
  }
  let written = kept?.seq ?? 0;
  const save = async (): Promise<void> => {
    const head = await loadLedgerHead(deps.database);
    if (head === null || head.seq === written) return;
    await mkdir(deps.dataDir, { recursive: true });
    await writeFile(`${path}.new`, `${head.seq}:${head.hash}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
    written = head.seq;
  };
  // The database may be away for a while, and the next round makes up for it.
  const trySave = (): Promise<void> =>
    save().catch((error: unknown) =>
      deps.log.warn("The head of the ledger was not kept; it is tried again", { error }),
    );
  return {
    run: async (signal) => {
      while (!signal.aborted) {
        await trySave();
        await deps.wall.sleep(INTERVAL_MS, signal).catch(() => undefined);
      }
      await trySave();
    },
  };
}

function parseHead(text: string): LedgerHead | null {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})\s*$/.exec(text) ?? [];
  return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash };
}
