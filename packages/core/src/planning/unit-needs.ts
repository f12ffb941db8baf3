import type { BurnIn, ClusterQuestion } from "../gate/cluster-test.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { ArmScale } from "../gate/outcome-scale.ts";
import { outcomeOfBin } from "../gate/outcome-scale.ts";
import type { Contrast } from "../statistics/contrast.ts";
import type { QuantileTest } from "../gate/quantile-move.ts";
import { RARE_EVENTS_WEIGHT, rareNullRate } from "../gate/rare-unit-events.ts";
import { LIVE_WEIGHT } from "../gate/test-log-e.ts";
import type { ArmPopulations, Population } from "../population/population.ts";
import { mixGrid } from "../statistics/bet-grid.ts";
import { UPPER_UNEVENNESS } from "../statistics/effective-units.ts";
import { observationsToPass } from "../statistics/first-passage.ts";
import { normalContrastRho } from "../statistics/normal-contrast.ts";
import { normalMixtureBound } from "../statistics/normal-mixture.ts";
import { rateLogs } from "../statistics/one-sample.ts";
import type { ObservationsNeeded } from "../statistics/power.ts";
import { contrastVariance } from "../statistics/power.ts";
import type { StickyUnits } from "./sticky-units.ts";
import { leastAnswers, unitInflation } from "./sticky-units.ts";

/** A test that must be at its level; that level is 1 over the e-value that settles its question. */
export type LevelledTest = { readonly test: QuantileTest; readonly level: number };

export type UnitDesign = {
  readonly metric: MetricDefinition;
  readonly arms: ArmPopulations;
  readonly units: StickyUnits;
  /** Probability of the candidate, in (0, 1). */
  readonly propensity: number;
  readonly burnIn: BurnIn;
};

/**
 * Candidate answers until all of some tests are at their levels at one look, where units return: the gate
 * then compares arms by a normal mixture about the last part's question (cluster-test.ts), and proves safety
 * by rare events as well (rare-unit-events.ts). Variances are the design effect times those of single
 * answers, taken as known here, where the gate estimates them between groups of units; and the tests as
 * moving together, for they are about the same answers.
 */
export function unitNeeds(tests: readonly LevelledTest[], design: UnitDesign): ObservationsNeeded {
  return neededAt(tests.map((of) => barrierOf(of, design)));
}

/** Until all are passed at one look. */
export function neededAt(barriers: readonly Barrier[]): ObservationsNeeded {
  const least = Math.max(...barriers.map((of) => of.least));
  return observationsToPass((count) => Math.max(...barriers.map(({ at }) => at(count))), least);
}

/** How far above its mean the contrast must be for a test to be at its level, in deviations. */
export type Barrier = {
  /** Candidate answers (or pairs) before which it cannot be. */
  readonly least: number;
  readonly at: (count: number) => number;
};

export const NEVER: Barrier = { least: 1, at: () => Number.POSITIVE_INFINITY };

function barrierOf(of: LevelledTest, design: UnitDesign): Barrier {
  const { parts, scale } = of.test;
  const question = parts.at(-1)?.question;
  if (question === undefined) return NEVER;
  const candidate = momentsOf(design.arms.candidate, scale.candidate);
  const baseline = momentsOf(design.arms.baseline, scale.baseline);
  const arms: Arms = { question, candidate, baseline, isBinary: scale.isBinary };
  const alone = aloneLevel(of.level);
  const normalAt = (alpha: number): Barrier => normalBarrier(alpha, arms, design);
  if (!arms.isBinary || design.burnIn.eventsOf === "both_arms") return normalAt(alone);
  const rare = { contrast: question.contrast, mean: candidate.mean, units: design.units };
  return orRareEvents(alone, normalAt, rare);
}

/** What a candidate's rare events are judged by: its own mean of 0 and 1, against what the null allows. */
export type RareEvents = {
  readonly contrast: Contrast;
  readonly mean: number;
  readonly units: StickyUnits;
};

/** Whichever of both is passed first: the normal test at its part of a level, or that of rare events at its own. */
export function orRareEvents(
  alone: number,
  normalAt: (alpha: number) => Barrier,
  of: RareEvents,
): Barrier {
  const rare = rareBarrier(alone, of);
  if (rare === null) return normalAt(alone);
  const normal = normalAt(alone * (1 - RARE_EVENTS_WEIGHT));
  return {
    least: Math.min(normal.least, rare.least),
    at: (count) =>
      Math.min(count < normal.least ? Number.POSITIVE_INFINITY : normal.at(count), rare.at(count)),
  };
}

type Moments = { readonly mean: number; readonly variance: number };
type Arms = {
  readonly question: ClusterQuestion;
  readonly candidate: Moments;
  readonly baseline: Moments;
  readonly isBinary: boolean;
};

function normalBarrier(alpha: number, arms: Arms, design: UnitDesign): Barrier {
  const { question, candidate, baseline, isBinary } = arms;
  const { ratio, offset, direction } = question.contrast;
  const { units, propensity } = design;
  const estimate = candidate.mean - ratio * baseline.mean - offset;
  const shown = {
    candidateVariance: candidate.variance,
    baselineVariance: baseline.variance,
  };
  const least = leastAnswers(units, {
    ...design,
    usesBaseline: ratio !== 0,
    ...(isBinary ? { nullRate: rarer(candidate.mean - estimate) } : {}),
  });
  const nullMeans = {
    candidate: candidate.mean - estimate,
    baseline: ratio === 0 ? baseline.mean : baseline.mean + estimate / ratio,
  };
  const armAt = (arm: Moments, nullMean: number, answers: number): number => {
    const hasEvents = !isBinary || answers * rarer(arm.mean) >= design.burnIn.events;
    return nullVariance(arm, nullMean) * (hasEvents ? unitInflation(units) : asOne(units));
  };
  const perBaseline = (1 - propensity) / propensity;
  const assumedAt = (count: number): number =>
    contrastVariance(
      {
        candidateVariance: armAt(candidate, nullMeans.candidate, count),
        baselineVariance: armAt(baseline, nullMeans.baseline, count * perBaseline),
      },
      ratio,
      propensity,
    );
  const shownOfOne = contrastVariance(shown, ratio, propensity) * unitInflation(units);
  const rho = normalContrastRho(question.effect);
  return {
    least,
    at: (count) => {
      const v = count / assumedAt(count);
      const bound = normalMixtureBound(v, { alpha, rho, sides: "one_sided" });
      return (bound / v - direction * estimate) * Math.sqrt(count / shownOfOne);
    },
  };
}

/** How many answers count as one where too few events say how they cluster: all of a unit. */
export const asOne = ({ requestsPerUnit }: StickyUnits): number =>
  requestsPerUnit * UPPER_UNEVENNESS;

/** As the gate takes it: what would be under the null, where that is more. Outcomes in [0, 1] like events, in proportion. */
function nullVariance({ mean, variance }: Moments, nullMean: number): number {
  const inside = Math.min(1, Math.max(0, nullMean));
  return Math.max(variance, (variance * inside * (1 - inside)) / Math.max(1e-9, mean * (1 - mean)));
}

const rarer = (mean: number): number => Math.max(0, Math.min(mean, 1 - mean));

/** The same of the test of rare events, in which every event counts and answers as so many units. */
function rareBarrier(alone: number, { contrast, mean, units }: RareEvents): Barrier | null {
  const nullRate = rareNullRate(contrast);
  if (nullRate === null) return null;
  const logNeeded = Math.log((1 / alone - (1 - RARE_EVENTS_WEIGHT)) / RARE_EVENTS_WEIGHT);
  const rate = contrast.direction === -1 ? mean : 1 - mean;
  const perUnit = asOne(units);
  const logE = (events: number, observations: number): number =>
    mixGrid(rateLogs({ events, observations }, { nullRate, direction: -1 }));
  return {
    least: Math.ceil((logNeeded / nullRate) * perUnit),
    at: (count) => {
      const most = mostEvents((events) => logE(events, count / perUnit) >= logNeeded);
      if (most === null) return Number.POSITIVE_INFINITY;
      const expected = count * rate;
      return (expected - most) / Math.sqrt(Math.max(1e-9, expected * unitInflation(units)));
    },
  };
}

/** The largest number of events with which it holds; null: not even without one. */
function mostEvents(holds: (events: number) => boolean): number | null {
  if (!holds(0)) return null;
  let events = 0;
  while (holds(events + 1)) events += 1;
  return events;
}

/** What the arms must reach by themselves, when the pairs that the gate averages them with say nothing. */
function aloneLevel(level: number): number {
  return LIVE_WEIGHT / (1 / level - (1 - LIVE_WEIGHT));
}

function momentsOf(population: Population, arm: ArmScale): Moments {
  let [mean, square] = [0, 0];
  for (const { bin, share } of population) {
    const outcome = outcomeOfBin(arm, bin);
    mean += share * outcome;
    square += share * outcome * outcome;
  }
  return { mean, variance: Math.max(1e-12, square - mean * mean) };
}
