import { ALL_TRAFFIC } from "../gate/evidence.ts";
import type { MetricEvidence, RolloutEvidence, StageExposure } from "../gate/evidence.ts";
import type { SliceShare } from "../planning/strategy-plan.ts";
import type { StickyUnits } from "../planning/sticky-units.ts";
import type { Stage } from "../rollout/strategy.ts";
import type { StratumTally, TallyShape } from "./cell-tally.ts";
import {
  addStratum,
  clearStratum,
  emptyTally,
  matureStratum,
  stratumEvidence,
} from "./cell-tally.ts";
import type { DrawPlan } from "./draw-plan.ts";
import { drawAnswers, drawPairs } from "./draw-plan.ts";
import type { TimeNeeds } from "./evidence-times.ts";
import { createTimes } from "./evidence-times.ts";
import type { InventedReleases } from "./invented-releases.ts";
import type { Random } from "./random.ts";
import { drawBinomial, drawMultinomial, drawPoisson } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { drawUnitAnswers, requestsOfUnits } from "./unit-draws.ts";

type Step = {
  readonly stage: Stage;
  readonly stageIndex: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly requestsPerHour: number;
  readonly condition: "well" | "harmed" | "outage";
};

/** What is drawn is units; each is one request where requests are assigned. */
type Units = { readonly candidate: number; readonly baseline: number };

/** Requests of one step in one slice (or in none): who answered, and whether the other one did too. */
type Counts = {
  readonly units: Units;
  readonly candidateAlone: number;
  readonly baselineAlone: number;
  readonly candidatePaired: number;
  readonly baselinePaired: number;
};

type TrafficOptions = {
  readonly random: Random;
  readonly releases: InventedReleases;
  readonly scenario: Scenario;
  readonly slices: readonly SliceShare[];
  readonly needs: TimeNeeds;
  /** How units return; null: every request is a unit of its own. */
  readonly sticky: StickyUnits | null;
};

const HOUR_MS = 3_600_000;

/**
 * The evidence of one invented rollout, drawn step by step as counts per bin: units are Poisson, who
 * answers and who is copied binomial, and what is observed multinomial (of units that return, Dirichlet-
 * multinomial by group). No request exists by itself, so the work of a step does not grow with the
 * traffic. It has the store's form: by time for criteria that ask for time, by group for units.
 */
export function createTraffic(options: TrafficOptions) {
  const { random, releases, slices, sticky } = options;
  const segments = segmentsOf(slices);
  const strata = new Map<number, StageTally>();
  const times = createTimes(random, options.needs);
  const areUnits = sticky !== null;
  const fresh = releases.metrics.map(({ bins }) => emptyTally({ bins, areUnits }));
  const areTimed = options.needs.judged.length + options.needs.counted.length > 0;

  const stageTally = (stageIndex: number, propensityBps: number): StageTally => {
    const known = strata.get(stageIndex) ?? newStageTally(stageIndex, propensityBps);
    strata.set(stageIndex, known);
    return known;
  };

  /** Draws a stretch of time and gives the number of requests that the candidate answered to people. */
  const drawPart = (step: Step): number => {
    const { stage, fromMs, untilMs, requestsPerHour } = step;
    const tally = stageTally(step.stageIndex, stage.shareBps);
    const mean = (requestsPerHour * (untilMs - fromMs)) / HOUR_MS;
    const units = drawPoisson(random, mean / (sticky?.requestsPerUnit ?? 1));
    let exposed = 0;
    drawMultinomial(random, { count: units, shares: segments.shares }, (index, count) => {
      const segment = segments.names[index] ?? null;
      const counts = splitRequests(random, count, { stage, sticky });
      exposed += counts.candidateAlone + counts.candidatePaired;
      countExposure(tally, counts, step);
      drawSegment({ ...options, tally, times, fresh }, { step, segment, counts });
    });
    if (stage.shareBps > 0) times.count(exposed, { ...step, propensityBps: stage.shareBps });
    tally.evidence = null;
    return exposed;
  };

  return {
    draw: (step: Step): number => {
      if (step.stage.shareBps > 0) times.goLive(step.fromMs);
      let exposed = 0;
      for (const [fromMs, untilMs] of times.parts(step.fromMs, step.untilMs)) {
        exposed += drawPart({ ...step, fromMs, untilMs });
      }
      return exposed;
    },
    /**
     * Lets labels of all stages become known, each with the chance that the passing time gives. All
     * traffic, its slices and its blocks are matured apart, which leaves each of them right and only
     * their agreement to chance.
     */
    mature: (seconds: number): void => {
      const chances = new Map(
        releases.metrics
          .filter(({ delaySeconds }) => delaySeconds > 0)
          .map(({ name, delaySeconds }) => [name, 1 - 2 ** (-seconds / delaySeconds)]),
      );
      if (chances.size === 0) return;
      for (const tally of strata.values()) matureStage(random, tally, chances);
      times.mature((metric) => chances.get(metric) ?? 1);
    },
    evidence: (): RolloutEvidence => ({
      ...evidenceOf([...strata.values()]),
      ...(areTimed ? { timed: times.evidence() } : {}),
    }),
  };
}

/** Slices and what is in none of them. */
function segmentsOf(slices: readonly SliceShare[]) {
  const named = slices.reduce((sum, { share }) => sum + share, 0);
  return {
    names: slices.map(({ name }) => name),
    shares: [...slices.map(({ share }) => share), Math.max(0, 1 - named)],
  };
}

type StageTally = {
  readonly stageIndex: number;
  readonly propensityBps: number;
  /** By metric and slice. */
  readonly known: Map<string, StratumTally>;
  readonly pending: Map<string, StratumTally>;
  baseline: number;
  candidate: number;
  pairs: number;
  firstObservedAtMs: number | null;
  lastObservedAtMs: number | null;
  /** What `evidence` gave last, until something is drawn: earlier stages are not built again. */
  evidence: readonly { readonly key: string; readonly entry: MetricEvidence }[] | null;
};

function newStageTally(stageIndex: number, propensityBps: number): StageTally {
  return {
    stageIndex,
    propensityBps,
    known: new Map(),
    pending: new Map(),
    baseline: 0,
    candidate: 0,
    pairs: 0,
    firstObservedAtMs: null,
    lastObservedAtMs: null,
    evidence: null,
  };
}

function splitRequests(
  random: Random,
  count: number,
  { stage, sticky }: { readonly stage: Stage; readonly sticky: StickyUnits | null },
): Counts {
  const candidateUnits = drawBinomial(random, count, stage.shareBps / 10_000);
  const units = { candidate: candidateUnits, baseline: count - candidateUnits };
  const requestsOf = (of: number): number =>
    sticky === null ? of : requestsOfUnits(random, of, sticky.requestsPerUnit);
  const candidate = requestsOf(units.candidate);
  const baseline = requestsOf(units.baseline);
  const copied = stage.shadowBps / 10_000;
  const candidatePaired = drawBinomial(random, candidate, copied);
  const baselinePaired = drawBinomial(random, baseline, copied);
  return {
    units,
    candidatePaired,
    baselinePaired,
    candidateAlone: candidate - candidatePaired,
    baselineAlone: baseline - baselinePaired,
  };
}

function countExposure(
  tally: StageTally,
  counts: Counts,
  { fromMs, untilMs }: Pick<Step, "fromMs" | "untilMs">,
): void {
  tally.candidate += counts.candidateAlone + counts.candidatePaired;
  tally.baseline += counts.baselineAlone + counts.baselinePaired;
  tally.pairs += counts.candidatePaired + counts.baselinePaired;
  tally.firstObservedAtMs ??= fromMs;
  tally.lastObservedAtMs = untilMs;
}

function drawSegment(
  of: TrafficOptions & {
    readonly tally: StageTally;
    readonly times: ReturnType<typeof createTimes>;
    /** One for each metric, to draw into. */
    readonly fresh: readonly StratumTally[];
  },
  drawn: { readonly step: Step; readonly segment: string | null; readonly counts: Counts },
): void {
  const { random, releases, scenario, tally, sticky } = of;
  const { step, segment, counts } = drawn;
  const isHere = scenario.slice === null || scenario.slice === segment;
  const condition = step.condition === "harmed" && !isHere ? "well" : step.condition;
  const { stageIndex, propensityBps } = tally;
  for (const [index, metric] of releases.metrics.entries()) {
    const { name } = metric;
    const fresh = of.fresh[index] as StratumTally;
    clearStratum(fresh);
    const what = { plan: metric[condition], isPaired: !metric.isFromPeople, counts, sticky };
    drawMetric(random, what, fresh);
    const isPending = metric.delaySeconds > 0;
    const cells = isPending ? tally.pending : tally.known;
    const add = (slice: string): void => {
      addStratum(stratumOf(cells, { metric: name, slice }, fresh.shape), fresh);
      const at = { stageIndex, propensityBps, metric: name, slice, atMs: step.fromMs, isPending };
      of.times.add(fresh, at);
    };
    add(ALL_TRAFFIC);
    if (segment !== null && metric.isSliced) add(segment);
  }
}

function drawMetric(
  random: Random,
  of: {
    readonly plan: DrawPlan;
    readonly isPaired: boolean;
    readonly counts: Counts;
    readonly sticky: StickyUnits | null;
  },
  into: StratumTally,
): void {
  const { plan, counts, sticky } = of;
  if (sticky !== null) {
    drawUnits(random, { ...of, sticky }, into);
    return;
  }
  // What only people say of an answer is not said of its copy: such requests count for one arm.
  const paired = of.isPaired ? 1 : 0;
  const alone = {
    candidate: counts.candidateAlone + (1 - paired) * counts.candidatePaired,
    baseline: counts.baselineAlone + (1 - paired) * counts.baselinePaired,
  };
  for (const arm of ["candidate", "baseline"] as const) {
    drawAnswers(random, { ...plan[arm], count: alone[arm] }, into[arm]);
  }
  if (paired === 0) return;
  drawPairs(random, { plan, count: counts.candidatePaired }, (b, c, count) => {
    into.pairs.add(b * plan.size + c, count);
    into.candidate.add(c, count);
  });
  drawPairs(random, { plan, count: counts.baselinePaired }, (b, c, count) => {
    into.pairs.add(b * plan.size + c, count);
    into.baseline.add(b, count);
  });
}

/**
 * Of units that return, answers and copies are drawn apart: the tests of pairs and of arms are averaged,
 * so what the two have in common changes no guarantee. Where a part of the requests is copied, it is taken to
 * be all requests of a part of the units: the same number of units for a number of pairs.
 */
function drawUnits(
  random: Random,
  of: Parameters<typeof drawMetric>[1] & { readonly sticky: StickyUnits },
  into: StratumTally,
): void {
  const { plan, counts, sticky, isPaired } = of;
  for (const arm of ["candidate", "baseline"] as const) {
    drawUnitAnswers(random, { plan, side: arm, units: counts.units[arm], sticky }, into[arm]);
  }
  if (!isPaired) return;
  const pairs = counts.candidatePaired + counts.baselinePaired;
  const units = requestsOfUnits(random, pairs, 1 / sticky.requestsPerUnit);
  drawUnitAnswers(random, { plan, side: "pairs", units, sticky }, into.pairs);
}

function stratumOf(
  cells: Map<string, StratumTally>,
  { metric, slice }: { readonly metric: string; readonly slice: string },
  shape: TallyShape,
): StratumTally {
  const key = `${metric}\n${slice}`;
  const known = cells.get(key) ?? emptyTally(shape);
  cells.set(key, known);
  return known;
}

function matureStage(
  random: Random,
  tally: StageTally,
  chances: ReadonlyMap<string, number>,
): void {
  for (const [key, pending] of tally.pending) {
    const known = tally.known.get(key) ?? emptyTally(pending.shape);
    tally.known.set(key, known);
    const chance = chances.get(key.slice(0, key.indexOf("\n"))) ?? 1;
    matureStratum(random, chance, { pending, known });
  }
  tally.evidence = null;
}

function evidenceOf(tallies: readonly StageTally[]): RolloutEvidence {
  const metrics = new Map<string, MetricEvidence>();
  for (const tally of tallies) {
    tally.evidence ??= stageEvidence(tally);
    for (const { key, entry } of tally.evidence) {
      const known = metrics.get(key);
      const strata = known === undefined ? entry.strata : [...known.strata, ...entry.strata];
      metrics.set(key, { ...entry, strata });
    }
  }
  return { metrics: [...metrics.values()], exposures: tallies.map(exposureOf) };
}

function stageEvidence({ known, stageIndex, propensityBps }: StageTally) {
  return [...known].map(([key, tally]) => {
    const [metric = "", slice = ""] = key.split("\n");
    const stratum = stratumEvidence(tally, { stageIndex, propensityBps });
    return { key, entry: { metric, slice, strata: [stratum] } };
  });
}

function exposureOf(tally: StageTally): StageExposure {
  const { stageIndex, propensityBps, baseline, candidate, pairs } = tally;
  const { firstObservedAtMs, lastObservedAtMs } = tally;
  return {
    stageIndex,
    propensityBps,
    baseline,
    candidate,
    pairs,
    excluded: {},
    firstObservedAtMs,
    lastObservedAtMs,
  };
}
