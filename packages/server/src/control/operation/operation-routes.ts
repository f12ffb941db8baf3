import { keyOf } from "../server/acting.ts";
import type { HandlersOf } from "../server/route-handlers.ts";

export const operationHandlers: HandlersOf<"health" | "whoAmI"> = {
  health: async (_input, { ports, clock, version }) => {
    const database = await ports.health.database();
    return {
      body: {
        status: database === "ok" ? "ok" : "degraded",
        database,
        version,
        clock: { nowMs: clock.nowMs(), speed: clock.speed },
      },
    };
  },

  whoAmI: async (_input, context) => {
    const { name, role } = keyOf(context);
    return { body: { name, role } };
  },
};
