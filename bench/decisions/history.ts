/** One arm of a watched history: running totals per minute, at index = minutes since the start. */
export class ArmHistory {
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  /** Of the outcome that a point rule looks at; the same as `sum` for most metrics. */
  readonly naive: Float64Array;

  constructor(minutes: number) {
    this.count = new Float64Array(minutes + 1);
    this.sum = new Float64Array(minutes + 1);
    this.squares = new Float64Array(minutes + 1);
    this.naive = new Float64Array(minutes + 1);
  }

  /** Starts a minute with the totals of the one before. */
  open(minute: number): void {
    for (const series of [this.count, this.sum, this.squares, this.naive]) {
      series[minute] = series[minute - 1] as number;
    }
  }

  add(minute: number, { count, sum, squares, naive }: ArmSums): void {
    this.count[minute] = (this.count[minute] as number) + count;
    this.sum[minute] = (this.sum[minute] as number) + sum;
    this.squares[minute] = (this.squares[minute] as number) + squares;
    this.naive[minute] = (this.naive[minute] as number) + naive;
  }
}

/** Sums over some observations. */
export type ArmSums = { count: number; sum: number; squares: number; naive: number };

/** What a comparator sees of an observation. */
export type Outcome = { readonly value: number; readonly naive: number };

/** All that a rule may know: both arms, minute by minute, up to now. */
export type History = {
  readonly baseline: ArmHistory;
  readonly candidate: ArmHistory;
  minute: number;
};

/** Mean and variance of one observation of an arm, up to now. */
export type Moments = { readonly count: number; readonly mean: number; readonly variance: number };

/**
 * Moments of an arm now. Rates are shifted by half an event of one more request, since a variance of 0
 * from a run without events would be certainty about nothing.
 */
export function momentsOf(arm: ArmHistory, minute: number, isBinary: boolean): Moments {
  const count = arm.count[minute] as number;
  const sum = arm.sum[minute] as number;
  if (count < 2) return { count, mean: 0, variance: 1 };
  const mean = sum / count;
  if (isBinary) {
    const smoothed = (sum + 0.5) / (count + 1);
    return { count, mean, variance: smoothed * (1 - smoothed) };
  }
  const squares = arm.squares[minute] as number;
  return { count, mean, variance: Math.max(0, squares - sum * mean) / (count - 1) };
}
