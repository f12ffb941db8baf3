import { ALL_TRAFFIC } from "../gate/evidence.ts";
import type { MetricEvidence, RolloutEvidence, StageExposure } from "../gate/evidence.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { SliceShare } from "../planning/plan-strategy.ts";
import { isFromPeople } from "../population/feedback-metrics.ts";
import type { Harm } from "../population/population.ts";
import { NO_HARM, populationsOf } from "../population/population.ts";
import type { Stage, Strategy } from "../rollout/strategy.ts";
import type { DrawPlan, StratumTally, Tally } from "./cell-tally.ts";
import { addTo, drawAnswers, drawPairs, drawPlan, emptyTally, toBins } from "./cell-tally.ts";
import type { Random } from "./random.ts";
import { drawBinomial, drawMultinomial, drawPoisson } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** What both releases answer, per metric: while all is well, under the scenario's harm, in an outage. */
export type InventedReleases = {
  readonly metrics: readonly {
    readonly name: string;
    readonly isFromPeople: boolean;
    /** Slices that some criterion judges this metric on. */
    readonly isSliced: boolean;
    readonly well: DrawPlan;
    readonly harmed: DrawPlan;
    readonly outage: DrawPlan;
  }[];
};

/** Metrics that nothing is known of are left out: the gate then says that it has no data. */
export function inventReleases(
  strategy: Strategy,
  metrics: readonly MetricDefinition[],
  scenario: Scenario,
): InventedReleases {
  const names = [...new Set(strategy.criteria.map(({ metric }) => metric))];
  return {
    metrics: names.flatMap((name) => {
      const metric = metrics.find((definition) => definition.name === name);
      const criteria = strategy.criteria.filter((criterion) => criterion.metric === name);
      const criterion = criteria.find(({ id }) => id === scenario.criterionId) ?? criteria[0];
      if (metric === undefined || criterion === undefined) return [];
      const isHarmed = criterion.id === scenario.criterionId;
      const harm: Harm = isHarmed ? { kind: "multiple", times: scenario.times } : NO_HARM;
      const well = populationsOf(metric, criterion, NO_HARM);
      const harmed = populationsOf(metric, criterion, harm);
      const bad = populationsOf(metric, criterion, { kind: "multiple", times: scenario.times });
      if (well === null || harmed === null || bad === null) return [];
      return [
        {
          name,
          isFromPeople: isFromPeople(name),
          isSliced: criteria.some(({ perSlice }) => perSlice),
          well: drawPlan(well),
          harmed: drawPlan(harmed),
          outage: drawPlan({ baseline: bad.candidate, candidate: bad.candidate }),
        },
      ];
    }),
  };
}

type Step = {
  readonly stage: Stage;
  readonly stageIndex: number;
  readonly seconds: number;
  readonly requestsPerHour: number;
  readonly condition: "well" | "harmed" | "outage";
  readonly nowMs: number;
};

/** Requests of one step in one slice (or in none): who answered, and whether the other one did too. */
type Counts = {
  readonly candidateAlone: number;
  readonly baselineAlone: number;
  readonly candidatePaired: number;
  readonly baselinePaired: number;
};

/**
 * The evidence of one invented rollout, drawn step by step as counts per bin: requests are Poisson, who
 * answers and who is copied binomial, and what is observed multinomial. No request exists by itself, so
 * the work of a step does not grow with the traffic.
 */
export function createTraffic(options: {
  readonly random: Random;
  readonly releases: InventedReleases;
  readonly scenario: Scenario;
  readonly slices: readonly SliceShare[];
}) {
  const { random, releases, scenario, slices } = options;
  const segments = segmentsOf(slices);
  const strata = new Map<number, StageTally>();

  const stageTally = (stageIndex: number, propensityBps: number): StageTally => {
    const known = strata.get(stageIndex) ?? newStageTally(stageIndex, propensityBps);
    strata.set(stageIndex, known);
    return known;
  };

  return {
    /** Draws one step and gives the number of requests that the candidate answered to people. */
    draw: (step: Step): number => {
      const tally = stageTally(step.stageIndex, step.stage.shareBps);
      const requests = drawPoisson(random, (step.requestsPerHour * step.seconds) / 3_600);
      let exposed = 0;
      drawMultinomial(random, { count: requests, shares: segments.shares }, (index, count) => {
        const segment = segments.names[index] ?? null;
        const counts = splitRequests(random, count, step.stage);
        exposed += counts.candidateAlone + counts.candidatePaired;
        countExposure(tally, counts);
        drawSegment({ random, releases, scenario, tally }, { step, segment, counts });
      });
      tally.lastObservedAtMs = step.nowMs;
      tally.evidence = null;
      return exposed;
    },
    /** Lets labels of all stages become known, each with the chance that the passing time gives. */
    mature: (seconds: number): void => {
      if (scenario.labelDelaySeconds === 0) return;
      const chance = 1 - 2 ** (-seconds / scenario.labelDelaySeconds);
      for (const tally of strata.values()) matureStage(random, tally, chance);
    },
    evidence: (): RolloutEvidence => evidenceOf([...strata.values()]),
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
    lastObservedAtMs: null,
    evidence: null,
  };
}

function splitRequests(random: Random, count: number, stage: Stage): Counts {
  const candidate = drawBinomial(random, count, stage.shareBps / 10_000);
  const copied = stage.shadowBps / 10_000;
  const candidatePaired = drawBinomial(random, candidate, copied);
  const baselinePaired = drawBinomial(random, count - candidate, copied);
  return {
    candidatePaired,
    baselinePaired,
    candidateAlone: candidate - candidatePaired,
    baselineAlone: count - candidate - baselinePaired,
  };
}

function countExposure(tally: StageTally, counts: Counts): void {
  tally.candidate += counts.candidateAlone + counts.candidatePaired;
  tally.baseline += counts.baselineAlone + counts.baselinePaired;
  tally.pairs += counts.candidatePaired + counts.baselinePaired;
}

function drawSegment(
  of: {
    readonly random: Random;
    readonly releases: InventedReleases;
    readonly scenario: Scenario;
    readonly tally: StageTally;
  },
  drawn: { readonly step: Step; readonly segment: string | null; readonly counts: Counts },
): void {
  const { random, releases, scenario, tally } = of;
  const { step, segment, counts } = drawn;
  const isHere = scenario.slice === null || scenario.slice === segment;
  const condition = step.condition === "harmed" && !isHere ? "well" : step.condition;
  const cells = scenario.labelDelaySeconds > 0 ? tally.pending : tally.known;
  for (const metric of releases.metrics) {
    const fresh = emptyTally();
    drawMetric(random, { plan: metric[condition], isPaired: !metric.isFromPeople, counts }, fresh);
    addStratum(stratumOf(cells, metric.name, ALL_TRAFFIC), fresh);
    if (segment !== null && metric.isSliced) {
      addStratum(stratumOf(cells, metric.name, segment), fresh);
    }
  }
}

function drawMetric(
  random: Random,
  of: { readonly plan: DrawPlan; readonly isPaired: boolean; readonly counts: Counts },
  into: StratumTally,
): void {
  const { plan, counts } = of;
  // What only people say of an answer is not said of its copy: such requests count for one arm.
  const paired = of.isPaired ? 1 : 0;
  const alone = {
    candidate: counts.candidateAlone + (1 - paired) * counts.candidatePaired,
    baseline: counts.baselineAlone + (1 - paired) * counts.baselinePaired,
  };
  for (const arm of ["candidate", "baseline"] as const) {
    drawAnswers(random, { plan, arm, count: alone[arm] }, into[arm]);
  }
  if (paired === 0) return;
  drawPairs(random, { plan, count: counts.candidatePaired }, (b, c, count) => {
    addTo(into.pairs, `${b}:${c}`, count);
    addTo(into.candidate, c, count);
  });
  drawPairs(random, { plan, count: counts.baselinePaired }, (b, c, count) => {
    addTo(into.pairs, `${b}:${c}`, count);
    addTo(into.baseline, b, count);
  });
}

function stratumOf(cells: Map<string, StratumTally>, metric: string, slice: string): StratumTally {
  const key = `${metric}\n${slice}`;
  const known = cells.get(key) ?? emptyTally();
  cells.set(key, known);
  return known;
}

const SIDES = ["baseline", "candidate", "pairs"] as const;

function addStratum(into: StratumTally, fresh: StratumTally): void {
  for (const side of SIDES) {
    for (const [bin, count] of fresh[side]) addTo(into[side], bin, count);
  }
}

/**
 * Waiting times are exponential, so every pending label has the same chance to come in the next step,
 * however old it is, and a count is enough to remember them by. All traffic and its slices are matured
 * apart, which leaves each of them right and only their agreement to chance.
 */
function matureStage(random: Random, tally: StageTally, chance: number): void {
  for (const [key, pending] of tally.pending) {
    const known = tally.known.get(key) ?? emptyTally();
    tally.known.set(key, known);
    for (const side of SIDES) matureSide(random, chance, { from: pending[side], to: known[side] });
  }
  tally.evidence = null;
}

function matureSide(
  random: Random,
  chance: number,
  { from, to }: { readonly from: Tally; readonly to: Tally },
): void {
  for (const [bin, count] of from) {
    const came = drawBinomial(random, count, chance);
    if (came === 0) continue;
    addTo(to, bin, came);
    if (came === count) from.delete(bin);
    else from.set(bin, count - came);
  }
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
  return [...known].map(([key, { baseline, candidate, pairs }]) => {
    const [metric = "", slice = ""] = key.split("\n");
    const stratum = {
      stageIndex,
      propensityBps,
      baseline: { bins: toBins(baseline) },
      candidate: { bins: toBins(candidate) },
      pairs: { joint: toBins(pairs) },
    };
    return { key, entry: { metric, slice, strata: [stratum] } };
  });
}

function exposureOf(tally: StageTally): StageExposure {
  const { stageIndex, propensityBps, baseline, candidate, pairs, lastObservedAtMs } = tally;
  return { stageIndex, propensityBps, baseline, candidate, pairs, excluded: {}, lastObservedAtMs };
}
