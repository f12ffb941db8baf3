import { logWeightedAverage } from "../statistics/log-sum-exp.ts";
import { rateRatioLogE } from "../statistics/rate-ratio.ts";
import { SAMPLE_RATIO_ALARM_ODDS } from "../statistics/sample-ratio.ts";
import type { StageExposure } from "./evidence.ts";
import { textOfCount, textOfPercent } from "./number-text.ts";
import { isRandomised } from "./observed-row.ts";
import type { IntegrityWarning } from "./verdict.ts";

/** Under which reason a stage counts a request that its caller left, by the arm that was answering. */
export const CANCELLED = {
  baseline: "cancelled_baseline",
  candidate: "cancelled_candidate",
} as const;

/** Half as many again is what the test is best at; the grid covers 1.1 to 100 times. */
const DESIGN_RATIO = 1.5;

/**
 * Requests that the caller left are no evidence, and were assigned before. If callers leave one arm more
 * often, what remains of the arms are different requests: a candidate whose slowest answers nobody waits
 * for looks fast. M1 on the counts, an e-process for either direction and their average for both
 * (rate-ratio.ts), exact where each request is assigned by itself.
 */
export function cancellationWarnings(
  exposures: readonly StageExposure[],
): readonly IntegrityWarning[] {
  const stages = exposures.flatMap((of) => {
    const propensity = of.propensityBps / 10_000;
    if (!isRandomised(propensity)) return [];
    return [
      {
        ...of,
        propensity,
        candidateEvents: left(of, "candidate"),
        baselineEvents: left(of, "baseline"),
      },
    ];
  });
  const logOf = (direction: 1 | -1): number =>
    rateRatioLogE(stages, { nullRatio: 1, designRatio: DESIGN_RATIO ** direction, direction });
  const logE = logWeightedAverage([
    { weight: 0.5, logValue: logOf(1) },
    { weight: 0.5, logValue: logOf(-1) },
  ]);
  if (logE < Math.log(SAMPLE_RATIO_ALARM_ODDS)) return [];
  const stageIndex = Math.max(...stages.map((stage) => stage.stageIndex));
  return [{ kind: "cancellation_imbalance", stageIndex, sentence: sentenceOf(stages) }];
}

function left({ excluded }: StageExposure, arm: keyof typeof CANCELLED): number {
  return excluded[CANCELLED[arm]] ?? 0;
}

function sentenceOf(stages: readonly StageExposure[]): string {
  const textOf = (arm: keyof typeof CANCELLED): string => {
    const gone = stages.reduce((sum, of) => sum + left(of, arm), 0);
    const all = stages.reduce((sum, of) => sum + of[arm], gone);
    const rate = textOfPercent(gone / Math.max(1, all));
    return `${textOfCount(gone)} of ${textOfCount(all)} requests of the ${arm} (${rate})`;
  };
  return (
    `Callers left ${textOf("candidate")} and ${textOf("baseline")} before the answer was complete. ` +
    `These are not judged, so what is judged of the two arms is not alike, and cannot be trusted to advance.`
  );
}
