import type * as Wire from "@spillway/contract";
import type { DecisionRecord } from "../control-ports.ts";
import { gateReportOf } from "../rollouts/gate-report-mapping.ts";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

export function decisionSummaryOf(record: DecisionRecord): Wire.DecisionSummary {
  return {
    id: record.id,
    rolloutId: record.rolloutId,
    feature: record.feature,
    version: record.version,
    decision: record.decision,
    fromState: record.fromState,
    toState: record.toState,
    stage: record.stage,
    reason: record.reason,
    by: record.actor,
    atMs: record.atMs,
    snapshotRevision: record.snapshotRevision,
    method: record.method,
  };
}

export function decisionOf(record: DecisionRecord): ReadOnly<Wire.Decision> {
  return {
    ...decisionSummaryOf(record),
    inputs: record.inputs,
    outcome: record.outcome,
    report: record.report === null ? null : gateReportOf(record.report),
  };
}
