import { SAMPLE_RATIO_ALARM_ODDS, sampleRatioLogE } from "../statistics/sample-ratio.ts";
import { cancellationWarnings } from "./cancellations.ts";
import type { StageExposure } from "./evidence.ts";
import type { ObservedRow } from "./observed-row.ts";
import { isRandomised } from "./observed-row.ts";
import { textOfCount, textOfPercent } from "./number-text.ts";
import type { Split, StageSplit } from "./unit-split.ts";
import { sizeOfSplit } from "./unit-split.ts";
import type { IntegrityWarning } from "./verdict.ts";

/** Doubts about the experiment itself, ascending by stage. They can hold, never hide a harm. */
export function integrityWarnings(
  exposures: readonly StageExposure[],
  of: {
    /** The present stage. */
    readonly stageIndex: number;
    /**
     * How the rows are split whose units come more than once; empty where what is counted is what is
     * assigned. Then the exposures count units.
     */
    readonly unitSplits: readonly Split[];
    /** What callers left by group of units; null where nothing is known by group. */
    readonly left: ObservedRow | null;
  },
): readonly IntegrityWarning[] {
  // All rows are of the same assignment: the one that knows most of it, and no correction for their number.
  const largest = of.unitSplits.toSorted((one, other) => sizeOfSplit(other) - sizeOfSplit(one))[0];
  const split = largest ?? splitOfExposures(exposures);
  return [
    ...sampleRatioWarnings(split, largest === undefined ? "units" : "requests of sticky units"),
    ...cancellationWarnings(exposures, { left: of.left, comeAgain: largest !== undefined }),
    ...noTrafficWarnings(exposures, of.stageIndex),
  ];
}

/** Stages are independent where each unit comes once, so their e-values multiply. */
function splitOfExposures(exposures: readonly StageExposure[]): Split {
  const stages = exposures.flatMap(({ stageIndex, propensityBps, candidate, baseline }) => {
    const propensity = propensityBps / 10_000;
    if (!isRandomised(propensity)) return [];
    const logE = sampleRatioLogE({ candidate, baseline, propensity });
    return [{ stageIndex, propensity, candidate, baseline, logE }];
  });
  return { stages, logE: stages.reduce((sum, { logE }) => sum + logE, 0) };
}

/**
 * Units split otherwise than planned mean that something decides who is counted, and that something
 * may depend on the release. A baseline that is no longer answered beside the candidate shows here, too: what
 * is missing of it is counted, where the age of its newest answer would call every quiet night an alarm.
 *
 * Half of the level 1/1000 is for all stages together, and half for a single stage, since many sound
 * stages outweigh one broken stage. The k-th stage gets the share 1/(k(k + 1)) of that half; these sum to
 * 1 however many stages come.
 */
function sampleRatioWarnings(split: Split, counted: string): readonly IntegrityWarning[] {
  const alarm = Math.log(2 * SAMPLE_RATIO_ALARM_ODDS);
  let worst: { readonly stage: StageSplit; readonly excess: number } | null = null;
  const ascending = split.stages.toSorted((left, right) => left.stageIndex - right.stageIndex);
  for (const [position, stage] of ascending.entries()) {
    const excess = stage.logE - alarm - Math.log((position + 1) * (position + 2));
    if (worst === null || excess > worst.excess) worst = { stage, excess };
  }
  if (worst === null || (split.logE < alarm && worst.excess < 0)) return [];
  return [
    {
      kind: "sample_ratio_mismatch",
      stageIndex: worst.stage.stageIndex,
      sentence: sampleRatioSentence(worst.stage, counted),
    },
  ];
}

function sampleRatioSentence(stage: StageSplit, counted: string): string {
  const { candidate, baseline, propensity, stageIndex } = stage;
  const seen = textOfPercent(candidate / (candidate + baseline));
  const planned = textOfPercent(propensity);
  return (
    `Stage ${stageIndex + 1} counted ${textOfCount(candidate)} candidate and ` +
    `${textOfCount(baseline)} baseline ${counted}: ${seen} instead of the planned ${planned}. ` +
    `Something decides who is counted, so comparisons cannot be trusted to advance.`
  );
}

/** Whether a warning says that the arms cannot be compared to advance. */
export function isInvalidating({ kind }: IntegrityWarning): boolean {
  return kind !== "no_traffic";
}

function noTrafficWarnings(
  exposures: readonly StageExposure[],
  currentStageIndex: number,
): readonly IntegrityWarning[] {
  const current = exposures.filter((exposure) => exposure.stageIndex === currentStageIndex);
  const hasTraffic = current.some(
    (exposure) => exposure.baseline + exposure.candidate + exposure.pairs > 0,
  );
  if (hasTraffic) return [];
  return [
    {
      kind: "no_traffic",
      stageIndex: currentStageIndex,
      sentence: `Stage ${currentStageIndex + 1} has counted no request yet.`,
    },
  ];
}
