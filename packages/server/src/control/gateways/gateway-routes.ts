import type { HandlersOf } from "../server/route-handlers.ts";
import { gatewayOf } from "./gateway-mapping.ts";

export const gatewayHandlers: HandlersOf<"listGateways"> = {
  listGateways: async (_input, { ports }) => {
    const [gateways, snapshotRevision] = await Promise.all([
      ports.gateways.list(),
      ports.snapshot.revision(),
    ]);
    const items = gateways.map((gateway) => gatewayOf(gateway, snapshotRevision));
    return { body: { items, snapshotRevision } };
  },
};
