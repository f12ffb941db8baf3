/**
 * A metric that a feature brings along: a number that its people or its business give to an answer, or one
 * of its scorers. What it means for a gate stands in gate/feature-metrics.ts.
 */
export type DeclaredMetric = {
  readonly name: string;
  readonly kind: "binary" | "bounded" | "heavy_tailed";
  readonly direction: "higher_is_better" | "lower_is_better";
  /** What one unit is, for people. Absent: "share" of a binary metric, "score" of a bounded one. */
  readonly unit?: string;
  /** Of a bounded metric. Absent: [0, 1]. */
  readonly range?: readonly [number, number];
  /** What the baseline usually shows: the mean and, if known, the standard deviation of one value. */
  readonly expected: { readonly value: number; readonly spread?: number };
  /** Median time from the answer to its number. Absent: with the answer. */
  readonly expectedDelaySeconds?: number;
  /**
   * Where the number comes from: the name of a feedback value or of a scorer's metric, `rating`, or
   * `corrected.<field>`. Absent: its own name.
   */
  readonly source?: string;
  readonly description?: string;
};
