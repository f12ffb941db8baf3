import type { Json, Snapshot } from "@spillway/core";
import { AppError } from "@spillway/core";
import type { ControlPorts } from "../control-ports.ts";
import type { HandlersOf } from "../server/route-handlers.ts";

export const snapshotHandlers: HandlersOf<"getSnapshot"> = {
  getSnapshot: async (_input, { ports }) => {
    const { content } = await currentSnapshot(ports);
    return { body: withoutHashes(content) };
  },
};

export async function currentSnapshot(ports: Pick<ControlPorts, "snapshot">) {
  const current = await ports.snapshot.current();
  if (current !== null) return current;
  throw new AppError("snapshot_missing", "No snapshot is published yet; register a feature first.");
}

/** A hash of a key is enough to be let in by a gateway that is given it, so nobody reads one here. */
function withoutHashes(content: Snapshot): Json {
  const keys = content.keys.map(({ id, features, expiresAtMs }) => ({ id, features, expiresAtMs }));
  return { ...content, keys };
}
