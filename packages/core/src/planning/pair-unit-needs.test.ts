import { expect, it } from "vitest";
import type { Comparison } from "../gate/criterion.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { criterion } from "../gate/testing/builders.ts";
import { rehearse } from "../rehearsal/rehearse.ts";
import type { Stage, StageKind, Strategy } from "../rollout/strategy.ts";
import { HOUR, stage, strategy } from "../../test/rollout-builders.ts";
import { planStrategy } from "./plan-strategy.ts";
import type { PlanInput, PlanRow } from "./strategy-plan.ts";

const RATE = 3_600;
/** What a plan is held against is played: half a minute where others work as well. */
const MOST_TEST_MS = 120_000;

const lasting = (kind: StageKind, hours: number): Stage =>
  stage(kind, { least: { durationSeconds: hours * HOUR, observations: 0, need: "both" } });

/** A shadow of all requests, of users, before they get the candidate. */
const shadowing = (metric: string, comparison: Comparison): Strategy => ({
  ...strategy([lasting("shadow", 24), { ...lasting("ramp", 0), shareBps: 10_000 }]),
  criteria: [criterion(metric, comparison)],
  unit: "user",
});

const rowOf = (of: Strategy, parts: Partial<PlanInput> = {}): PlanRow => {
  const input = { strategy: of, metrics: METRIC_CATALOGUE, requestsPerHour: RATE, ...parts };
  return planStrategy(input).stages[0]!.rows[0]!;
};

/** Median hours to rollback at the rollback level and at twice of it. */
function playedToDetect(of: Strategy, metric: string): readonly number[] {
  const medians = new Map<string, number | null>();
  const input = { strategy: of, metrics: METRIC_CATALOGUE, requestsPerHour: RATE };
  for (const { scenario, hoursToRollback } of rehearse({ ...input, repetitions: 50, seed: 11 })) {
    medians.set(scenario.id, hoursToRollback.median);
    if (scenario.id === `${metric}-2x`) break;
  }
  return ["1x", "2x"].map((times) => medians.get(`${metric}-${times}`) ?? Number.NaN);
}

/** Median hours until the shadow is left by a candidate that does no harm. */
function playedToClear(of: Strategy): number {
  const alone = { ...of, stages: [lasting("shadow", 0)] };
  const input = { strategy: alone, metrics: METRIC_CATALOGUE, requestsPerHour: RATE };
  const [harmless] = rehearse({ ...input, repetitions: 40, seed: 3 });
  return harmless?.medianHoursToPromote ?? Number.NaN;
}

it.each<[string, Comparison]>([
  ["error_rate", { kind: "difference", hold: 0.01, rollback: 0.03 }],
  ["refusal_rate", { kind: "ratio", hold: 1.25, rollback: 1.5 }],
  ["error_rate", { kind: "limit", hold: null, rollback: 0.05 }],
  ["quality", { kind: "relative", hold: 0.025, rollback: 0.05 }],
])(
  "a plan of a shadow by user foretells what the gate does when it is played: %s, %j",
  (metric, comparison) => {
    const of = shadowing(metric, comparison);
    const { detectOnce, detectTwice, clear } = rowOf(of).hours!;
    const played = [...playedToDetect(of, metric), playedToClear(of)];
    const planned = [detectOnce, detectTwice, clear].map(({ p50 }) => p50 ?? Number.NaN);
    for (const [index, hours] of planned.entries()) {
      // Medians of 50 are themselves off by a tenth, and looks are a minute and 4% apart.
      expect(hours / played[index]!).toBeGreaterThan(0.6);
      expect(hours / played[index]!).toBeLessThan(1.4);
    }
  },
  MOST_TEST_MS,
);

it("pairs of units that return take more by the design effect", () => {
  const of = shadowing("quality", { kind: "relative", hold: 0.01, rollback: 0.02 });
  const clearOf = (requestsPerUnit: number, correlation: number): number =>
    rowOf(of, { stickyUnits: { requestsPerUnit, correlation } }).observations!.clear.p80!;
  const single = clearOf(1, 0);
  expect(clearOf(20, 0.3) / single).toBeGreaterThan(6);
  expect(clearOf(20, 0.3) / single).toBeLessThan(9);
  // Of single pairs the normal test needs about what the bets do.
  const byRequest = rowOf({ ...of, unit: "request" }).observations!.clear.p80!;
  expect(single / byRequest).toBeGreaterThan(0.7);
  expect(single / byRequest).toBeLessThan(1.5);
});
