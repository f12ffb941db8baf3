import { logBinOfValue, LOG_BIN_WIDTH } from "./bins.ts";
import type { Comparison } from "./criterion.ts";
import type { TestLevels } from "./harm-tests.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import type { TestPart } from "./test-part.ts";
import { contrastPart, rateRatioPart } from "./test-part.ts";

/** One test of a quantile's move, with the scale that its outcomes are counted on. */
export type QuantileTest = { readonly scale: OutcomeScale; readonly parts: readonly TestPart[] };

export type QuantileMovePlan = {
  readonly harm: QuantileTest;
  readonly block: QuantileTest;
  readonly safety: QuantileTest;
};

export type QuantileMoveInput = {
  readonly comparison: Extract<Comparison, { kind: "relative" | "difference" | "ratio" }>;
  readonly levels: TestLevels;
  readonly quantile: number;
  /** The baseline's quantile, frozen before the start, in the metric's unit, > 0. */
  readonly expected: number;
};

/**
 * Tests of a quantile that moves against the baseline, through counts of exceedances: with u the
 * baseline's quantile frozen beforehand and f the factor of a level, H0 "P(x_c > f·u) <= P(x_b > u)" is
 * "the candidate's tail at u is at most that of the baseline scaled by f". Both counts are concurrent,
 * so a common slow-down of the provider changes nothing; a wrong u tests a neighbouring quantile.
 *
 * u is put on the edge of a bin, so that binning does not blur it, and f·u on the edge that makes proof
 * harder: above for harm, below for safety. Howard and Ramdas (2022) give the quantile's sequences;
 * the reduction to event ratios is that of M1.
 */
export function planQuantileMove(input: QuantileMoveInput): QuantileMovePlan {
  const { levels } = input;
  const rollback = factorOf(input, levels.rollback);
  const hold = factorOf(input, levels.hold);
  const margin = factorOf(input, levels.margin);
  return {
    harm: quantileTest(input, { factor: 1, towards: rollback, direction: 1 }),
    block: quantileTest(input, { factor: hold, towards: rollback, direction: 1 }),
    safety: quantileTest(input, { factor: margin, towards: 1, direction: -1 }),
  };
}

// Tails of latencies fall off like x^-3 at the 95th percentile (lognormal with sigma 0.7: x^-2.9). Only
// aims the bets.
export const TAIL_EXPONENT = 3;

function quantileTest(
  { quantile, expected }: QuantileMoveInput,
  aim: { readonly factor: number; readonly towards: number; readonly direction: 1 | -1 },
): QuantileTest {
  const { factor, towards, direction } = aim;
  const baselineBin = logBinOfValue(expected);
  const steps = Math.log(factor) / LOG_BIN_WIDTH;
  // A hair's breadth of tolerance, so that a factor on an edge stays on it.
  const shift = direction === 1 ? Math.ceil(steps - 1e-9) : Math.floor(steps + 1e-9);
  const centre = 1 - quantile;
  const scale: OutcomeScale = {
    candidate: { kind: "events", firstEventBin: baselineBin + shift + 1 },
    baseline: { kind: "events", firstEventBin: baselineBin + 1 },
    origin: 0,
    span: 1,
    isBinary: true,
    centre,
    variance: centre * (1 - centre),
  };
  const designRatio = (towards / factor) ** TAIL_EXPONENT;
  const bet = contrastPart({
    contrast: { ratio: 1, offset: 0, direction },
    effect: centre * Math.abs(designRatio - 1),
    scale,
  });
  const ratio = rateRatioPart({ nullRatio: 1, designRatio, direction }, { scale, onPairs: bet });
  return {
    scale,
    parts: [
      { ...ratio, weight: 0.5 },
      { ...bet, weight: 0.5 },
    ],
  };
}

/** The factor of the baseline's quantile that a level of harm stands for. */
function factorOf({ comparison, expected }: QuantileMoveInput, level: number): number {
  switch (comparison.kind) {
    case "relative":
      return 1 + level;
    case "ratio":
      return level;
    case "difference":
      return (expected + level) / expected;
    default: {
      const unreachable: never = comparison;
      return unreachable;
    }
  }
}
