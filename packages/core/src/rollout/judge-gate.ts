import { assessGate } from "../gate/assess-gate.ts";
import type { GateConfidence } from "../gate/criterion.ts";
import type { GateInput, GateReport, Verdict, VerdictKind } from "../gate/verdict.ts";
import type { Rollout } from "./rollout.ts";
import { currentStage } from "./rollout.ts";
import { reviewedCriteria } from "./strategy.ts";

/**
 * The gate's report on a rollout. Criteria under review are judged apart: whatever they show asks for a
 * person, in the stages that say so, and never takes a rollout back. Which ones they are is the same in
 * every stage, so the weights of the others' average never change with where a rollout is.
 */
export function judgeGate(rollout: Rollout, input: GateInput): GateReport {
  const reviewed = reviewedCriteria(rollout.strategy);
  const decisive = input.criteria.filter(({ id }) => !reviewed.has(id));
  const report = assessGate({ ...input, criteria: decisive });
  const asked = new Set(currentStage(rollout)?.review ?? []);
  const criteria = input.criteria.filter(({ id }) => asked.has(id));
  if (criteria.length === 0) return report;
  const limits = new Set(criteria.flatMap((of) => (of.comparison.kind === "limit" ? of.id : [])));
  const rows = assessGate({ ...input, criteria }).verdicts.map((row) =>
    limits.has(row.criterionId) ? againstLimit(row, input.confidence) : askedFor(row),
  );
  return merged(report, rows);
}

const askedFor = (row: Verdict): Verdict =>
  row.verdict === "fail" ? { ...row, verdict: "hold" } : row;

/**
 * To take back by a limit, the candidate must be worse than the baseline as well: an outage is nobody's
 * fault. A person is asked by the limit alone, which is all that can be said of how two answers
 * differ: the baseline never differs from itself.
 */
function againstLimit(row: Verdict, confidence: GateConfidence): Verdict {
  if (row.evidence !== "measured") return askedFor(row);
  const isBeyond = row.logBlock >= Math.log(1 / confidence.alphaBlock);
  const isWithin = row.logSafety >= Math.log(1 / confidence.alphaPromote);
  return { ...row, verdict: isBeyond ? "hold" : isWithin ? "pass" : "inconclusive" };
}

const SEVERITY: Readonly<Record<VerdictKind, number>> = {
  fail: 0,
  hold: 1,
  inconclusive: 2,
  pass: 3,
};

function merged(report: GateReport, asked: readonly Verdict[]): GateReport {
  const verdicts = [...report.verdicts, ...asked].toSorted(
    (left, right) => SEVERITY[left.verdict] - SEVERITY[right.verdict],
  );
  const asks = asked.find((row) => row.verdict === "hold");
  const worst = verdicts[0]?.verdict ?? "inconclusive";
  const isReview = report.verdict !== "fail" && report.verdict !== "hold" && asks !== undefined;
  return {
    ...report,
    verdict: SEVERITY[report.verdict] < SEVERITY[worst] ? report.verdict : worst,
    verdicts,
    open: verdicts.filter((row) => row.verdict !== "pass"),
    culprit: report.culprit ?? asks ?? null,
    sentence: isReview ? `A person has to look: ${asks.sentence}` : report.sentence,
  };
}
