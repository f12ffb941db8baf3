import type { ComponentKind } from "@spillway/core";
import { COMPONENT_KINDS } from "@spillway/core";
import { changeBy, notFound } from "../server/acting.ts";
import { invalidRequest } from "../server/parse-request.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import { pageRequestOf } from "../server/paging.ts";
import { componentDraftOf, componentOf, componentSummaryOf } from "./component-mapping.ts";

export const componentHandlers: HandlersOf<"listComponents" | "createComponent" | "getComponent"> =
  {
    listComponents: async ({ query }, { ports }) => {
      const { kind, name } = query;
      const page = await ports.registry.listComponents({
        ...pageRequestOf(query),
        ...(kind === undefined ? {} : { kind: kindOf(kind) }),
        ...(name === undefined ? {} : { name }),
      });
      return { body: { items: page.items.map(componentSummaryOf), nextCursor: page.nextCursor } };
    },

    createComponent: async ({ body }, context) => {
      const draft = componentDraftOf(body);
      const { record } = await context.ports.registry.registerComponent(draft, changeBy(context));
      return { body: componentSummaryOf(record) };
    },

    getComponent: async ({ params }, { ports }) => {
      const record = await ports.registry.loadComponent(params.id);
      if (record === null) throw notFound("component version", params.id);
      return { body: componentOf(record) };
    },
  };

function kindOf(found: string): ComponentKind {
  const kind = COMPONENT_KINDS.find((known) => known === found);
  if (kind !== undefined) return kind;
  const message = `Found "${found}", wanted one of ${COMPONENT_KINDS.join(", ")}.`;
  throw invalidRequest([{ path: "query.kind", message }]);
}
