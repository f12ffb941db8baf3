import { describe, expect, it } from "vitest";
import type { Criterion } from "../gate/criterion.ts";
import { totalOf } from "../gate/cells.ts";
import type { RolloutEvidence, StratumEvidence } from "../gate/evidence.ts";
import { METRIC_CATALOGUE } from "../gate/metric-catalogue.ts";
import { criterion } from "../gate/testing/builders.ts";
import { MOST_BLOCKS, neededTimes } from "../gate/windows.ts";
import type { StickyUnits } from "../planning/sticky-units.ts";
import { unitInflation } from "../planning/sticky-units.ts";
import { HOUR, stage, strategy } from "../../test/rollout-builders.ts";
import { Tally } from "./cell-tally.ts";
import { drawPlan } from "./draw-plan.ts";
import { timeNeedsOf } from "./evidence-times.ts";
import { inventReleases } from "./invented-releases.ts";
import { createTraffic } from "./invented-traffic.ts";
import { seededRandom } from "./random.ts";
import { scenariosOf } from "./scenario.ts";
import { drawUnitAnswers } from "./unit-draws.ts";

const HOUR_MS = HOUR * 1_000;
const ERRORS = { kind: "limit", hold: null, rollback: 0.05 } as const;
const EDITS = { kind: "difference", hold: 0.01, rollback: 0.02 } as const;
const SHADOW = stage("shadow");
const CANARY = stage("canary");

/** The evidence of a shadow hour and then a canary, in steps of seventy minutes, of a harmless candidate. */
function evidenceOf(
  criteria: readonly Criterion[],
  { hours, sticky = null }: { readonly hours: number; readonly sticky?: StickyUnits | null },
): RolloutEvidence {
  const of = { ...strategy([SHADOW, CANARY]), criteria };
  const [scenario] = scenariosOf(of, []);
  const traffic = createTraffic({
    random: seededRandom(7),
    releases: inventReleases(of, METRIC_CATALOGUE, scenario!),
    scenario: scenario!,
    slices: [],
    needs: timeNeedsOf(criteria, METRIC_CATALOGUE),
    sticky,
  });
  const shared = { requestsPerHour: 3_600, condition: "well" as const };
  traffic.draw({ ...shared, stage: SHADOW, stageIndex: 0, fromMs: 0, untilMs: HOUR_MS });
  for (let fromMs = HOUR_MS; fromMs < hours * HOUR_MS; fromMs += (7 / 6) * HOUR_MS) {
    const untilMs = fromMs + (7 / 6) * HOUR_MS;
    traffic.mature((untilMs - fromMs) / 1_000);
    traffic.draw({ ...shared, stage: CANARY, stageIndex: 1, fromMs, untilMs });
  }
  return traffic.evidence();
}

const answersOf = (strata: readonly StratumEvidence[]): number =>
  strata.reduce((sum, { candidate }) => sum + totalOf(candidate.bins), 0);

describe("invented evidence", () => {
  it("comes in the blocks of a criterion with over, aligned, and as much as there is", () => {
    const criteria = [criterion("error_rate", ERRORS, { overSeconds: 900 })];
    const evidence = evidenceOf(criteria, { hours: 8 });
    const [timed, ...others] = evidence.timed!;
    expect(others).toEqual([]);
    expect(timed).toMatchObject({ metric: "error_rate", slice: "*", blockSeconds: 900 });
    const starts = timed!.blocks.map(({ startMs }) => startMs);
    expect(starts).toEqual(starts.map((_, index) => index * 900_000));
    expect(answersOf(timed!.blocks.flatMap(({ strata }) => strata))).toBe(
      answersOf(evidence.metrics[0]!.strata),
    );
    // Judging needs all of it and nothing is left out: it has the bounds of what the store gives.
    expect(
      neededTimes(evidence, { criteria, metrics: METRIC_CATALOGUE, sinceMs: null }).timed,
    ).toEqual(evidence.timed);
  });

  it("of a criterion with within ends with the window, and begins in the shadow", () => {
    const both = [
      criterion("error_rate", ERRORS, { withinSeconds: 2 * HOUR }),
      criterion("error_rate", ERRORS, { id: "twice", withinSeconds: HOUR }),
    ];
    // Two windows of one metric in blocks of a minute: both are there, the wider one whole.
    const { blocks } = evidenceOf(both, { hours: 8 }).timed![0]!;
    expect(blocks[0]!.startMs).toBe(0);
    expect(blocks.at(-1)!.startMs).toBe(3 * HOUR_MS - 60_000);
    // One window alone is one block, of the same answers: 3,600 of the shadow and a tenth of two hours.
    const alone = both.slice(0, 1);
    const evidence = evidenceOf(alone, { hours: 8 });
    expect(evidence.timed![0]!.blocks).toHaveLength(1);
    const [shadow, canary] = evidence.timed![0]!.blocks[0]!.strata;
    expect(shadow).toMatchObject({ stageIndex: 0, propensityBps: 0 });
    expect(Math.abs(answersOf([canary!]) - 720)).toBeLessThan(4 * Math.sqrt(720));
    expect(
      neededTimes(evidence, { criteria: alone, metrics: METRIC_CATALOGUE, sinceMs: null }).timed,
    ).toEqual(evidence.timed);
  });

  it("holds late labels back, and says when the requests were", () => {
    const criteria = [criterion("edit_rate", EDITS)];
    const evidence = evidenceOf(criteria, { hours: 60 });
    const answered = evidence.exposures[1]!.candidate;
    const known = answersOf(evidence.metrics[0]!.strata);
    expect(known).toBeGreaterThan(0.9 * answered);
    expect(known).toBeLessThan(0.99 * answered);
    const [counted] = evidence.timed!;
    expect(counted).toMatchObject({ metric: "error_rate", blockSeconds: 240 });
    expect(counted!.blocks.length).toBeLessThanOrEqual(MOST_BLOCKS);
    expect(answersOf(counted!.blocks.flatMap(({ strata }) => strata))).toBe(answered);
    expect(
      neededTimes(evidence, { criteria, metrics: METRIC_CATALOGUE, sinceMs: null }).timed,
    ).toEqual(evidence.timed);
  });

  it("counts by group where units return", () => {
    const sticky = { requestsPerUnit: 10, correlation: 0.1 };
    const evidence = evidenceOf([criterion("error_rate", ERRORS)], { hours: 24, sticky });
    const { candidate, baseline } = evidence.metrics[0]!.strata[1]!;
    for (const { bins, units } of [candidate, baseline]) {
      expect(totalOf(units!)).toBe(totalOf(bins));
      const groups = new Set(Object.keys(units!).map((key) => key.split(":")[0]));
      expect(groups.size).toBe(64);
    }
    const { candidate: exposed } = evidence.exposures[1]!;
    expect(exposed).toBe(totalOf(candidate.bins));
    expect(exposed % 10).toBe(0);
    // The hour in shadow: pairs of 360 users, ten of each.
    const { pairs } = evidence.metrics[0]!.strata[0]!;
    expect(totalOf(pairs.units!)).toBe(totalOf(pairs.joint));
    expect(new Set(Object.keys(pairs.units!).map((key) => key.split(":")[0])).size).toBe(64);
    expect(totalOf(pairs.joint)).toBe(evidence.exposures[0]!.pairs);
  });

  it.each([
    [10, 0.1, 1],
    [20, 0.3, 1],
    [20, 0.3, 40],
    [2.5, 0.5, 3],
  ])("of %d requests correlated by %d varies by the design effect (%d units a group)", (...of) => {
    const [requestsPerUnit, correlation, perGroup] = of;
    const sticky = { requestsPerUnit, correlation };
    const random = seededRandom(3);
    const rate = 0.2;
    const population = [
      { bin: 0, share: 1 - rate },
      { bin: 100, share: rate },
    ];
    const plan = drawPlan({ baseline: population, candidate: population }, [0, 100]);
    const rounds = 2_000;
    const units = 64 * perGroup;
    const excesses = Array.from({ length: rounds }, () => {
      const tally = new Tally(64 * 2);
      drawUnitAnswers(random, { plan, side: "candidate", units, sticky }, tally);
      let [answers, events] = [0, 0];
      for (const [place, count] of tally.counts.entries()) {
        answers += count;
        if (place % 2 === 1) events += count;
      }
      return (events - rate * answers) ** 2 / (rate * (1 - rate) * answers);
    });
    const found = excesses.reduce((sum, excess) => sum + excess, 0) / rounds;
    // A squared normal has variance 2: three standard errors of the mean.
    const bound = 3 * Math.sqrt(2 / rounds) * unitInflation(sticky) + 0.05;
    expect(Math.abs(found - unitInflation(sticky))).toBeLessThan(bound);
  });

  it("pairs of units vary by the design effect in how the two answers differ", () => {
    const sticky = { requestsPerUnit: 20, correlation: 0.3 };
    const random = seededRandom(3);
    const populationOf = (rate: number) => [
      { bin: 0, share: 1 - rate },
      { bin: 100, share: rate },
    ];
    const arms = { baseline: populationOf(0.1), candidate: populationOf(0.2) };
    const plan = drawPlan(arms, [0, 100]);
    // Half have the same rank: 0.1 of those differ. Of the others 0.18 and 0.08.
    const [mean, square] = [0.1, 0.5 * 0.1 + 0.5 * 0.26];
    const rounds = 2_000;
    let sum = 0;
    for (let round = 0; round < rounds; round += 1) {
      const tally = new Tally(0);
      drawUnitAnswers(random, { plan, side: "pairs", units: 64 * 4, sticky }, tally);
      let [pairs, difference] = [0, 0];
      for (const place of tally.filled) {
        const count = tally.counts[place]!;
        pairs += count;
        difference += count * ((place % 2) - (Math.floor(place / 2) % 2));
      }
      sum += (difference - mean * pairs) ** 2 / ((square - mean * mean) * pairs);
    }
    const bound = 3 * Math.sqrt(2 / rounds) * unitInflation(sticky) + 0.05;
    expect(Math.abs(sum / rounds - unitInflation(sticky))).toBeLessThan(bound);
  });
});
