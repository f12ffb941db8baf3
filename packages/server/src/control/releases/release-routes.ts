import { diffReleases } from "@spillway/core";
import type { ControlPorts } from "../control-ports.ts";
import { changeBy, notFound } from "../server/acting.ts";
import { pageRequestOf } from "../server/paging.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import { componentChangeOf, releaseDraftOf, releaseOf } from "./release-mapping.ts";

export const releaseHandlers: HandlersOf<
  "listReleases" | "createRelease" | "getRelease" | "diffReleases"
> = {
  listReleases: async ({ query }, { ports }) => {
    const { feature } = query;
    const page = await ports.registry.listReleases({
      ...pageRequestOf(query),
      ...(feature === undefined ? {} : { feature }),
    });
    return { body: { items: page.items.map(releaseOf), nextCursor: page.nextCursor } };
  },

  createRelease: async ({ body }, context) => {
    const draft = releaseDraftOf(body);
    const { record } = await context.ports.registry.registerRelease(draft, changeBy(context));
    return { body: releaseOf(record) };
  },

  getRelease: async ({ params }, { ports }) => {
    const record = await ports.registry.loadRelease(params.id);
    if (record === null) throw notFound("release", params.id);
    return { body: releaseOf(record) };
  },

  diffReleases: async ({ params, query }, { ports }) => {
    const before = await partsOf(ports, query.from);
    const after = await partsOf(ports, params.id);
    const changes = diffReleases(before, after).map(componentChangeOf);
    return { body: { before: query.from, after: params.id, changes } };
  },
};

async function partsOf(ports: ControlPorts, id: string) {
  const parts = await ports.registry.loadReleaseComponents(id);
  if (parts === null) throw notFound("release", id);
  return parts;
}
