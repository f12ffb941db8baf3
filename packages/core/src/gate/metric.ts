/**
 * The metrics a gate can judge, and how a raw number becomes a bin of evidence.
 *
 * Evidence is kept as counts per bin (see evidence.ts), so each kind of metric says how its values are
 * binned. The binning is part of the method version: changing it starts new tests.
 */
export type MetricKind = "binary" | "bounded" | "heavy_tailed" | "quantile";

export type MetricDirection = "higher_is_better" | "lower_is_better";

export type MetricDefinition = {
  readonly name: string;
  /**
   * - `binary`: 0 or 1 per observation; the metric is a rate.
   * - `bounded`: a number in `range`; the metric is its mean.
   * - `heavy_tailed`: a nonnegative number without a useful upper bound; the metric is its mean, clipped.
   * - `quantile`: a nonnegative number; the metric is its `quantile` (0..1), e.g. latency p95.
   */
  readonly kind: MetricKind;
  readonly direction: MetricDirection;
  /** What one unit is, for people: "share", "score", "ms", "usd", "tokens". */
  readonly unit: string;
  /** Lowest and highest value of a bounded metric. Values outside are clipped. Absent: [0, 1]. */
  readonly range?: readonly [number, number];
  /** Which quantile a `quantile` metric is about, in (0, 1). */
  readonly quantile?: number;
  /** The name of the raw observation it is computed from, when several metrics share one (latency). */
  readonly source?: string;
  /**
   * What the baseline usually shows, in the metric's unit, written down before the rollout starts: the
   * mean (for a quantile metric: the quantile) and, if known, the standard deviation of one value. It
   * centres and scales the bets, and clips a heavy tail at 20 times the mean. A wrong guess costs
   * power and never validity; a guess taken from the evidence under test would cost validity. Of a rate
   * that comes late it also says which ratio a level in points is (late-events.ts).
   */
  readonly expected?: {
    readonly value: number;
    readonly spread?: number;
    /** Nobody measured it for this feature: good enough to aim a test, not to refuse a policy. */
    readonly isGuess?: boolean;
  };
  /**
   * How long after the request its number usually comes (median). Promotion waits until half of the
   * requests are older than that; harm counts at once. Of a rate only events count (late-events.ts).
   * Absent: with the answer.
   */
  readonly expectedDelaySeconds?: number;
  /**
   * Comes as feedback on an answer that was used, and so never for a shadow copy. Absent: measured on the
   * answer itself, at once and in shadow too.
   */
  readonly isFeedback?: true;
  readonly description: string;
};
