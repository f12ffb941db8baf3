import { changeBy, notFound } from "../server/acting.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import { keyViewOf } from "./key-mapping.ts";

export const keyHandlers: HandlersOf<"listKeys" | "createKey" | "revokeKey"> = {
  listKeys: async (_input, { ports }) => ({
    body: { items: (await ports.keys.list()).map(keyViewOf) },
  }),

  createKey: async ({ body }, context) => {
    const { name, scope, role, features, expiresAtMs } = body;
    const draft = { name, scope, role, features, expiresAtMs };
    const { key, secret } = await context.ports.keys.create(draft, changeBy(context));
    return { body: { ...keyViewOf(key), secret } };
  },

  revokeKey: async ({ params }, context) => {
    const key = await context.ports.keys.revoke(params.id, changeBy(context));
    if (key === null) throw notFound("key", params.id);
    return { body: keyViewOf(key) };
  },
};
