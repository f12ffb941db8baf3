import type { MetricDefinition } from "@spillway/core";
import { findMetric } from "@spillway/core";
import type { Policy } from "./comparators.ts";
import type { OutcomeOf } from "./traffic.ts";

const DAY_MINUTES = 1440;
export const WEEK_MINUTES = 7 * DAY_MINUTES;

/**
 * A metric of the catalogue, with what its feature's history says. Its numbers come with the answer, as in
 * all cells but those of group H: a rate that comes late has tests of its own.
 */
export function metricOf(name: string, expected?: MetricDefinition["expected"]): MetricDefinition {
  const metric = { ...known(name), expectedDelaySeconds: 0 };
  return expected === undefined ? metric : { ...metric, expected };
}

/** The same with events that are known so long after the answer. */
export function lateMetricOf(
  name: string,
  { expected, medianMinutes }: { readonly expected: number; readonly medianMinutes: number },
): MetricDefinition {
  return {
    ...known(name),
    expected: { value: expected },
    expectedDelaySeconds: 60 * medianMinutes,
  };
}

function known(name: string): MetricDefinition {
  const metric = findMetric(name);
  if (metric === undefined) throw new RangeError(`No metric is called ${name}.`);
  return metric;
}

/** Events, of which more is worse. */
export const eventOutcome: OutcomeOf = (bin) => {
  const value = bin / 100;
  return { value, naive: value };
};

/** Scores in [0, 1], of which less is worse. */
export const scoreOutcome: OutcomeOf = (bin) => {
  const value = -bin / 100;
  return { value, naive: value };
};

const NO_HARM = { ratio: 1, offset: 0 };

export type DifferencePolicy = {
  readonly rollback: number;
  readonly margin?: number;
  readonly minutes?: number;
};

/** Harm is a difference of rates. */
export function differencePolicy({
  rollback,
  margin = rollback,
  minutes = DAY_MINUTES,
}: DifferencePolicy): Policy {
  return {
    isBinary: true,
    none: NO_HARM,
    rollback: { ratio: 1, offset: rollback },
    margin: { ratio: 1, offset: margin },
    effect: rollback,
    minutes,
  };
}

export type RatioPolicy = {
  /** Ratio of the means (turned so that larger is worse) at rollback and at the promotion margin. */
  readonly rollback: number;
  readonly margin?: number;
  readonly mean: number;
  readonly isBinary: boolean;
};

/** Harm is a ratio of means. */
export function ratioPolicy({ rollback, margin = rollback, mean, isBinary }: RatioPolicy): Policy {
  return {
    isBinary,
    none: NO_HARM,
    rollback: { ratio: rollback, offset: 0 },
    margin: { ratio: margin, offset: 0 },
    effect: Math.abs(rollback - 1) * mean,
    minutes: DAY_MINUTES,
  };
}
