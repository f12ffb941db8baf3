import type {
  EvidenceCell,
  MetricDefinition,
  MetricEvidence,
  PairCell,
  Rollout,
  RolloutEvidence,
  StageExposure,
} from "../../../core/src/index.ts";
import {
  ALL_TRAFFIC,
  currentStage,
  emptyCell,
  emptyPairCell,
  mergeEvidence,
  routeOf,
} from "../../../core/src/index.ts";
import type { Behaviour } from "./behaviour.ts";
import { drawCell, drawPairs } from "./behaviour.ts";
import type { Chance } from "./chance.ts";
import type { World } from "./world.ts";

/** What people do with an answer they saw; a shadow has none of it. */
const FEEDBACK = ["edit_rate", "correction_rate"];
/** What is told by two answers to one input; without a shadow there is none of it. */
const OF_PAIRS = ["divergence", "disagreement"];

export type ObservedHours = {
  readonly exposed: number;
  readonly addTo: (evidence: RolloutEvidence) => RolloutEvidence;
};

/** The evidence of some hours of traffic, split as the rollout splits it now. */
export function observeHours(of: {
  readonly rollout: Rollout;
  readonly world: World;
  readonly metrics: readonly MetricDefinition[];
  readonly chance: Chance;
  readonly fromHour: number;
  readonly hours: number;
}): ObservedHours {
  const { rollout, world, chance, hours } = of;
  const route = routeOf(rollout);
  if (route === null) return { exposed: 0, addTo: (evidence) => evidence };
  const requests = Math.round(world.perHour * hours);
  const candidate = chance.binomial(requests, route.shareBps / 10_000);
  const counts = {
    candidate,
    baseline: requests - candidate,
    pairs: chance.binomial(requests, route.shadowBps / 10_000),
    ring: route.rings === undefined ? 0 : Math.round((world.ringPerHour ?? 0) * hours),
  };
  const place = { stageIndex: route.stageIndex, propensityBps: route.shareBps };
  const exposure: StageExposure = {
    ...place,
    baseline: counts.baseline,
    candidate: counts.candidate,
    pairs: counts.pairs,
    excluded: counts.ring === 0 ? {} : { ring: counts.ring },
    lastObservedAtMs: null,
  };
  const arms = behavioursAt(world, of.fromHour);
  const judged = new Set(rollout.strategy.criteria.map((criterion) => criterion.metric));
  const metrics = of.metrics
    .filter(({ name }) => judged.has(name) && Object.hasOwn(world.baseline, name))
    .flatMap((metric) => evidenceOf(metric, { arms, counts, place, chance }));
  const isRing = currentStage(rollout)?.ring !== undefined;
  return {
    exposed: counts.candidate + (isRing ? counts.ring : 0),
    addTo: (evidence) => mergeEvidence(evidence, { metrics, exposures: [exposure] }),
  };
}

type Arms = { readonly baseline: Behaviour; readonly candidate: Behaviour };

function behavioursAt({ baseline, candidate, outage }: World, hour: number): Arms {
  if (outage === undefined || hour < outage.fromHour || hour >= outage.toHour) {
    return { baseline, candidate };
  }
  return {
    baseline: { ...baseline, ...outage.both },
    candidate: { ...candidate, ...outage.both },
  };
}

function evidenceOf(
  metric: MetricDefinition,
  of: {
    readonly arms: Arms;
    readonly counts: Readonly<Record<"baseline" | "candidate" | "pairs" | "ring", number>>;
    readonly place: { readonly stageIndex: number; readonly propensityBps: number };
    readonly chance: Chance;
  },
): MetricEvidence[] {
  const { arms, counts, place, chance } = of;
  const levelOf = (arm: keyof Arms): number => arms[arm][metric.name] ?? 0;
  const isOfPairs = OF_PAIRS.includes(metric.name);
  const arm = (name: keyof Arms): EvidenceCell =>
    isOfPairs ? emptyCell() : drawCell(metric, levelOf(name), { count: counts[name], chance });
  const pairs: PairCell = FEEDBACK.includes(metric.name)
    ? emptyPairCell()
    : drawPairs(
        metric,
        { baseline: levelOf("baseline"), candidate: levelOf("candidate") },
        { count: counts.pairs, chance },
      );
  const strata = [{ ...place, baseline: arm("baseline"), candidate: arm("candidate"), pairs }];
  const harms = metric.kind === "binary" && metric.direction === "lower_is_better";
  const events = harms ? chance.binomial(counts.ring, levelOf("candidate")) : 0;
  if (events > 0) {
    // A ring's members are no sample: only their harmful answers are kept, at a share of 0.
    const ring = { baseline: emptyCell(), pairs: emptyPairCell() };
    const candidate = { bins: { "100": events } };
    strata.push({ ...ring, candidate, stageIndex: place.stageIndex, propensityBps: 0 });
  }
  return [{ metric: metric.name, slice: ALL_TRAFFIC, strata }];
}
