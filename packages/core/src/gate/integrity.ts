import { SAMPLE_RATIO_ALARM_ODDS, sampleRatioLogE } from "../statistics/sample-ratio.ts";
import type { StageExposure } from "./evidence.ts";
import { isRandomised } from "./observed-row.ts";
import { textOfCount, textOfPercent } from "./number-text.ts";
import type { IntegrityWarning } from "./verdict.ts";

/** Doubts about the experiment itself, ascending by stage. They can hold, never hide a harm. */
export function integrityWarnings(
  exposures: readonly StageExposure[],
  of: {
    /** The present stage. */
    readonly stageIndex: number;
    /** Whether what is counted is what is assigned; requests of assigned users are not. */
    readonly countsUnits: boolean;
  },
): readonly IntegrityWarning[] {
  return [
    ...(of.countsUnits ? sampleRatioWarnings(exposures) : []),
    ...noTrafficWarnings(exposures, of.stageIndex),
  ];
}

/**
 * Units split otherwise than planned mean that something decides who is counted, and that something
 * may depend on the release.
 *
 * Half of the level 1/1000 is for all stages together (they are independent, so e-values multiply),
 * and half for a single stage, since many sound stages outweigh one broken stage in a product. The
 * k-th stage gets the share 1/(k(k + 1)) of that half; these sum to 1 however many stages come.
 */
function sampleRatioWarnings(exposures: readonly StageExposure[]): readonly IntegrityWarning[] {
  const randomised = exposures
    .filter((exposure) => isRandomised(exposure.propensityBps / 10_000))
    .toSorted((left, right) => left.stageIndex - right.stageIndex);
  const alarm = Math.log(2 * SAMPLE_RATIO_ALARM_ODDS);
  let total = 0;
  let worst: { readonly exposure: StageExposure; readonly excess: number } | null = null;
  for (const [position, exposure] of randomised.entries()) {
    const { candidate, baseline, propensityBps } = exposure;
    const logE = sampleRatioLogE({ candidate, baseline, propensity: propensityBps / 10_000 });
    total += logE;
    const excess = logE - alarm - Math.log((position + 1) * (position + 2));
    if (worst === null || excess > worst.excess) worst = { exposure, excess };
  }
  if (worst === null || (total < alarm && worst.excess < 0)) return [];
  return [
    {
      kind: "sample_ratio_mismatch",
      stageIndex: worst.exposure.stageIndex,
      sentence: sampleRatioSentence(worst.exposure),
    },
  ];
}

function sampleRatioSentence(exposure: StageExposure): string {
  const { candidate, baseline, propensityBps, stageIndex } = exposure;
  const seen = textOfPercent(candidate / (candidate + baseline));
  const planned = textOfPercent(propensityBps / 10_000);
  return (
    `Stage ${stageIndex + 1} counted ${textOfCount(candidate)} candidate and ` +
    `${textOfCount(baseline)} baseline units: ${seen} instead of the planned ${planned}. ` +
    `Something decides who is counted, so comparisons cannot be trusted to advance.`
  );
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
