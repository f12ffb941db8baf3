/**
 * A linear contrast of two means of outcomes in [0, 1], and the side of it that is bet on.
 *
 * `direction` +1 tests H0: mean_c - ratio * mean_b <= offset, -1 tests H0: ... >= offset. Harm,
 * safety, differences and relative margins are all such contrasts (see gate/harm-tests.ts).
 */
export type Contrast = {
  readonly ratio: number;
  readonly offset: number;
  readonly direction: 1 | -1;
};

/** What a grid of bets is aimed at. A wrong guess costs power and never validity. */
export type BetDesign = {
  /** Distance of the contrast from the null that should be found fastest, on the [0, 1] scale. */
  readonly effect: number;
  /** Guess of the variance of one outcome, on the [0, 1] scale. */
  readonly variance: number;
};

/** Outcomes in [0, 1] of one arm, as distinct values and counts; two arrays of one length. */
export type ValueCounts = {
  readonly values: readonly number[];
  readonly counts: readonly number[];
};

/** An effect so small that the design bet would vanish is treated as this. */
export const SMALLEST_EFFECT = 1e-6;
