import type { JudgedRow } from "./judge-row.ts";
import { isInvalidating } from "./integrity.ts";
import { textOfCount } from "./number-text.ts";
import { rowSentence } from "./row-sentence.ts";
import type { GateReport } from "./verdict.ts";

type JudgedGate = Pick<GateReport, "verdict" | "warnings"> & {
  /** What a rollback or a hold is because of. */
  readonly worst: JudgedRow | null;
  /** All rows. Only some sentences need them. */
  readonly judged: () => readonly JudgedRow[];
};

/** One sentence for the whole gate: what follows and because of what, or what is still missing. */
export function gateSentence(gate: JudgedGate): string {
  const { verdict, worst, warnings } = gate;
  const because = worst === null ? undefined : rowSentence(worst.row, worst.verdict);
  switch (verdict) {
    case "fail":
      return `Roll back: ${because ?? "harm is proven."}`;
    case "hold": {
      if (worst?.row.isReview === true) return `A person has to look: ${because}`;
      const mismatch = warnings.find(isInvalidating);
      return `Hold: ${because ?? mismatch?.sentence ?? "harm is possible."}`;
    }
    case "pass":
      return passSentence(gate.judged().length);
    case "inconclusive":
      return inconclusiveSentence(gate.judged());
    default: {
      const unreachable: never = verdict;
      return unreachable;
    }
  }
}

function passSentence(checks: number): string {
  return checks === 1
    ? "Safe to advance: the only check stays below its margin."
    : `Safe to advance: all ${textOfCount(checks)} checks stay below their margins.`;
}

function inconclusiveSentence(judged: readonly JudgedRow[]): string {
  const open = judged.filter(({ verdict }) => verdict === "inconclusive");
  const first = open.toSorted(byMissing)[0];
  if (first === undefined) return "Not yet decided: the gate has no criteria.";
  const passed = judged.length - open.length;
  return (
    `Not yet decided: ${textOfCount(passed)} of ${textOfCount(judged.length)} checks pass. ` +
    rowSentence(first.row, first.verdict)
  );
}

/** What cannot be told first, then what takes longest: that is what the rollout waits for. */
function byMissing({ row: left }: JudgedRow, { row: right }: JudgedRow): number {
  const most = Number.MAX_SAFE_INTEGER;
  return (right.moreObservations() ?? most) - (left.moreObservations() ?? most);
}
