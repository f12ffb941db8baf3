import type { Bounds } from "../statistics/confidence-interval.ts";
import type { AssessedRow } from "./assess-row.ts";
import type { GateConfidence } from "./criterion.ts";
import { GATE_METHOD } from "./gate-method.ts";
import { lazy } from "./lazy.ts";
import { hasObservations, rowSentence } from "./row-sentence.ts";
import type { EvidenceState, Interval, Verdict, VerdictKind } from "./verdict.ts";

/**
 * A judged row for people and for the record. What is computed only for them (estimate, interval,
 * sentence, what is missing) is computed when it is read, which storing or comparing it does.
 */
export function verdictOfRow(
  row: AssessedRow,
  verdict: VerdictKind,
  confidence: GateConfidence,
): Verdict {
  const sentence = lazy(() => rowSentence(row, verdict));
  return {
    criterionId: row.criterion.id,
    metric: row.criterion.metric,
    slice: row.slice,
    verdict,
    evidence: evidenceState(row),
    get estimate() {
      return row.estimate().harm;
    },
    get interval() {
      return intervalOf(row.estimate().bounds, 1 - confidence.alpha);
    },
    get baselineMean() {
      return row.estimate().baselineMean;
    },
    get candidateMean() {
      return row.estimate().candidateMean;
    },
    observations: row.observations,
    logHarm: row.logHarm,
    logBlock: row.logBlock,
    logSafety: row.logSafety,
    levels: row.levels,
    method: methodOf(row),
    get sentence() {
      return sentence();
    },
    get moreObservations() {
      return verdict === "inconclusive" ? row.moreObservations() : null;
    },
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

function evidenceState(row: AssessedRow): EvidenceState {
  if (row.metric === undefined) return "error";
  return hasObservations(row) ? "measured" : "no_data";
}
