import type * as Wire from "@spillway/contract";
import { isJsonObject } from "@spillway/core";
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
    ...revisionOf(record),
  };
}

/** What a person revised, from the record; nothing for all other decisions. */
function revisionOf({ inputs, outcome }: DecisionRecord): Pick<Wire.DecisionSummary, "revision"> {
  const revision = isJsonObject(outcome) ? outcome["revision"] : undefined;
  if (!isJsonObject(revision) || typeof revision["number"] !== "number") return {};
  const event = isJsonObject(inputs) ? inputs["event"] : undefined;
  const note = isJsonObject(event) ? event["note"] : undefined;
  const changes = Array.isArray(revision["changes"]) ? revision["changes"] : [];
  return {
    revision: {
      number: revision["number"],
      changes: changes.filter((each) => typeof each === "string"),
      note: typeof note === "string" ? note.trim() : "",
    },
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
