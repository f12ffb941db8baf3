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

/** What is known of all rows together, or of a row only among them. */
export type Together = {
  readonly confidence: GateConfidence;
  /** The odds of harm over all criteria and slices are those from which the ramp is frozen. */
  readonly isAmber: boolean;
  /** Whether a rollback is because of this row. */
  readonly hasFailed: boolean;
};

export function judgedRow(row: AssessedRow, together: Together): JudgedRow {
  const verdict = judgeRow(row, together);
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

/**
 * What speaks against a row, whatever its test for safety says. A row under review never fails.
 *
 * Suspicion freezes the ramp when the average over all rows says so, and then of the rows that are suspicious
 * themselves: of two hundred harmless rows some one has odds of 3 : 1 nearly always, and of their average at most
 * one in three ever. A row under review is in no average, and asks a person by itself.
 */
export function objectionTo(
  row: AssessedRow,
  { hasFailed, isAmber, confidence }: Together,
): "fail" | "hold" | null {
  if (hasFailed) return "fail";
  if (row.isBaselineBeyond) return "hold";
  if (!isJudgeable(row)) return null;
  const isLimit = row.criterion.comparison.kind === "limit";
  const isSuspect = (isAmber || row.isReview) && row.logHarm >= Math.log(confidence.amberOdds);
  const isHarmSeen = isSuspect && showsHarm(row);
  if (isHarmSeen && !isByLimitAlone(row)) return "hold";
  // Beyond an absolute level, though not shown to be the candidate's doing: stop, and let people look.
  const isBeyondLimit = isLimit && row.logBlock() >= Math.log(1 / confidence.alphaBlock);
  return isBeyondLimit || row.isSplitBroken ? "hold" : null;
}

/** Whether a row by itself may let the stage be left. */
export function isProvenSafe(row: AssessedRow, confidence: GateConfidence): boolean {
  return isJudgeable(row) && row.logSafety() >= Math.log(1 / confidence.alphaPromote);
}

function judgeRow(row: AssessedRow, together: Together): VerdictKind {
  const objection = objectionTo(row, together);
  if (objection !== null) return objection;
  return isProvenSafe(row, together.confidence) ? "pass" : "inconclusive";
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
