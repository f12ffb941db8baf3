import type { AssignmentUnit } from "../feature/feature.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import type { SliceShare } from "../planning/strategy-plan.ts";
import type { StickyUnits } from "../planning/sticky-units.ts";
import { assignedUnits } from "../planning/sticky-units.ts";
import { withExpected } from "../rollout/gate-input.ts";
import type { Strategy } from "../rollout/strategy.ts";
import { inventReleases } from "./invented-releases.ts";
import type { PlayedRollout } from "./play-rollout.ts";
import { playRollout } from "./play-rollout.ts";
import { seededRandom } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { scenariosOf } from "./scenario.ts";

export type RehearsalInput = {
  readonly strategy: Strategy;
  /** With what the baseline shows of each, where the strategy does not say. */
  readonly metrics: readonly MetricDefinition[];
  /** Counted requests of the feature per hour, > 0. */
  readonly requestsPerHour: number;
  readonly slices?: readonly SliceShare[];
  /** The feature's own unit of assignment, where the strategy names none. Absent: the request. */
  readonly unit?: AssignmentUnit;
  /** How units return where they are not requests; USUAL_STICKY_UNITS when left out. */
  readonly stickyUnits?: StickyUnits;
  readonly repetitions: number;
  readonly seed: number;
};

/**
 * What came of all repetitions of one scenario. Times and people are quantiles over all of them: null when
 * fewer than that share were rolled back, for then there is no such time.
 */
export type ScenarioResult = {
  readonly scenario: Scenario;
  readonly repetitions: number;
  readonly rolledBack: number;
  readonly promoted: number;
  readonly undecided: number;
  readonly open: number;
  /**
   * Chance of a rollback within the strategy's `known_within` (30 minutes unless it says) of the harm's
   * beginning.
   */
  readonly rolledBackInTime: number;
  readonly hoursToRollback: { readonly median: number | null; readonly p95: number | null };
  /** Requests that the candidate answered to people from the harm's beginning to the end. */
  readonly exposed: { readonly median: number; readonly p95: number };
  /** Among those that were promoted, since the start; null when none was. */
  readonly medianHoursToPromote: number | null;
};

const DEFAULT_KNOWN_WITHIN_SECONDS = 1_800;

/** Within what time it should be known that a candidate is broken. */
export function knownWithin({ rehearsal }: Strategy): number {
  return rehearsal?.knownWithinSeconds ?? DEFAULT_KNOWN_WITHIN_SECONDS;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LEAST_HORIZON_MS = 7 * DAY_MS;
const MOST_HORIZON_MS = 60 * DAY_MS;

/**
 * Plays a strategy against invented candidates, each many times, and yields what came of each. The gate and
 * the transition function are the real ones. Deterministic: every repetition has its own stream of
 * numbers from (seed, scenario, repetition), so that more repetitions leave the first ones as they were.
 */
export function* rehearse(input: RehearsalInput): Generator<ScenarioResult> {
  const { slices = [] } = input;
  for (const [index, scenario] of scenariosOf(input.strategy, slices).entries()) {
    yield rehearseScenario(input, scenario, index);
  }
}

/** One scenario; `stream` keeps its numbers apart from those of the others. */
function rehearseScenario(
  input: RehearsalInput,
  scenario: Scenario,
  stream: number,
): ScenarioResult {
  const { slices = [], requestsPerHour } = input;
  const metrics = input.metrics.map((metric) => withExpected(metric, input.strategy));
  const stages = input.strategy.stages.filter(({ kind }) => kind !== "evaluate");
  // As a rollout freezes them: a slice that is not listed is not judged.
  const judged = input.strategy.slices ?? slices.map(({ name }) => name);
  const strategy = { ...input.strategy, stages, slices: judged };
  const releases = inventReleases(strategy, metrics, scenario);
  const horizonMs = horizonOf(strategy);
  const sticky = assignedUnits(input);
  const played = Array.from({ length: input.repetitions }, (_, repetition) => {
    const random = seededRandom(input.seed, stream, repetition);
    return playRollout({
      strategy,
      metrics,
      requestsPerHour,
      slices,
      sticky,
      scenario,
      releases,
      random,
      horizonMs,
    });
  });
  return summarise(scenario, played, knownWithin(input.strategy) / 3_600);
}

/** Twice the least durations, or all the longest ones; between a week and sixty days. */
function horizonOf({ stages }: Strategy): number {
  const seconds = stages.reduce(
    (sum, { least, mostSeconds }) => sum + (mostSeconds ?? 2 * least.durationSeconds),
    0,
  );
  return Math.min(MOST_HORIZON_MS, Math.max(LEAST_HORIZON_MS, seconds * 1_000));
}

function summarise(
  scenario: Scenario,
  played: readonly PlayedRollout[],
  withinHours: number,
): ScenarioResult {
  const count = played.length;
  const shareOf = (is: (one: PlayedRollout) => boolean): number =>
    count === 0 ? 0 : played.filter(is).length / count;
  const ended = (end: PlayedRollout["end"]) => shareOf((one) => one.end === end);
  const rollbackHours = played.map(({ end, hours }) =>
    end === "rolled_back" ? hours : Number.POSITIVE_INFINITY,
  );
  const finite = (found: number): number | null => (Number.isFinite(found) ? found : null);
  const exposed = played.map((one) => one.exposed);
  const promotions = played.filter(({ end }) => end === "promoted");
  const promotionHours = promotions.map(({ totalHours }) => totalHours);
  return {
    scenario,
    repetitions: count,
    rolledBack: ended("rolled_back"),
    promoted: ended("promoted"),
    undecided: ended("undecided"),
    open: ended("open"),
    rolledBackInTime: shareOf(
      ({ end, hours }) => end === "rolled_back" && hours <= withinHours + 1e-9,
    ),
    hoursToRollback: {
      median: finite(quantile(rollbackHours, 0.5)),
      p95: finite(quantile(rollbackHours, 0.95)),
    },
    exposed: { median: quantile(exposed, 0.5), p95: quantile(exposed, 0.95) },
    medianHoursToPromote: promotions.length === 0 ? null : quantile(promotionHours, 0.5),
  };
}

/** The smallest value with at least the share `p` at or below it. */
function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
}
