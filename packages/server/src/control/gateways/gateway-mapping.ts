import type * as Wire from "@spillway/contract";
import type { GatewayReport } from "../control-ports.ts";

export function gatewayReportOf(body: Wire.GatewayReport): GatewayReport {
  const { id, startedAtMs, snapshotRevision, spoolBytes, spooledExchanges, droppedExchanges } =
    body;
  return {
    id,
    startedAtMs,
    snapshotRevision,
    spoolBytes,
    spooledExchanges,
    droppedExchanges,
    shadowDrops: body.shadowDrops,
  };
}

export function gatewayOf(
  report: GatewayReport & { readonly lastSeenAtMs: number },
  snapshotRevision: number,
): Wire.Gateway {
  return {
    id: report.id,
    startedAtMs: report.startedAtMs,
    snapshotRevision: report.snapshotRevision,
    spoolBytes: report.spoolBytes,
    spooledExchanges: report.spooledExchanges,
    droppedExchanges: report.droppedExchanges,
    shadowDrops: report.shadowDrops.map(({ rolloutId, reason, count }) => ({
      rolloutId,
      reason,
      count,
    })),
    lastSeenAtMs: report.lastSeenAtMs,
    isCurrent: report.snapshotRevision >= snapshotRevision,
  };
}
