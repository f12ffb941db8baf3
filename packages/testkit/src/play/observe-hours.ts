import type {
  EvidenceBlock,
  EvidenceCell,
  MetricDefinition,
  MetricEvidence,
  PairCell,
  Rollout,
  RolloutEvidence,
  StageExposure,
  TimedEvidence,
} from "../../../core/src/index.ts";
import {
  ALL_TRAFFIC,
  currentStage,
  emptyCell,
  emptyPairCell,
  mergeEvidence,
  routeOf,
  timedNeeds,
  UNIT_BUCKETS,
} from "../../../core/src/index.ts";
import type { Behaviour } from "./behaviour.ts";
import { drawCell, drawPairs } from "./behaviour.ts";
import type { Chance } from "./chance.ts";
import type { World } from "./world.ts";

/** What people do with an answer they saw; a shadow has none of it. */
const FEEDBACK = ["edit_rate", "correction_rate"];
/** What is told by two answers to one input; without a shadow there is none of it. */
const OF_PAIRS = ["divergence", "disagreement"];

const HOUR_MS = 3_600_000;

export type ObservedHours = {
  readonly exposed: number;
  /** What these hours come to, and after how long each part of it is known. */
  readonly parts: readonly { readonly delayHours: number; readonly evidence: RolloutEvidence }[];
};

/**
 * The evidence of some hours of traffic, split as the rollout splits it now: in all and by slice, by time
 * where a criterion or a label's delay asks for it, and by group of units where these return.
 */
export function observeHours(of: {
  readonly rollout: Rollout;
  readonly world: World;
  readonly metrics: readonly MetricDefinition[];
  readonly chance: Chance;
  readonly startMs: number;
  readonly fromHour: number;
  readonly hours: number;
}): ObservedHours {
  const { rollout, world, hours } = of;
  const route = routeOf(rollout);
  if (route === null) return { exposed: 0, parts: [] };
  const judged = new Set(rollout.strategy.criteria.map((criterion) => criterion.metric));
  const needs = timedNeeds(rollout.strategy.criteria, of.metrics);
  const wanted = new Set([...judged, ...needs.map(({ metric }) => metric)]);
  const metrics = of.metrics.filter(
    // What is asked for only to count requests in time is there whatever the world is like.
    ({ name }) => wanted.has(name) && (!judged.has(name) || Object.hasOwn(world.baseline, name)),
  );
  const isSticky = (route.unit ?? "request") !== "request";
  const stepHours = Math.min(hours, ...needs.map(({ blockSeconds }) => blockSeconds / 3_600));
  const parts: { delayHours: number; evidence: RolloutEvidence }[] = [];
  let exposed = 0;
  for (let step = 0; step < Math.round(hours / stepHours); step += 1) {
    const fromHour = of.fromHour + step * stepHours;
    const counts = countsIn(of, { route, hours: stepHours });
    const atMs = of.startMs + fromHour * HOUR_MS;
    const place = { stageIndex: route.stageIndex, propensityBps: route.shareBps };
    const arms = behavioursAt(world, fromHour);
    const moment = { arms, counts, place, chance: of.chance, world, isSticky };
    parts.push({
      delayHours: 0,
      evidence: { metrics: [], exposures: [exposureOf(counts, { place, atMs, stepHours })] },
    });
    for (const metric of metrics) {
      const seen = evidenceOf(metric, moment);
      const timed = needs
        .filter((need) => need.metric === metric.name)
        .flatMap(({ blockSeconds }) =>
          seen.map((entry): TimedEvidence => {
            const blockMs = blockSeconds * 1_000;
            const startMs = Math.floor(atMs / blockMs) * blockMs;
            const block: EvidenceBlock = { startMs, strata: entry.strata };
            return { metric: metric.name, slice: entry.slice, blockSeconds, blocks: [block] };
          }),
        );
      const delayHours = (metric.expectedDelaySeconds ?? 0) / 3_600;
      parts.push({ delayHours, evidence: { metrics: seen, exposures: [], timed } });
    }
    const isRing = currentStage(rollout)?.ring !== undefined;
    exposed += counts.candidate + (isRing ? counts.ring : 0);
  }
  return { exposed, parts: byDelay(parts) };
}

/** Parts that are known at once are one. */
function byDelay(parts: ObservedHours["parts"]): ObservedHours["parts"] {
  return [...Map.groupBy(parts, ({ delayHours }) => delayHours)].map(([delayHours, of]) => ({
    delayHours,
    evidence: of
      .map(({ evidence }) => evidence)
      .reduce((all, one) => mergeEvidence(all, { timed: [], ...one })),
  }));
}

type Counts = Readonly<Record<"baseline" | "candidate" | "pairs" | "ring", number>>;

function countsIn(
  { world, chance }: { readonly world: World; readonly chance: Chance },
  of: { readonly route: NonNullable<ReturnType<typeof routeOf>>; readonly hours: number },
): Counts {
  const { route, hours } = of;
  const requests = chance.whole(world.perHour * hours);
  const candidate = chance.binomial(requests, route.shareBps / 10_000);
  return {
    candidate,
    baseline: requests - candidate,
    pairs: chance.binomial(requests, route.shadowBps / 10_000),
    ring: route.rings === undefined ? 0 : chance.whole((world.ringPerHour ?? 0) * hours),
  };
}

type Place = { readonly stageIndex: number; readonly propensityBps: number };

function exposureOf(
  counts: Counts,
  of: { readonly place: Place; readonly atMs: number; readonly stepHours: number },
): StageExposure {
  return {
    ...of.place,
    baseline: counts.baseline,
    candidate: counts.candidate,
    pairs: counts.pairs,
    excluded: counts.ring === 0 ? {} : { ring: counts.ring },
    firstObservedAtMs: of.atMs,
    lastObservedAtMs: of.atMs + of.stepHours * HOUR_MS - 1,
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

type Moment = {
  readonly arms: Arms;
  readonly counts: Counts;
  readonly place: Place;
  readonly chance: Chance;
  readonly world: World;
  readonly isSticky: boolean;
};

/** Of all traffic, and of each slice; what is in no slice is drawn by itself. */
function evidenceOf(metric: MetricDefinition, of: Moment): MetricEvidence[] {
  const slices = of.world.slices ?? {};
  const names = [...Object.keys(slices), ALL_TRAFFIC];
  const shares = Object.values(slices);
  const rest = 1 - shares.reduce((sum, share) => sum + share, 0);
  const split = (count: number) => of.chance.spread(count, [...shares, rest]);
  const [baseline, candidate] = [split(of.counts.baseline), split(of.counts.candidate)];
  const pairs = split(of.counts.pairs);
  const drawn = names.map((slice, index): MetricEvidence => {
    const ring = slice === ALL_TRAFFIC ? of.counts.ring : 0;
    const counts = {
      baseline: baseline[index] ?? 0,
      candidate: candidate[index] ?? 0,
      pairs: pairs[index] ?? 0,
      ring,
    };
    return { metric: metric.name, slice, strata: strataOf(metric, { ...of, counts }) };
  });
  const sum = drawn
    .map((entry): RolloutEvidence => ({
      metrics: [{ ...entry, slice: ALL_TRAFFIC }],
      exposures: [],
    }))
    .reduce(mergeEvidence);
  return [...sum.metrics, ...drawn.filter(({ slice }) => slice !== ALL_TRAFFIC)];
}

function strataOf(metric: MetricDefinition, of: Moment): MetricEvidence["strata"] {
  const { arms, counts, place, chance } = of;
  const levelOf = (arm: keyof Arms): number => arms[arm][metric.name] ?? 0;
  const isOfPairs = OF_PAIRS.includes(metric.name);
  const arm = (name: keyof Arms): EvidenceCell =>
    isOfPairs ? emptyCell() : drawArm(metric, levelOf(name), { ...of, count: counts[name] });
  const levels = { baseline: levelOf("baseline"), candidate: levelOf("candidate") };
  const pairs = FEEDBACK.includes(metric.name)
    ? emptyPairCell()
    : drawPairsOf(metric, levels, { ...of, count: counts.pairs });
  const strata = [{ ...place, baseline: arm("baseline"), candidate: arm("candidate"), pairs }];
  const harms = metric.kind === "binary" && metric.direction === "lower_is_better";
  const events = harms ? chance.binomial(counts.ring, levelOf("candidate")) : 0;
  if (events > 0) {
    // A ring's members are no sample: only their harmful answers are kept, at a share of 0.
    const ring = { baseline: emptyCell(), pairs: emptyPairCell() };
    const candidate = { bins: { "100": events } };
    strata.push({ ...ring, candidate, stageIndex: place.stageIndex, propensityBps: 0 });
  }
  return strata;
}

/** Where units return, each answer is of one of many users, who fall to the groups alike. */
function drawArm(
  metric: MetricDefinition,
  level: number,
  of: { readonly count: number; readonly chance: Chance; readonly isSticky: boolean },
): EvidenceCell {
  const { count, chance, isSticky } = of;
  if (!isSticky) return drawCell(metric, level, { count, chance });
  const { counts, units } = byGroup(of, (inGroup) => {
    return drawCell(metric, level, { count: inGroup, chance }).bins;
  });
  return { bins: counts, units };
}

function drawPairsOf(
  metric: MetricDefinition,
  levels: Record<keyof Arms, number>,
  of: { readonly count: number; readonly chance: Chance; readonly isSticky: boolean },
): PairCell {
  const { count, chance, isSticky } = of;
  if (!isSticky) return drawPairs(metric, levels, { count, chance });
  const { counts, units } = byGroup(of, (inGroup) => {
    return drawPairs(metric, levels, { count: inGroup, chance }).joint;
  });
  return { joint: counts, units };
}

type Counted = Readonly<Record<string, number>>;

/** Spreads over the groups of units, and draws what each counts: in all, and by group. */
function byGroup(
  { count, chance }: { readonly count: number; readonly chance: Chance },
  draw: (inGroup: number) => Counted,
): { readonly counts: Counted; readonly units: Counted } {
  const counts: Record<string, number> = {};
  const units: Record<string, number> = {};
  const even = Array.from({ length: UNIT_BUCKETS }, () => 1 / UNIT_BUCKETS);
  for (const [group, inGroup] of chance.spread(count, even).entries()) {
    if (inGroup === 0) continue;
    for (const [bins, seen] of Object.entries(draw(inGroup))) {
      counts[bins] = (counts[bins] ?? 0) + seen;
      units[`${group}:${bins}`] = seen;
    }
  }
  return { counts, units };
}
