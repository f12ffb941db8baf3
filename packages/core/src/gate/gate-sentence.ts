import { isInvalidating } from "./integrity.ts";
import { textOfCount } from "./number-text.ts";
import type { GateReport, Verdict } from "./verdict.ts";

type Judged = Pick<GateReport, "verdict" | "warnings" | "culprit"> & {
  /** Only some sentences need them, and they are much to compute. */
  readonly verdicts: () => readonly Verdict[];
};

/** One sentence for the whole gate: what follows and because of what, or what is still missing. */
export function gateSentence(judged: Judged): string {
  const { verdict, culprit, warnings } = judged;
  switch (verdict) {
    case "fail":
      return `Roll back: ${culprit?.sentence ?? "harm is proven."}`;
    case "hold": {
      const mismatch = warnings.find(isInvalidating);
      return `Hold: ${culprit?.sentence ?? mismatch?.sentence ?? "harm is possible."}`;
    }
    case "pass":
      return `Safe to advance: all ${textOfCount(judged.verdicts().length)} checks stay below their margins.`;
    case "inconclusive":
      return inconclusiveSentence(judged);
    default: {
      const unreachable: never = verdict;
      return unreachable;
    }
  }
}

function inconclusiveSentence({ verdicts: compute }: Judged): string {
  const verdicts = compute();
  const open = verdicts.filter((verdict) => verdict.verdict === "inconclusive");
  const first = open.toSorted(byMissing)[0];
  if (first === undefined) return "Not yet decided: the gate has no criteria.";
  const passed = verdicts.length - open.length;
  return (
    `Not yet decided: ${textOfCount(passed)} of ${textOfCount(verdicts.length)} checks pass. ` +
    first.sentence
  );
}

/** What cannot be told first, then what takes longest: that is what the rollout waits for. */
function byMissing(left: Verdict, right: Verdict): number {
  const most = Number.MAX_SAFE_INTEGER;
  return (right.moreObservations ?? most) - (left.moreObservations ?? most);
}
