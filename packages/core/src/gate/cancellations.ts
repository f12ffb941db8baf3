import { logWeightedAverage } from "../statistics/log-sum-exp.ts";
import { rateRatioLogE } from "../statistics/rate-ratio.ts";
import { SAMPLE_RATIO_ALARM_ODDS } from "../statistics/sample-ratio.ts";
import { unitSampleRatioLogE } from "../statistics/unit-sample-ratio.ts";
import { LEAST_BUCKETS } from "./cluster-test.ts";
import type { RolloutEvidence, StageExposure } from "./evidence.ts";
import { ALL_TRAFFIC } from "./evidence.ts";
import { textOfCount, textOfPercent } from "./number-text.ts";
import type { ObservedRow } from "./observed-row.ts";
import { isRandomised, observeRow } from "./observed-row.ts";
import { sumUnits } from "./unit-bins.ts";
import { unitsByGroup } from "./unit-split.ts";
import type { IntegrityWarning } from "./verdict.ts";

/** Under which reason a stage counts a request that its caller left, by the arm that was answering. */
export const CANCELLED = {
  baseline: "cancelled_baseline",
  candidate: "cancelled_candidate",
} as const;

/**
 * Under which name evidence keeps the same requests by group of units, where units come more than once. No
 * metric can be called so.
 */
export const LEFT_BY_UNITS = "requests:left";

/** What callers left by group of units; null where nothing is known by group. */
export function leftByUnits({ metrics }: RolloutEvidence): ObservedRow | null {
  const entry = metrics.find(
    ({ metric, slice }) => metric === LEFT_BY_UNITS && slice === ALL_TRAFFIC,
  );
  return entry === undefined ? null : observeRow(entry.strata);
}

/** Half as many again is what the test is best at; the grid covers 1.1 to 100 times. */
const DESIGN_RATIO = 1.5;

/**
 * Requests that the caller left are no evidence, and were assigned before. If callers leave one arm more
 * often, what remains of the arms are different requests: a candidate whose slowest answers nobody waits
 * for looks fast. Both directions count. Where it is the baseline that is left more, the baseline's answers
 * that people did not wait for are missing; without slow ones it looks better than it is, but people also
 * leave once they have read enough, and without those answers it looks worse, and the candidate safe.
 *
 * Where each request is assigned by itself: M1 on the counts, an e-process for either direction and their
 * average for both (rate-ratio.ts), exact. Where units come more than once: whether what was left is split
 * as planned, between groups of units (unit-sample-ratio.ts), from 30 groups on that left something, of
 * either arm, since a candidate that nobody leaves fills none. Evidence without groups is not judged there.
 *
 * Shadow copies need no test. No client waits for one, and it is made of complete answers only: where the
 * caller left there is no pair, for neither release.
 */
export function cancellationWarnings(
  exposures: readonly StageExposure[],
  units: {
    readonly left: ObservedRow | null;
    /** Whether the rows are of units that come more than once. */
    readonly comeAgain: boolean;
  },
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
  const logE = units.left === null ? requestsLogE(stages, units.comeAgain) : unitsLogE(units.left);
  if (stages.length === 0 || logE < Math.log(SAMPLE_RATIO_ALARM_ODDS)) return [];
  const stageIndex = Math.max(...stages.map((stage) => stage.stageIndex));
  return [{ kind: "cancellation_imbalance", stageIndex, sentence: sentenceOf(stages) }];
}

type LiveStage = StageExposure & {
  readonly propensity: number;
  readonly candidateEvents: number;
  readonly baselineEvents: number;
};

function requestsLogE(stages: readonly LiveStage[], comeAgain: boolean): number {
  // Requests of one user are left together: their number proves nothing.
  if (comeAgain) return 0;
  const logOf = (direction: 1 | -1): number =>
    rateRatioLogE(stages, { nullRatio: 1, designRatio: DESIGN_RATIO ** direction, direction });
  return logWeightedAverage([
    { weight: 0.5, logValue: logOf(1) },
    { weight: 0.5, logValue: logOf(-1) },
  ]);
}

function unitsLogE({ strata }: ObservedRow): number {
  const live = strata.filter(({ propensity }) => isRandomised(propensity));
  const { filledGroups } = sumUnits(
    live.flatMap(({ candidateUnits, baselineUnits }) => [candidateUnits, baselineUnits]),
  );
  return filledGroups < LEAST_BUCKETS ? 0 : unitSampleRatioLogE(live.map(unitsByGroup));
}

function left({ excluded }: StageExposure, arm: keyof typeof CANCELLED): number {
  return excluded[CANCELLED[arm]] ?? 0;
}

function sentenceOf(stages: readonly StageExposure[]): string {
  const [candidate, baseline] = [shareLeft(stages, "candidate"), shareLeft(stages, "baseline")];
  const isLeftMore = candidate.rate >= baseline.rate;
  return (
    `Callers left ${candidate.text} and ${baseline.text} before the answer was complete. These are not ` +
    `judged, so what is judged of the two arms is not alike, and cannot be trusted to advance: ` +
    (isLeftMore
      ? `the candidate's answers that nobody waited for are missing, and it may look better than it is.`
      : `the baseline's answers that nobody waited for are missing, which can make it look better or ` +
        `worse than it is. That the candidate is left less often is no fault of it, and a person may ` +
        `promote it knowing that.`)
  );
}

function shareLeft(stages: readonly StageExposure[], arm: keyof typeof CANCELLED) {
  const gone = stages.reduce((sum, of) => sum + left(of, arm), 0);
  const all = stages.reduce((sum, of) => sum + of[arm], gone);
  const rate = gone / Math.max(1, all);
  const counts = `${textOfCount(gone)} of ${textOfCount(all)}`;
  return { rate, text: `${counts} requests of the ${arm} (${textOfPercent(rate)})` };
}
