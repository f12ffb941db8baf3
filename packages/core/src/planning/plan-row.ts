import type { BurnIn } from "../gate/cluster-test.ts";
import { HARM_BURN_IN, HEAVY_TAIL_BURN_IN, SAFETY_BURN_IN } from "../gate/cluster-test.ts";
import { compileCriterion } from "../gate/compiled-criterion.ts";
import type { Criterion, GateConfidence } from "../gate/criterion.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import { FROM_START_WEIGHT } from "../gate/live-restart.ts";
import type { QuantileTest } from "../gate/quantile-move.ts";
import type { ArmPopulations } from "../population/population.ts";
import { NO_HARM, populationsOf } from "../population/population.ts";
import { UPPER_UNEVENNESS } from "../statistics/effective-units.ts";
import { cleanObservationsNeeded } from "../statistics/one-sample.ts";
import type { StickyUnits } from "./sticky-units.ts";
import type { ObservationsNeeded } from "../statistics/power.ts";
import { gridWalks, observationsNeeded } from "../statistics/power.ts";
import type { Design } from "./walks.ts";
import type { LevelledTest } from "./unit-needs.ts";
import { pairUnitNeeds } from "./pair-unit-needs.ts";
import { unitNeeds } from "./unit-needs.ts";
import { gridPartsOf } from "./walks.ts";

export type RowNeeds = {
  /** To take back a candidate at the rollback level, and at twice of it. */
  readonly detectOnce: ObservationsNeeded;
  readonly detectTwice: ObservationsNeeded;
  /** To clear a candidate that does no harm, at the stage's margin. */
  readonly clear: ObservationsNeeded;
};

export type RowNeedsResult =
  | { readonly kind: "needs"; readonly needs: RowNeeds }
  | { readonly kind: "unsupported"; readonly reason: string };

export type RowQuestion = {
  readonly criterion: Criterion;
  readonly metric: MetricDefinition;
  readonly design: Design;
  readonly confidence: GateConfidence;
  readonly nextShareBps: number;
  /** The row's share of the gate's average over all rows, in (0, 1]. */
  readonly weight: number;
  /** Whether it asks a person in place of taking back; its tests are then no part of the average. */
  readonly isReview?: boolean;
  /** In a shadow before live stages: part of the capital waits for harm that begins live (live-restart.ts). */
  readonly isBeforeLive?: boolean;
  /** How often units return, where the unit of assignment is not the request. */
  readonly units?: StickyUnits | null;
};

/**
 * Observations of the candidate (or pairs) that one criterion needs in one stage, from that stage's
 * evidence alone. Rollback needs two proofs, whose walks move together: the later of the two counts.
 * Against the played gate the figures are within 20%; below 60 observations they can be a third too few.
 */
export function rowNeeds(question: RowQuestion): RowNeedsResult {
  const { metric, nextShareBps } = question;
  const { comparison } = question.criterion;
  const tests = compileCriterion({ comparison, metric, nextShareBps });
  if (tests.kind === "unsupported") return tests;
  if (tests.kind === "zero_tolerance") {
    return { kind: "needs", needs: zeroToleranceNeeds(question, tests.margin) };
  }
  const harmless = armsUnder(question, 0);
  if (harmless === null) {
    return { kind: "unsupported", reason: "what the baseline shows" };
  }
  const safetyBurnIn = metric.kind === "heavy_tailed" ? HEAVY_TAIL_BURN_IN : SAFETY_BURN_IN;
  const detect = (times: number): ObservationsNeeded => {
    const arms = armsUnder(question, times) ?? harmless;
    return needed(harmTests(tests, question), question, { arms, burnIn: HARM_BURN_IN });
  };
  const level = question.confidence.alphaPromote;
  return {
    kind: "needs",
    needs: {
      detectOnce: detect(1),
      detectTwice: detect(2),
      clear: needed([{ test: tests.safety, level }], question, {
        arms: harmless,
        burnIn: safetyBurnIn,
      }),
    },
  };
}

/**
 * What must be proven, and how surely, before a rollout is taken back; of a criterion under review,
 * before a person is asked: see judge-row.ts.
 */
export function harmTests(
  tests: { readonly harm: QuantileTest; readonly block: QuantileTest },
  of: Pick<
    RowQuestion,
    "criterion" | "confidence" | "weight" | "isReview" | "isBeforeLive" | "units"
  >,
): readonly LevelledTest[] {
  const { criterion, confidence, weight, isReview = false, units = null } = of;
  const { alpha, alphaBlock, amberOdds } = confidence;
  // Half of the capital is kept for fresh starts, of which harm from the start uses none (restarts.ts).
  const hasRestarts = units === null && (criterion.overSeconds ?? null) !== null;
  const kept = hasRestarts ? 0.5 : of.isBeforeLive === true ? FROM_START_WEIGHT : 1;
  const share = (isReview ? 1 : weight) * kept;
  if (!isReview) {
    return [
      { test: tests.harm, level: alpha * share },
      { test: tests.block, level: alphaBlock * share },
    ];
  }
  return criterion.comparison.kind === "limit"
    ? [{ test: tests.block, level: alphaBlock * share }]
    : [{ test: tests.harm, level: share / amberOdds }];
}

function armsUnder({ criterion, metric }: RowQuestion, times: number): ArmPopulations | null {
  return populationsOf(metric, criterion, times === 0 ? NO_HARM : { kind: "multiple", times });
}

type Asked = {
  readonly arms: ArmPopulations;
  /** What must be there before the test of units that return may speak. */
  readonly burnIn: BurnIn;
};

/** Where units return the gate has other tests, of arms and of pairs, and each its own plan. */
function needed(
  tests: readonly LevelledTest[],
  { metric, design, units = null }: RowQuestion,
  { arms, burnIn }: Asked,
): ObservationsNeeded {
  if (units !== null && design.kind === "arms") {
    const { propensity } = design;
    return unitNeeds(tests, { metric, arms, units, propensity, burnIn });
  }
  if (units !== null) return pairUnitNeeds(tests, { arms, units, burnIn });
  return tests
    .map(({ test, level }) =>
      observationsNeeded(
        gridWalks(gridPartsOf(test, { arms, design }), {
          logThreshold: Math.log(1 / level),
          stepsPerObservation: design.kind === "arms" ? 1 / design.propensity : 1,
          barrier: "shared",
        }),
      ),
    )
    .reduce(later);
}

/** Until both are known. */
export function later(left: ObservationsNeeded, right: ObservationsNeeded): ObservationsNeeded {
  const most = (a: number | null, b: number | null): number | null =>
    a === null || b === null ? null : Math.max(a, b);
  return {
    p50: most(left.p50, right.p50),
    p80: most(left.p80, right.p80),
    p95: most(left.p95, right.p95),
  };
}

/** The first event is proof; without any, only a number of clean answers is. */
function zeroToleranceNeeds(
  { criterion, confidence, units = null }: RowQuestion,
  margin: number,
): RowNeeds {
  const { comparison } = criterion;
  const maximumRate = comparison.kind === "zero_tolerance" ? comparison.maximumRate : margin;
  const firstEvent = (rate: number): ObservationsNeeded => {
    const at = (chance: number): number => Math.ceil(Math.log(1 - chance) / Math.log1p(-rate));
    return { p50: at(0.5), p80: at(0.8), p95: at(0.95) };
  };
  // Of units that return each counts once, however often it comes (effective-units.ts).
  const answersEach = units === null ? 1 : units.requestsPerUnit * UPPER_UNEVENNESS;
  const clean = Math.ceil(cleanObservationsNeeded(margin, confidence.alphaPromote) * answersEach);
  return {
    detectOnce: firstEvent(maximumRate),
    detectTwice: firstEvent(Math.min(0.999, 2 * maximumRate)),
    clear: { p50: clean, p80: clean, p95: clean },
  };
}
