import { mixGrid } from "../statistics/bet-grid.ts";
import type { BetDesign, Contrast, ValueCounts } from "../statistics/contrast.ts";
import { logWeightedAverage } from "../statistics/log-sum-exp.ts";
import { meanLogs, rateLogs } from "../statistics/one-sample.ts";
import type { PairCounts } from "../statistics/paired-bet.ts";
import { pairedBetLogs } from "../statistics/paired-bet.ts";
import { randomisedBetStageLogs } from "../statistics/randomised-bet.ts";
import type { RateRatioDesign } from "../statistics/rate-ratio.ts";
import { rateRatioStageLogs } from "../statistics/rate-ratio.ts";
import type { ObservedRow, ObservedStratum } from "./observed-row.ts";
import { isRandomised } from "./observed-row.ts";
import type { OutcomeScale } from "./outcome-scale.ts";

/** One stratum with its outcomes on the [0, 1] scale of the tests. */
export type ScaledStratum = {
  /** Probability of the candidate, 0..1. */
  readonly propensity: number;
  readonly candidate: ValueCounts;
  readonly baseline: ValueCounts;
  readonly pairs: PairCounts;
};

/** A row as the tests see it, scaled once for all of them. */
export type ScaledRow = {
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
    })) ?? null;
  return { strata, observedSplit };
}

/**
 * One e-process over a row's strata: nine log-wealths per stratum, from its arms or from its pairs.
 * Wealths multiply over strata per grid point, and the grid is mixed at the end.
 */
export type TestPart = {
  /** Its share of the test's average; the shares of a test sum to 1. */
  readonly weight: number;
  readonly armLogs: (stratum: ScaledStratum) => readonly number[];
  readonly pairLogs: (stratum: ScaledStratum) => readonly number[];
  /** Whether the arms of a stratum with this propensity can answer the question. */
  readonly usesArms: (propensity: number) => boolean;
};

/**
 * What the live reading of a test weighs against the paired one. Fixed, because a weight that depends
 * on which evidence has turned up is chosen after the fact: a test that counts only pairs until the
 * first arm observation, and the average from then on, exceeds its level (its expectation can reach
 * 5/4). Missing evidence counts as e-value 1. Live weighs more since most rollouts have no pairs at
 * that time, and it then costs ln(1/0.95) = 0.05; where pairs exist they are the sharper evidence
 * by far and can afford ln(1/0.05) = 3.0.
 */
export const LIVE_WEIGHT = 0.95;

/**
 * ln E of a test on a row: the average over its parts of the average of two readings,
 *
 * - live: the arms of strata whose arms can answer, the pairs of all other strata (shadow stages);
 * - paired: the pairs of every stratum.
 *
 * Within a reading every observation is used once, so its strata multiply. Between the readings the
 * same request may be seen twice (an arm observation whose shadow makes it a pair as well), so they
 * are averaged, which is valid under any dependence. When the observations are not split as planned,
 * the smaller of the values under the planned and the observed split counts.
 */
export function testLogE(row: ScaledRow, parts: readonly TestPart[]): number {
  const asPlanned = averageLogE(row.strata, parts);
  if (row.observedSplit === null) return asPlanned;
  return Math.min(asPlanned, averageLogE(row.observedSplit, parts));
}

function averageLogE(strata: readonly ScaledStratum[], parts: readonly TestPart[]): number {
  const terms: { weight: number; logValue: number }[] = [];
  for (const part of parts) {
    const { live, paired } = readings(strata, part);
    if (live === paired) {
      terms.push({ weight: part.weight, logValue: mixGrid(live) });
      continue;
    }
    terms.push({ weight: part.weight * LIVE_WEIGHT, logValue: mixGrid(live) });
    terms.push({ weight: part.weight * (1 - LIVE_WEIGHT), logValue: mixGrid(paired) });
  }
  return logWeightedAverage(terms);
}

/** Grid log-wealths of both readings; the same array when no stratum's arms can answer. */
function readings(
  strata: readonly ScaledStratum[],
  part: TestPart,
): { readonly live: readonly number[]; readonly paired: readonly number[] } {
  let live: readonly number[] = NO_WEALTH;
  let paired: readonly number[] = NO_WEALTH;
  for (const stratum of strata) {
    const pairLogs = stratum.pairs.counts.length > 0 ? part.pairLogs(stratum) : NO_WEALTH;
    const isSplit = part.usesArms(stratum.propensity);
    const sameSoFar = live === paired;
    const nextPaired = add(paired, pairLogs);
    live = isSplit
      ? add(live, part.armLogs(stratum))
      : sameSoFar
        ? nextPaired
        : add(live, pairLogs);
    paired = nextPaired;
  }
  return { live, paired };
}

const NO_WEALTH: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0];

function add(left: readonly number[], right: readonly number[]): readonly number[] {
  return left.map((value, index) => value + (right[index] as number));
}

export type ContrastPartInput = {
  readonly contrast: Contrast;
  /** Designed distance from the null on the [0, 1] scale. */
  readonly effect: number;
  readonly scale: OutcomeScale;
};

/** M3 on arms and the paired bet on pairs, about one contrast. */
export function contrastPart({ contrast, effect, scale }: ContrastPartInput): TestPart {
  const armDesign = { contrast, effect, variance: scale.variance, centre: scale.centre };
  // Answers to one input resemble each other: correlation one half, so Var(x_c - R x_b) is about
  // σ²(1 + R² - R). The grid covers guesses wrong by a factor of four and more.
  const { ratio } = contrast;
  const pairVariance = scale.variance * (1 + ratio * ratio - ratio);
  const pairDesign = { contrast, effect, variance: pairVariance };
  return {
    weight: 1,
    usesArms: isRandomised,
    armLogs: (stratum) => randomisedBetStageLogs(stratum, armDesign),
    pairLogs: (stratum) => pairedBetLogs(stratum.pairs, pairDesign),
  };
}

/** M1 on the arms' events; pairs are left to the bet that it is averaged with. */
export function rateRatioPart(design: RateRatioDesign, onPairs: TestPart): TestPart {
  return {
    weight: 1,
    usesArms: isRandomised,
    armLogs: (stratum) =>
      rateRatioStageLogs(
        {
          propensity: stratum.propensity,
          candidateEvents: sumOutcomes(stratum.candidate),
          baselineEvents: sumOutcomes(stratum.baseline),
        },
        design,
      ),
    pairLogs: onPairs.pairLogs,
  };
}

export type CandidatePartInput = Pick<BetDesign, "effect"> & {
  /** The candidate's mean outcome at the edge of the null, 0..1. */
  readonly nullMean: number;
  readonly direction: 1 | -1;
  readonly scale: OutcomeScale;
};

/** One-sample test of the candidate's own level: M4 for events, a one-armed bet for other means. */
export function candidateContrastPart(input: CandidatePartInput): TestPart {
  return {
    weight: 1,
    // No control is needed, so full traffic counts as well.
    usesArms: (propensity) => propensity > 0,
    armLogs: (stratum) => candidateLogs(stratum.candidate, input),
    pairLogs: (stratum) =>
      candidateLogs({ values: stratum.pairs.candidate, counts: stratum.pairs.counts }, input),
  };
}

function candidateLogs(seen: ValueCounts, input: CandidatePartInput): readonly number[] {
  const { nullMean, direction, effect, scale } = input;
  if (scale.isBinary && nullMean > 0 && nullMean < 0.5) {
    const observations = seen.counts.reduce((sum, count) => sum + count, 0);
    const events = sumOutcomes(seen);
    return rateLogs({ events, observations }, { nullRate: nullMean, direction });
  }
  return meanLogs(seen, { nullMean, direction, effect, variance: scale.variance });
}

function scaleStratum(stratum: ObservedStratum, scale: OutcomeScale): ScaledStratum {
  const { candidate, baseline, pairs } = stratum;
  return {
    propensity: stratum.propensity,
    candidate: {
      values: candidate.map(({ bin }) => scale.candidateOutcome(bin)),
      counts: candidate.map(({ count }) => count),
    },
    baseline: {
      values: baseline.map(({ bin }) => scale.baselineOutcome(bin)),
      counts: baseline.map(({ count }) => count),
    },
    pairs: {
      baseline: pairs.map(({ baselineBin }) => scale.baselineOutcome(baselineBin)),
      candidate: pairs.map(({ candidateBin }) => scale.candidateOutcome(candidateBin)),
      counts: pairs.map(({ count }) => count),
    },
  };
}

function sumOutcomes({ values, counts }: ValueCounts): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) {
    sum += (values[index] as number) * (counts[index] as number);
  }
  return sum;
}
