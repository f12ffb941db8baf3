import { changeBy } from "../server/acting.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import { bundleOf } from "./apply-mapping.ts";

export const applyHandlers: HandlersOf<"apply"> = {
  apply: async ({ body }, context) => {
    const applied = await context.ports.registry.applyBundle(bundleOf(body), changeBy(context));
    const changes = applied.changes.map(({ resource, name, change, id }) => ({
      resource,
      name,
      change,
      id,
    }));
    return { body: { changes, snapshotRevision: applied.snapshotRevision } };
  },
};
