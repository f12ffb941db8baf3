import { GRID_EXPONENTS } from "../statistics/bet-grid.ts";
import type { BetDesign, Contrast, ValueCounts } from "../statistics/contrast.ts";
import { meanLogs, rateLogs } from "../statistics/one-sample.ts";
import type { PairCounts } from "../statistics/paired-bet.ts";
import { pairedBetLogs } from "../statistics/paired-bet.ts";
import { randomisedBetStageLogs } from "../statistics/randomised-bet.ts";
import type { RateRatioDesign } from "../statistics/rate-ratio.ts";
import { rateRatioStageLogs } from "../statistics/rate-ratio.ts";
import type { GridLogs } from "./bet-table.ts";
import { BetTable } from "./bet-table.ts";
import { EventTable } from "./event-table.ts";
import type { ClusterQuestion } from "./cluster-test.ts";
import type { ObservedStratum } from "./observed-row.ts";
import { isRandomised } from "./observed-row.ts";
import type { OutcomeScale } from "./outcome-scale.ts";
import { largestOnly, valueCounts } from "./outcome-scale.ts";
import { scaledPairs } from "./scaled-pairs.ts";

/**
 * One e-process over a row's strata: nine log-wealths per stratum, from its arms or from its pairs.
 * Wealths multiply over strata per grid point, and the grid is mixed at the end.
 */
export type TestPart = {
  /** Its share of the test's average; the shares of a test sum to 1. */
  readonly weight: number;
  /** Adds a stratum's log-wealths, from its arms or from its pairs. */
  readonly addArms: (logs: GridLogs, stratum: ObservedStratum) => void;
  readonly addPairs: (logs: GridLogs, stratum: ObservedStratum) => void;
  /** The question for units that come more than once, where no exact test applies. */
  readonly question: ClusterQuestion;
  /** Whether the arms of a stratum with this propensity can answer the question. */
  readonly usesArms: (propensity: number) => boolean;
};

export type ContrastPartInput = {
  readonly contrast: Contrast;
  /** Designed distance from the null on the [0, 1] scale. */
  readonly effect: number;
  readonly scale: OutcomeScale;
};

/** M3 on arms and the paired bet on pairs, about one contrast. */
export function contrastPart({ contrast, effect, scale }: ContrastPartInput): TestPart {
  const armDesign = { contrast, effect, variance: scale.variance, centre: scale.centre };
  // Answers to one input resemble each other: correlation one half, so Var(x_c - R x_b) is about
  // σ²(1 + R² - R). The grid covers guesses wrong by a factor of four and more.
  const { ratio } = contrast;
  const pairVariance = scale.variance * (1 + ratio * ratio - ratio);
  const pairDesign = { contrast, effect, variance: pairVariance };
  return {
    weight: 1,
    question: { contrast, effect },
    usesArms: isRandomised,
    addArms: armsBy(scale, (propensity, seen) =>
      randomisedBetStageLogs({ propensity, ...seen }, armDesign),
    ),
    addPairs: pairsBy(scale, (pairs) => pairedBetLogs(pairs, pairDesign)),
  };
}

export type RateRatioPartInput = {
  readonly scale: OutcomeScale;
  readonly onPairs: TestPart;
  /** The outcome that is the event. */
  readonly event?: 0 | 1;
};

/** M1 on the arms' events; pairs are left to a bet about the same, mostly the one that it is averaged with. */
export function rateRatioPart(
  design: RateRatioDesign,
  { scale, onPairs, event = 1 }: RateRatioPartInput,
): TestPart {
  const eventsIn = (seen: ValueCounts): number =>
    event === 1 ? sumOf(seen) : totalOf(seen) - sumOf(seen);
  return {
    weight: 1,
    question: onPairs.question,
    usesArms: isRandomised,
    addArms: armsBy(scale, (propensity, { candidate, baseline }) =>
      rateRatioStageLogs(
        { propensity, candidateEvents: eventsIn(candidate), baselineEvents: eventsIn(baseline) },
        design,
      ),
    ),
    addPairs: onPairs.addPairs,
  };
}

/** A tail four times as frequent is what the tail's test is best at; the grid covers 1.4 to 100 times. */
const TAIL_DESIGN_RATIO = 4;

/**
 * M1 on how often a heavy tail reaches its clip (H0: the candidate's not more often). Beyond the clip all
 * values count alike in the mean, so a few enormous ones are seen sooner by their number.
 */
export function tailPart(scale: OutcomeScale, onPairs: TestPart): TestPart {
  const design = { nullRatio: 1, designRatio: TAIL_DESIGN_RATIO, direction: 1 } as const;
  const tail = {
    ...scale,
    candidate: largestOnly(scale.candidate),
    baseline: largestOnly(scale.baseline),
  };
  return rateRatioPart(design, { scale: tail, onPairs });
}

export type CandidatePartInput = Pick<BetDesign, "effect"> & {
  /** The candidate's mean outcome at the edge of the null, 0..1. */
  readonly nullMean: number;
  readonly direction: 1 | -1;
  readonly scale: OutcomeScale;
};

/** One-sample test of the candidate's own level: M4 for events, a one-armed bet for other means. */
export function candidateContrastPart(input: CandidatePartInput): TestPart {
  return {
    weight: 1,
    question: {
      contrast: { ratio: 0, offset: input.nullMean, direction: input.direction },
      effect: input.effect,
    },
    // No control is needed, so full traffic counts as well.
    usesArms: (propensity) => propensity > 0,
    addArms: armsBy(input.scale, (_, { candidate }) => levelLogs(candidate, input)),
    addPairs: pairsBy(input.scale, ({ candidate, counts }) =>
      levelLogs({ values: candidate, counts }, input),
    ),
  };
}

/** M4 or the one-armed bet about the level of one release. */
function levelLogs(seen: ValueCounts, input: CandidatePartInput): readonly number[] {
  const { nullMean, direction, effect, scale } = input;
  if (scale.isBinary && nullMean > 0 && nullMean < 0.5) {
    const observed = { events: sumOf(seen), observations: totalOf(seen) };
    return rateLogs(observed, { nullRate: nullMean, direction });
  }
  return meanLogs(seen, { nullMean, direction, effect, variance: scale.variance });
}

/**
 * Log-wealths of pairs, kept as long as the pairs are: both readings of a test ask for them, each part of
 * an average does, and a stage that is over asks again at every look.
 */
function pairsBy(
  scale: OutcomeScale,
  logsOf: (pairs: PairCounts) => readonly number[],
): TestPart["addPairs"] {
  const kept = new WeakMap<PairCounts, readonly number[]>();
  return (logs, stratum) => {
    const pairs = scaledPairs(stratum, scale);
    if (pairs === null) return;
    const known = kept.get(pairs) ?? logsOf(pairs);
    kept.set(pairs, known);
    add(logs, known);
  };
}

type ArmValues = { readonly candidate: ValueCounts; readonly baseline: ValueCounts };
type ArmLogs = (propensity: number, seen: ArmValues) => readonly number[];

type ArmTables = {
  readonly propensity: number;
  readonly addTo: (logs: GridLogs, arms: Pick<ObservedStratum, "candidate" | "baseline">) => void;
};

/** More planned propensities than a ramp has stages; beyond it tables are not kept. */
const TABLES_KEPT = 16;

/**
 * Log-wealths of the arms from tables of single observations, one for each planned propensity. An
 * observed propensity is another one at every look, so there the counts are used as they are.
 */
function armsBy(scale: OutcomeScale, logsOf: ArmLogs): TestPart["addArms"] {
  // A list: it is short, and a lookup by a fraction costs more than to compare a few.
  const kept: ArmTables[] = [];
  const tablesOf = (propensity: number): ArmTables => {
    for (const tables of kept) if (tables.propensity === propensity) return tables;
    const made = armTables(scale, propensity, logsOf);
    if (kept.length < TABLES_KEPT) kept.push(made);
    return made;
  };
  return (logs, stratum) => {
    const { propensity, isPlanned, candidate, baseline } = stratum;
    if (isPlanned) {
      tablesOf(propensity).addTo(logs, stratum);
      return;
    }
    const seen = {
      candidate: valueCounts(scale.candidate, candidate),
      baseline: valueCounts(scale.baseline, baseline),
    };
    add(logs, logsOf(propensity, seen));
  };
}

function armTables(
  { candidate, baseline }: OutcomeScale,
  propensity: number,
  logsOf: ArmLogs,
): ArmTables {
  const ofCandidate = (outcome: number): readonly number[] =>
    logsOf(propensity, { candidate: once(outcome), baseline: NOTHING });
  const ofBaseline = (outcome: number): readonly number[] =>
    logsOf(propensity, { candidate: NOTHING, baseline: once(outcome) });
  if (candidate.kind === "events" && baseline.kind === "events") {
    const table = new EventTable(
      { candidate, baseline },
      {
        candidateOther: ofCandidate(0),
        candidateEvent: ofCandidate(1),
        baselineOther: ofBaseline(0),
        baselineEvent: ofBaseline(1),
      },
    );
    return { propensity, addTo: (logs, arms) => table.addTo(logs, arms) };
  }
  if (candidate.kind !== "values" || baseline.kind !== "values") {
    throw new RangeError("Both arms of a test count events, or both have values.");
  }
  const candidates = new BetTable(candidate, ofCandidate);
  const baselines = new BetTable(baseline, ofBaseline);
  return {
    propensity,
    addTo: (logs, arms) => {
      candidates.addTo(logs, arms.candidate);
      baselines.addTo(logs, arms.baseline);
    },
  };
}

const NOTHING: ValueCounts = { values: [], counts: [] };

const once = (outcome: number): ValueCounts => ({ values: [outcome], counts: [1] });

function add(logs: GridLogs, more: readonly number[]): void {
  for (let index = 0; index < GRID_EXPONENTS.length; index += 1) {
    logs[index] = (logs[index] as number) + (more[index] as number);
  }
}

function sumOf({ values, counts }: ValueCounts): number {
  let sum = 0;
  for (const [index, value] of values.entries()) sum += value * (counts[index] as number);
  return sum;
}

function totalOf({ counts }: ValueCounts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
