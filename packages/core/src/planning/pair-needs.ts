import { compileCriterion } from "../gate/compiled-criterion.ts";
import { pairCellBins } from "../gate/cells.ts";
import type { Criterion } from "../gate/criterion.ts";
import type { PairCell } from "../gate/evidence.ts";
import { ALL_TRAFFIC } from "../gate/evidence.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { QuantileTest } from "../gate/quantile-move.ts";
import { LIVE_WEIGHT } from "../gate/test-log-e.ts";
import type { PairShare } from "../population/pairing.ts";
import { withExpected } from "../rollout/gate-input.ts";
import { liveFromStage } from "../rollout/live-from-stage.ts";
import type { Strategy } from "../rollout/strategy.ts";
import { reviewedCriteria } from "../rollout/strategy.ts";
import type { ObservationsNeeded } from "../statistics/power.ts";
import { gridWalks, observationsNeeded } from "../statistics/power.ts";
import { harmTests, later } from "./plan-row.ts";
import { strategyWeights } from "./strategy-weights.ts";
import { pairPartsOf } from "./walks.ts";

export type PairNeeds = {
  /** Pairs that take the candidate back; of a criterion under review, that ask a person. */
  readonly detect: ObservationsNeeded;
  /**
   * Pairs that clear it at the last margin, which is proven in live stages. All pairs together count there for
   * what live answers leave of the weight.
   */
  readonly clear: ObservationsNeeded;
};

export type PairQuestion = {
  readonly strategy: Strategy;
  readonly criterion: Criterion;
  readonly metric: MetricDefinition;
  /** One of `slices`, or {@link ALL_TRAFFIC}. */
  readonly slice: string;
  /** By how many slices the traffic is judged. */
  readonly slices: number;
  /** What two answers to one request showed, as it was recorded. */
  readonly recorded: PairCell;
};

/** At the share of the last stage no margin is wider than what the policy has written. */
const FULL_SHARE_BPS = 10_000;

/**
 * How many pairs a criterion needs about a candidate that is known from recordings, by the gate's own tests on
 * these very pairs. Null where the gate has no test for it.
 */
export function pairNeeds(question: PairQuestion): PairNeeds | null {
  const { strategy, criterion, slice, slices, recorded } = question;
  const metric = withExpected(question.metric, strategy);
  const tests = compileCriterion({
    comparison: criterion.comparison,
    metric,
    nextShareBps: FULL_SHARE_BPS,
  });
  if (tests.kind !== "tested") return null;
  const pairs = sharesOf(recorded);
  const weights = strategyWeights(strategy, slices);
  const { confidence } = strategy;
  const needed = (test: QuantileTest, level: number): ObservationsNeeded =>
    observationsNeeded(
      gridWalks(pairPartsOf(test, pairs), {
        logThreshold: Math.log(1 / level),
        stepsPerObservation: 1,
        barrier: "shared",
      }),
    );
  return {
    detect: harmTests(tests, {
      criterion,
      confidence,
      weight: slice === ALL_TRAFFIC ? weights.whole : weights.slice,
      isReview: reviewedCriteria(strategy).has(criterion.id),
      isBeforeLive: liveFromStage(strategy) !== null,
    })
      .map(({ test, level }) => needed(test, level))
      .reduce(later),
    clear: needed(tests.safety, confidence.alphaPromote * (1 - LIVE_WEIGHT)),
  };
}

function sharesOf(recorded: PairCell): readonly PairShare[] {
  const bins = pairCellBins(recorded);
  const all = bins.reduce((sum, { count }) => sum + count, 0);
  return bins.map(({ count, ...bin }) => ({ ...bin, share: count / all }));
}
