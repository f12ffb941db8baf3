import type { BurnIn, ClusterQuestion } from "../gate/cluster-test.ts";
import type { OutcomeScale } from "../gate/outcome-scale.ts";
import { outcomeOfBin } from "../gate/outcome-scale.ts";
import { UNIT_BUCKETS } from "../gate/unit-bucket.ts";
import { pairShares } from "../population/pairing.ts";
import type { ArmPopulations } from "../population/population.ts";
import { normalContrastRho } from "../statistics/normal-contrast.ts";
import { normalMixtureBound } from "../statistics/normal-mixture.ts";
import type { ObservationsNeeded } from "../statistics/power.ts";
import { studentOfNormalScore } from "../statistics/student-scores.ts";
import { tiltedVariance } from "../statistics/tilted-variance.ts";
import type { StickyUnits } from "./sticky-units.ts";
import { LEAST_UNITS, unitInflation } from "./sticky-units.ts";
import type { Barrier, LevelledTest } from "./unit-needs.ts";
import { asOne, neededAt, NEVER, orRareEvents } from "./unit-needs.ts";

export type PairUnitDesign = {
  readonly arms: ArmPopulations;
  readonly units: StickyUnits;
  readonly burnIn: BurnIn;
};

/**
 * Pairs until all of some tests are at their levels at one look, where the units that ask return: the gate
 * judges the difference of the two answers by a normal mixture between groups of units (pair-cluster-test.ts).
 * As in {@link unitNeeds} the design effect is taken as known, and the same for differences as for answers.
 */
export function pairUnitNeeds(
  tests: readonly LevelledTest[],
  design: PairUnitDesign,
): ObservationsNeeded {
  return neededAt(tests.map((of) => barrierOf(of, design)));
}

function barrierOf({ test, level }: LevelledTest, design: PairUnitDesign): Barrier {
  const { parts, scale } = test;
  const question = parts.at(-1)?.question;
  if (question === undefined) return NEVER;
  const seen = differencesOf(design, question, scale);
  const normalAt = (alpha: number): Barrier => normalBarrier(alpha, { question, seen }, design);
  if (!scale.isBinary || design.burnIn.eventsOf === "both_arms") return normalAt(level);
  const rare = { contrast: question.contrast, mean: seen.candidateMean, units: design.units };
  return orRareEvents(level, normalAt, rare);
}

type Differences = {
  readonly mean: number;
  readonly variance: number;
  /** Of one pair if the mean were that of the null. */
  readonly nullVariance: number;
  /** Share of the pairs that say something, and the least share of them under the null. */
  readonly differing: number;
  readonly nullDiffering: number;
  readonly candidateMean: number;
};

function differencesOf(
  { arms, burnIn }: PairUnitDesign,
  { contrast }: ClusterQuestion,
  scale: OutcomeScale,
): Differences {
  const { ratio, offset, direction } = contrast;
  let [mean, square, differing, candidateMean, baselineMean] = [0, 0, 0, 0, 0];
  const values: number[] = [];
  const counts: number[] = [];
  for (const { baselineBin, candidateBin, share } of pairShares(arms)) {
    const candidate = outcomeOfBin(scale.candidate, candidateBin);
    const baseline = outcomeOfBin(scale.baseline, baselineBin);
    const value = candidate - ratio * baseline - offset;
    values.push(value);
    counts.push(share);
    mean += share * value;
    square += share * value * value;
    candidateMean += share * candidate;
    baselineMean += share * baseline;
    if (candidate !== baseline) differing += share;
  }
  const variance = Math.max(1e-12, square - mean * mean);
  const tilted = tiltedVariance({ values, counts });
  const harmful = direction === 1 ? candidateMean : 1 - candidateMean;
  const rarer = Math.min(candidateMean, 1 - candidateMean);
  const alone = !scale.isBinary ? 1 : burnIn.eventsOf === "both_arms" ? harmful : rarer;
  const alike = baselineMean * (1 - ratio) - offset;
  const farthest = alike < 0 ? 1 - offset : -ratio - offset;
  return {
    mean,
    variance,
    nullVariance: Math.max(variance, Number.isFinite(tilted) ? tilted : 0),
    differing: ratio === 0 ? alone : differing,
    nullDiffering:
      ratio === 0 ? Math.min(offset, 1 - offset) : alike === 0 ? 0 : alike / (alike - farthest),
    candidateMean,
  };
}

function normalBarrier(
  alpha: number,
  of: { readonly question: ClusterQuestion; readonly seen: Differences },
  { units, burnIn }: PairUnitDesign,
): Barrier {
  const { question, seen } = of;
  const { requestsPerUnit } = units;
  const per = (share: number): number => (share > 0 ? burnIn.events / share : Infinity);
  const forEvents = Math.min(per(seen.differing), per(seen.nullDiffering) * asOne(units));
  const least = Math.ceil(Math.max(burnIn.perArm, LEAST_UNITS * requestsPerUnit, forEvents));
  const rho = normalContrastRho(question.effect);
  const estimate = question.contrast.direction * seen.mean;
  const shown = seen.variance * unitInflation(units);
  return {
    least,
    at: (count) => {
      const isShown = count * seen.differing >= burnIn.events;
      const inflation = isShown ? unitInflation(units) : asOne(units);
      const v = count / (seen.nullVariance * inflation);
      const bound = normalMixtureBound(v, { alpha, rho, sides: "one_sided" });
      const df = degreesOfFreedom(count / requestsPerUnit);
      const distance = studentOfNormalScore(bound / Math.sqrt(v), df) / Math.sqrt(v);
      return (distance - estimate) * Math.sqrt(count / shown);
    },
  };
}

/** Of the variance between groups that so many units fill by chance: (Σh²)²/Σh⁴ - 1 with Poisson sizes h. */
function degreesOfFreedom(units: number): number {
  const mean = units / UNIT_BUCKETS;
  const squares = mean + mean ** 2;
  const fourths = mean + 7 * mean ** 2 + 6 * mean ** 3 + mean ** 4;
  return Math.max(1, (UNIT_BUCKETS * squares ** 2) / fourths - 1);
}
