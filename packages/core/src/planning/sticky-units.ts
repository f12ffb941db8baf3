import type { AssignmentUnit } from "../feature/feature.ts";
import { TOP_BIN } from "../gate/bins.ts";
import type { BurnIn } from "../gate/cluster-test.ts";
import { LEAST_BUCKETS } from "../gate/cluster-test.ts";
import type { MetricDefinition } from "../gate/metric.ts";
import { UNIT_BUCKETS } from "../gate/unit-bucket.ts";
import type { ArmPopulations, Population } from "../population/population.ts";
import { UPPER_UNEVENNESS } from "../statistics/effective-units.ts";
import type { Strategy } from "../rollout/strategy.ts";
import { designEffect } from "../statistics/power.ts";

/** How units (users, conversations, tenants) return that keep one arm. An assumption, never measured. */
export type StickyUnits = {
  /** Counted requests of one unit while the evidence is gathered, at least 1. */
  readonly requestsPerUnit: number;
  /** Correlation of two observations of one unit, 0 to 1. */
  readonly correlation: number;
};

/** The milder design of the statistics' benchmark of returning users: 1.9 answers say what one would. */
const USUAL_STICKY_UNITS: StickyUnits = { requestsPerUnit: 10, correlation: 0.1 };

export type AssignedUnits = StickyUnits & { readonly unit: AssignmentUnit };

/** What is assigned to an arm as one, and how it is taken to return; null for single requests. */
export function assignedUnits(of: {
  readonly strategy: Pick<Strategy, "unit">;
  readonly unit?: AssignmentUnit;
  readonly stickyUnits?: StickyUnits;
}): AssignedUnits | null {
  const unit = of.strategy.unit ?? of.unit ?? "request";
  return unit === "request" ? null : { unit, ...(of.stickyUnits ?? USUAL_STICKY_UNITS) };
}

/** How many answers say as much as one of a unit of its own: Kish's design effect. */
export function unitInflation({ requestsPerUnit, correlation }: StickyUnits): number {
  return designEffect(requestsPerUnit, correlation);
}

/** As many units as fill enough of the groups: of 64, 41 units fill 30 on average. */
export const LEAST_UNITS = Math.ceil(
  Math.log1p(-LEAST_BUCKETS / UNIT_BUCKETS) / Math.log1p(-1 / UNIT_BUCKETS),
);

/**
 * Candidate answers before the normal test of units may speak: its burn-in of answers and of events in each
 * arm that it uses, and {@link LEAST_UNITS}.
 */
export function leastAnswers(
  { requestsPerUnit }: StickyUnits,
  of: {
    readonly burnIn: BurnIn;
    readonly metric: MetricDefinition;
    readonly arms: ArmPopulations;
    /** Probability of the candidate, in (0, 1). */
    readonly propensity: number;
    readonly usesBaseline: boolean;
    /** Of events: the candidate's rate of the rarer outcome at the edge of the null. */
    readonly nullRate?: number;
  },
): number {
  const { burnIn, metric, arms, propensity, usesBaseline, nullRate = 0 } = of;
  const forAnswers = Math.max(burnIn.perArm, LEAST_UNITS * requestsPerUnit);
  const perBaseline = propensity / (1 - propensity);
  // Events that are expected do in place of the candidate's own, each of a unit.
  const forExpected =
    nullRate > 0 ? (burnIn.events * requestsPerUnit * UPPER_UNEVENNESS) / nullRate : Infinity;
  const shares = [shareOf(metric, arms.candidate), shareOf(metric, arms.baseline)] as const;
  const forEvents = forEventsOf(burnIn, shares, usesBaseline ? perBaseline : null);
  const forBaseline = usesBaseline ? forAnswers * perBaseline : 0;
  return Math.ceil(Math.max(forAnswers, forBaseline, Math.min(forEvents, forExpected)));
}

type Shares = readonly [candidate: number | null, baseline: number | null];

/** Candidate answers until the rarer outcome has shown often enough: on both arms together, or on each. */
function forEventsOf(
  { events, eventsOf }: BurnIn,
  [candidate, baseline]: Shares,
  perBaseline: number | null,
): number {
  if (candidate === null || baseline === null) return 0;
  const rarer = (share: number): number => Math.max(1e-12, Math.min(share, 1 - share));
  if (perBaseline === null) return events / rarer(candidate);
  if (eventsOf === "each_arm") {
    return Math.max(events / rarer(candidate), (events / rarer(baseline)) * perBaseline);
  }
  const both = candidate + baseline / perBaseline;
  return events / Math.max(1e-12, Math.min(both, 1 + 1 / perBaseline - both));
}

/** The share of events where the test counts them; null where it does not. */
function shareOf({ kind, quantile }: MetricDefinition, population: Population): number | null {
  if (kind === "quantile") return quantile ?? 0.5;
  if (kind !== "binary") return null;
  return population.find(({ bin }) => bin === TOP_BIN)?.share ?? 0;
}
