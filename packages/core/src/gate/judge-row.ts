import type { AssessedRow } from "./assessed-row.ts";
import { isByLimitAlone } from "./assessed-row.ts";
import type { GateConfidence } from "./criterion.ts";
import { hasObservations } from "./row-sentence.ts";
import type { VerdictKind } from "./verdict.ts";

/** A row with its verdict. */
export type JudgedRow = {
  readonly row: AssessedRow;
  readonly verdict: VerdictKind;
  readonly severity: number;
};

/** Judges a row; whether it has failed is known of all rows together. */
export function judgedRow(
  row: AssessedRow,
  hasFailed: boolean,
  confidence: GateConfidence,
): JudgedRow {
  const verdict = judgeRow(row, hasFailed, confidence);
  return { row, verdict, severity: SEVERITY[verdict] };
}

/** Worst first; of what is as bad, that which only asks for a person last. */
export function compareJudged(left: JudgedRow, right: JudgedRow): number {
  return (
    left.severity - right.severity ||
    Number(left.row.isReview) - Number(right.row.isReview) ||
    right.row.logHarm - left.row.logHarm ||
    compareText(left.row.criterion.id, right.row.criterion.id) ||
    compareText(left.row.slice, right.row.slice)
  );
}

/** What speaks against a row, whatever its test for safety says. A row under review never fails. */
export function objectionTo(
  row: AssessedRow,
  hasFailed: boolean,
  confidence: GateConfidence,
): "fail" | "hold" | null {
  if (hasFailed) return "fail";
  if (row.isBaselineBeyond) return "hold";
  if (!isJudgeable(row)) return null;
  const isLimit = row.criterion.comparison.kind === "limit";
  const isHarmSeen = row.logHarm >= Math.log(confidence.amberOdds) && showsHarm(row);
  if (isHarmSeen && !isByLimitAlone(row)) return "hold";
  // Beyond an absolute level, though not shown to be the candidate's doing: stop, and let people look.
  const isBeyondLimit = isLimit && row.logBlock() >= Math.log(1 / confidence.alphaBlock);
  return isBeyondLimit || row.isSplitBroken ? "hold" : null;
}

/** Whether a row by itself may let the stage be left. */
export function isProvenSafe(row: AssessedRow, confidence: GateConfidence): boolean {
  return isJudgeable(row) && row.logSafety() >= Math.log(1 / confidence.alphaPromote);
}

function judgeRow(row: AssessedRow, hasFailed: boolean, confidence: GateConfidence): VerdictKind {
  const objection = objectionTo(row, hasFailed, confidence);
  if (objection !== null) return objection;
  return isProvenSafe(row, confidence) ? "pass" : "inconclusive";
}

const isJudgeable = (row: AssessedRow): boolean =>
  row.outcome.kind !== "unsupported" && hasObservations(row);

/**
 * Whether the arms as observed differ to the harmful side at all. Between two equal arms a chance imbalance
 * of their sizes can lift the odds to amber for a while; that is no reason to stop people.
 */
function showsHarm(row: AssessedRow): boolean {
  const { harm } = row.estimate();
  if (harm === null) return true;
  const { comparison } = row.criterion;
  switch (comparison.kind) {
    case "relative":
    case "difference":
      return harm > 0;
    case "ratio":
      return harm > 1;
    case "limit":
    case "zero_tolerance":
      return true;
    default: {
      const unreachable: never = comparison;
      return unreachable;
    }
  }
}

const SEVERITY: Readonly<Record<VerdictKind, number>> = {
  fail: 0,
  hold: 1,
  inconclusive: 2,
  pass: 3,
};

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
