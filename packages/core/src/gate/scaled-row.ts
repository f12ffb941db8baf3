import type { PairCounts } from "../statistics/paired-bet.ts";
import type { DecodedCell } from "./decoded-cell.ts";
import type { ObservedRow, ObservedStratum } from "./observed-row.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import { outcomeOfBin } from "./outcome-scale.ts";

/** One stratum as the tests see it: arms by bin, whose outcomes their tables know, and pairs of outcomes. */
export type ScaledStratum = {
  /** Probability of the candidate, 0..1. */
  readonly propensity: number;
  /** Planned propensities are few, so what a test knows about one is kept; observed ones are not. */
  readonly isPlanned: boolean;
  readonly candidate: DecodedCell;
  readonly baseline: DecodedCell;
  /** Outcomes in [0, 1]; null without pairs. */
  readonly pairs: PairCounts | null;
};

/** A row as the tests see it, scaled once for all of them. */
export type ScaledRow = {
  readonly scale: OutcomeScale;
  readonly strata: readonly ScaledStratum[];
  /** With the observed split in place of the planned one; null when it is as planned. */
  readonly observedSplit: readonly ScaledStratum[] | null;
};

/** Puts the outcomes of a row on the scale of a metric. */
export function scaleRow(row: ObservedRow, scale: OutcomeScale): ScaledRow {
  const strata = row.strata.map((stratum) => scaleStratum(stratum, scale));
  const observedSplit =
    row.observedSplit?.map(({ propensity }, index) => ({
      ...(strata[index] as ScaledStratum),
      propensity,
      isPlanned: false,
    })) ?? null;
  return { scale, strata, observedSplit };
}

/** The row with the baseline in the candidate's place, for a question about the baseline alone. */
export function baselineAsCandidate(row: ScaledRow): ScaledRow {
  const strata = row.strata.map((stratum) => ({
    ...stratum,
    candidate: stratum.baseline,
    pairs: stratum.pairs === null ? null : { ...stratum.pairs, candidate: stratum.pairs.baseline },
  }));
  return { ...row, strata, observedSplit: null };
}

function scaleStratum(stratum: ObservedStratum, scale: OutcomeScale): ScaledStratum {
  return {
    propensity: stratum.propensity,
    isPlanned: true,
    candidate: stratum.candidate,
    baseline: stratum.baseline,
    pairs: stratum.pairs.length === 0 ? null : scalePairs(stratum.pairs, scale),
  };
}

function scalePairs(pairs: ObservedStratum["pairs"], scale: OutcomeScale): PairCounts {
  return {
    baseline: pairs.map(({ baselineBin }) => outcomeOfBin(scale.baseline, baselineBin)),
    candidate: pairs.map(({ candidateBin }) => outcomeOfBin(scale.candidate, candidateBin)),
    counts: pairs.map(({ count }) => count),
  };
}
