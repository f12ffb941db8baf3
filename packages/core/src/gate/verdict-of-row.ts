import type { Bounds } from "../statistics/confidence-interval.ts";
import type { AssessedRow } from "./assessed-row.ts";
import type { GateConfidence } from "./criterion.ts";
import { GATE_METHOD } from "./gate-method.ts";
import { hasObservations, hoursNeeded, rowSentence } from "./row-sentence.ts";
import type { EvidenceState, Interval, Verdict, VerdictKind } from "./verdict.ts";

/** A judged row for people and for the record. */
export function verdictOfRow(
  row: AssessedRow,
  verdict: VerdictKind,
  confidence: GateConfidence,
): Verdict {
  const { harm, bounds, baselineMean, candidateMean } = row.estimate();
  return {
    criterionId: row.criterion.id,
    metric: row.criterion.metric,
    slice: row.slice,
    verdict,
    evidence: evidenceState(row),
    estimate: harm,
    interval: intervalOf(bounds, 1 - confidence.alpha),
    baselineMean,
    candidateMean,
    observations: row.observations,
    logHarm: row.logHarm,
    logBlock: row.logBlock(),
    logSafety: row.logSafety(),
    levels: row.levels,
    method: methodOf(row),
    sentence: rowSentence(row, verdict),
    moreObservations: verdict === "inconclusive" ? row.moreObservations() : null,
    hoursNeeded: verdict === "inconclusive" ? hoursNeeded(row) : null,
    newestAtMs: row.newestAtMs,
  };
}

/** An interval without ends is none; infinities would not survive being stored as JSON. */
function intervalOf(bounds: Bounds | null, level: number): Interval | null {
  if (bounds === null || !Number.isFinite(bounds.low) || !Number.isFinite(bounds.high)) return null;
  return { ...bounds, level };
}

function methodOf(row: AssessedRow): string {
  if (row.outcome.kind === "unsupported") return row.outcome.method;
  const name = row.outcome.kind === "tested" ? row.outcome.method : "zero-tolerance";
  return `${GATE_METHOD}:${name}`;
}

/** Whether there was anything to judge the row by. */
export function evidenceState(row: AssessedRow): EvidenceState {
  if (row.metric === undefined || row.isBaselineBeyond) return "error";
  return hasObservations(row) ? "measured" : "no_data";
}
