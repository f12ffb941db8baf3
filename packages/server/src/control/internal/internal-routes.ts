import type { Exchange, Feedback, JsonObject } from "@spillway/core";
import { parseExchange } from "../exchanges/parse-exchange.ts";
import { parseFeedback } from "../exchanges/parse-feedback.ts";
import { gatewayReportOf } from "../gateways/gateway-mapping.ts";
import type { HandlersOf } from "../server/route-handlers.ts";
import type { SnapshotName } from "../control-ports.ts";
import { currentSnapshot } from "../snapshot/snapshot-routes.ts";

export const internalHandlers: HandlersOf<
  "pullSnapshot" | "deliverExchanges" | "deliverFeedback" | "reportGateway"
> = {
  pullSnapshot: async (_input, { ports, header }) => {
    const known = header("if-none-match");
    if (known !== undefined) {
      const newest = await ports.snapshot.newest();
      if (newest !== null && known === etagOf(newest)) {
        return { notModified: true, headers: { etag: known } };
      }
    }
    const { content } = await currentSnapshot(ports);
    return { body: content as unknown as JsonObject, headers: { etag: etagOf(content) } };
  },

  deliverExchanges: async ({ body }, { ports }) => {
    const exchanges: Exchange[] = [];
    const rejected: { readonly id: string; readonly message: string }[] = [];
    for (const found of body.exchanges) {
      const parsed = parseExchange(found);
      if (parsed.kind === "exchange") exchanges.push(parsed.exchange);
      else rejected.push({ id: parsed.id, message: parsed.message });
    }
    const { gatewayId } = body;
    const receipt = await ports.exchanges.ingest({ gatewayId, exchanges });
    return {
      body: {
        accepted: receipt.accepted,
        duplicates: receipt.duplicates,
        rejected: [...rejected, ...receipt.rejected],
      },
    };
  },

  deliverFeedback: async ({ body }, { ports }) => {
    const feedback: Feedback[] = [];
    const rejected: { readonly id: string; readonly message: string }[] = [];
    for (const found of body.feedback) {
      const parsed = parseFeedback(found);
      if (parsed.kind === "feedback") feedback.push(parsed.feedback);
      else rejected.push({ id: parsed.id, message: parsed.message });
    }
    const receipt = await ports.feedback.ingest(feedback);
    const { accepted, duplicates } = receipt;
    return { body: { accepted, duplicates, rejected: [...rejected, ...receipt.rejected] } };
  },

  reportGateway: async ({ body }, { ports }) => {
    await ports.gateways.report(gatewayReportOf(body));
    return { body: { snapshotRevision: await ports.snapshot.revision() } };
  },
};

const etagOf = ({ revision, createdAtMs }: SnapshotName): string => `"${revision}-${createdAtMs}"`;
