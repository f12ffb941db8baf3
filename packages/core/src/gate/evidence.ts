/**
 * Evidence: mergeable sufficient statistics of one metric.
 *
 * A cell is a map from bin to count. Counts are integers, so merging is exact, commutative and
 * associative: adding shards or replaying batches in any order gives the same cell, to the bit, and
 * the size of a cell is bounded whatever the traffic (101 bins, or 101 x 101 for pairs).
 *
 * Bins:
 * - binary:       0 and 100
 * - bounded:      0..100, the value scaled from the metric's range to [0, 1] and rounded to 0.01
 * - heavy_tailed, quantile: logarithmic bins of 0.5% relative width, `bin = round(ln(x) / ln(1.005))`,
 *   floor at -4000 (x = 0). See bins.ts.
 *
 * A pair cell holds the joint distribution of (baseline bin, candidate bin) of the same input, because
 * a relative margin on pairs needs both numbers and not only their difference.
 */
export type EvidenceCell = {
  /** Bin index (a decimal integer as text) -> number of observations. */
  readonly bins: Readonly<Record<string, number>>;
  /**
   * "bucket:bin" -> number of observations, where units may be counted more than once (assignment by
   * user, tenant, conversation). A bucket is one of 64 groups of units; see unit-bucket.ts.
   */
  readonly units?: Readonly<Record<string, number>>;
  /** When the newest request in it was made, epoch milliseconds. */
  readonly newestAtMs?: number;
};

export type PairCell = {
  /** "baselineBin:candidateBin" -> number of pairs. */
  readonly joint: Readonly<Record<string, number>>;
  /**
   * "bucket:baselineBin:candidateBin" -> number of pairs, where the unit whose requests were answered twice
   * may come again. Pairs of `joint` that are missing here were recorded before their group was.
   */
  readonly units?: Readonly<Record<string, number>>;
  readonly newestAtMs?: number;
};

/**
 * What one stage of a rollout has gathered for one metric on one slice. A stage is a stratum: the
 * candidate's share is constant within it, so the propensity of every counted request is known.
 */
export type StratumEvidence = {
  readonly stageIndex: number;
  /** Probability, in basis points (0..10000), that a counted request went to the candidate. */
  readonly propensityBps: number;
  readonly baseline: EvidenceCell;
  readonly candidate: EvidenceCell;
  readonly pairs: PairCell;
};

export type MetricEvidence = {
  readonly metric: string;
  /** "*" for all traffic, else "attribute=value", e.g. "document_type=discharge". */
  readonly slice: string;
  readonly strata: readonly StratumEvidence[];
};

/** What was gathered on requests of one stretch of time. */
export type EvidenceBlock = {
  /** Epoch milliseconds, a multiple of the block's length: blocks of all shards are the same ones. */
  readonly startMs: number;
  readonly strata: readonly StratumEvidence[];
};

/**
 * The evidence of one metric on one slice by the time of the request (a label counts where its request
 * was, however late it comes). Kept only for criteria that ask for time; see windows.ts.
 */
export type TimedEvidence = {
  readonly metric: string;
  readonly slice: string;
  readonly blockSeconds: number;
  /** Ascending, each once; stretches without a request have none. */
  readonly blocks: readonly EvidenceBlock[];
};

/** Observations per stage and arm, of whatever metric: what least numbers of observations count. */
export type StageExposure = {
  readonly stageIndex: number;
  readonly propensityBps: number;
  /** Randomised units (requests, conversations, users...) counted into each arm. */
  readonly baseline: number;
  readonly candidate: number;
  readonly pairs: number;
  /**
   * Exchanges left out of the evidence, by reason: forced, repeat, fallback, ... What callers left is
   * counted by arm where chance assigned it; see cancellations.ts.
   */
  readonly excluded: Readonly<Record<string, number>>;
  /** When the oldest and the newest of them were observed, epoch milliseconds. */
  readonly firstObservedAtMs?: number | null;
  readonly lastObservedAtMs: number | null;
};

export type RolloutEvidence = {
  readonly metrics: readonly MetricEvidence[];
  readonly exposures: readonly StageExposure[];
  /** Absent in evidence that was gathered without times: then all of it counts for every criterion. */
  readonly timed?: readonly TimedEvidence[];
};

export const ALL_TRAFFIC = "*";
