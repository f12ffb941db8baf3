import { join } from "node:path";
import { createLog } from "./telemetry/log.ts";
import { startEmbeddedPostgres } from "./store/embedded/start-embedded-postgres.ts";

/** A database that is thrown away with its folder: durability would only cost time. */
export async function createTemporaryDatabase(
  folder: string,
  onProgress: (words: string) => void,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, "data"),
    log: createLog({ level: "error" }),
    durability: "none",
    onProgress,
  });
  return { url: server.url, close: server.stop };
}
