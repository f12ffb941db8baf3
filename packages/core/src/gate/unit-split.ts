import { SAMPLE_RATIO_ALARM_ODDS } from "../statistics/sample-ratio.ts";
import type { UnitSplit } from "../statistics/unit-sample-ratio.ts";
import { unitSampleRatioLogE } from "../statistics/unit-sample-ratio.ts";
import { LEAST_BUCKETS } from "./cluster-test.ts";
import type { ObservedRow, ObservedStratum } from "./observed-row.ts";
import { isRandomised } from "./observed-row.ts";

/** How one stage was split, with the evidence against "as planned". */
export type StageSplit = {
  readonly stageIndex: number;
  /** Planned probability of the candidate, 0..1. */
  readonly propensity: number;
  readonly candidate: number;
  readonly baseline: number;
  readonly logE: number;
};

/** A split with the evidence against it over all stages together. */
export type Split = { readonly stages: readonly StageSplit[]; readonly logE: number };

/**
 * How the observations of a row whose units come more than once are split: tested between the 64 groups of
 * units that are stored, for no number of distinct units is. Stages in which an arm has fewer than 30 groups
 * are left out; there the row's own tests are not decidable either, so nothing can advance on them.
 */
export function splitOfUnits({ strata }: ObservedRow): Split {
  const known = splits.get(strata);
  if (known !== undefined) return known;
  const split = computeSplit(strata);
  splits.set(strata, split);
  return split;
}

/** By the identity of what was decoded once; see {@link observeRow}. */
const splits = new WeakMap<readonly ObservedStratum[], Split>();

function computeSplit(strata: readonly ObservedStratum[]): Split {
  const decidable = strata.filter(
    (stratum) => isRandomised(stratum.propensity) && hasEnoughUnits(stratum),
  );
  const stages = decidable.map((stratum) => ({
    stageIndex: stratum.stageIndex,
    propensity: stratum.propensity,
    candidate: stratum.candidate.total,
    baseline: stratum.baseline.total,
    logE: unitSampleRatioLogE([unitsByGroup(stratum)]),
  }));
  return { stages, logE: unitSampleRatioLogE(decidable.map(unitsByGroup)) };
}

/** Whether some stage of a row is split otherwise than planned, e.g. labels come for one arm only. */
export function isSplitBroken({ stages }: Split): boolean {
  return stages.some(({ logE }) => logE >= Math.log(SAMPLE_RATIO_ALARM_ODDS));
}

/** How many observations a split is known of. */
export function sizeOfSplit({ stages }: Split): number {
  return stages.reduce((sum, { candidate, baseline }) => sum + candidate + baseline, 0);
}

function hasEnoughUnits(stratum: ObservedStratum): boolean {
  return (
    stratum.candidateUnits.filledGroups >= LEAST_BUCKETS &&
    stratum.baselineUnits.filledGroups >= LEAST_BUCKETS
  );
}

/** How often the units of each group were observed on either side of a stage. */
export function unitsByGroup({
  candidateUnits,
  baselineUnits,
  propensity,
}: ObservedStratum): UnitSplit {
  return { candidate: candidateUnits.counts, baseline: baselineUnits.counts, propensity };
}
