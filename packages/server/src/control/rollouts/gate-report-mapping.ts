import type * as Wire from "@spillway/contract";
import type { GateReport, Verdict } from "@spillway/core";
import type { Wire as ReadOnly } from "../server/route-handlers.ts";

export function gateReportOf(report: GateReport): ReadOnly<Wire.GateReport> {
  return {
    verdict: report.verdict,
    verdicts: report.verdicts.map(verdictOf),
    warnings: report.warnings.map(({ kind, stageIndex, sentence }) => ({
      kind,
      stageIndex,
      sentence,
    })),
    culprit: report.culprit === null ? null : verdictOf(report.culprit),
    logHarm: finite(report.logHarm),
    logBlock: finite(report.logBlock),
    sentence: report.sentence,
    method: report.method,
  };
}

function verdictOf(verdict: Verdict): ReadOnly<Wire.Verdict> {
  const { baseline, candidate, pairs } = verdict.observations;
  const { interval } = verdict;
  return {
    criterionId: verdict.criterionId,
    metric: verdict.metric,
    slice: verdict.slice,
    verdict: verdict.verdict,
    evidence: verdict.evidence,
    estimate: finiteOrNull(verdict.estimate),
    interval:
      interval === null
        ? null
        : { low: finite(interval.low), high: finite(interval.high), level: interval.level },
    baselineMean: finiteOrNull(verdict.baselineMean),
    candidateMean: finiteOrNull(verdict.candidateMean),
    observations: { baseline, candidate, pairs },
    logHarm: finite(verdict.logHarm),
    logBlock: finite(verdict.logBlock),
    logSafety: finite(verdict.logSafety),
    levels: {
      hold: finiteOrNull(verdict.levels.hold),
      rollback: finite(verdict.levels.rollback),
      margin: finite(verdict.levels.margin),
    },
    method: verdict.method,
    sentence: verdict.sentence,
    moreObservations: finiteOrNull(verdict.moreObservations),
    // Reports from before these were known lack them.
    hoursNeeded: finiteOrNull(verdict.hoursNeeded ?? null),
    newestAtMs: finiteOrNull(verdict.newestAtMs ?? null),
  };
}

/**
 * JSON has no infinities: it would write null where the contract promises a number. A logarithm this
 * large is beyond any threshold, and this small is no evidence; a null from storage was one of those.
 */
const UNBOUNDED = 1e9;

const finite = (found: number): number => {
  if (Number.isFinite(found)) return found;
  return found === Number.POSITIVE_INFINITY ? UNBOUNDED : -UNBOUNDED;
};

const finiteOrNull = (found: number | null): number | null =>
  found !== null && Number.isFinite(found) ? found : null;
