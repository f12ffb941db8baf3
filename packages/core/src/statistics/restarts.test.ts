import { describe, expect, it } from "vitest";
import { mixGrid } from "./bet-grid.ts";
import type { DriftDesign } from "./drift-detector.ts";
import { assessDrift, driftDeviation } from "./drift-detector.ts";
import { rateRatioStageLogs } from "./rate-ratio.ts";
import {
  closeBlock,
  NO_BLOCKS,
  restartLogE,
  restartStateLogE,
  restartWeights,
} from "./restarts.ts";
import { allowedCount, seededNormal, seededRandom } from "./testing/e-process.ts";

const DESIGN = { nullRatio: 1, designRatio: 1.5, direction: 1 as const };
const ALARM = Math.log(20);

/**
 * An hour in which the candidate's error rate is `ratio` times the baseline's 3%, at a share of
 * 10%.
 */
function hour(random: () => number, ratio: number): number[] {
  let [candidateEvents, baselineEvents] = [0, 0];
  for (let request = 0; request < 1200; request += 1) {
    const isCandidate = random() < 0.1;
    if (random() >= 0.03 * (isCandidate ? ratio : 1)) continue;
    if (isCandidate) candidateEvents += 1;
    else baselineEvents += 1;
  }
  return rateRatioStageLogs({ propensity: 0.1, candidateEvents, baselineEvents }, DESIGN);
}

const plainLogE = (blocks: readonly (readonly number[])[]): number =>
  mixGrid((blocks[0] ?? []).map((_, j) => blocks.reduce((sum, block) => sum + block[j]!, 0)));

describe("weighted restarts", () => {
  it("the weights are half on the start, the rest even, and sum to one", () => {
    for (const planned of [1, 2, 24, 168]) {
      const weights = restartWeights(planned);
      expect(weights).toHaveLength(planned);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    }
    expect(restartWeights(24)[0]).toBe(0.5);
  });

  it("find harm that starts after a healthy half day sooner than the plain test", () => {
    const random = seededRandom(7);
    const healthy = Array.from({ length: 12 }, () => hour(random, 1));
    const alarmAfter = (logE: (blocks: readonly number[][]) => number): number => {
      const blocks = [...healthy];
      const harmful = seededRandom(8);
      while (logE(blocks) < ALARM) blocks.push(hour(harmful, 3));
      return blocks.length - healthy.length;
    };
    const withRestarts = alarmAfter((blocks) => restartLogE(blocks, 24));
    expect(withRestarts).toBeLessThan(alarmAfter(plainLogE));
  });

  it("cost at most the share of the start when harm is there from the beginning", () => {
    const random = seededRandom(9);
    const blocks = Array.from({ length: 6 }, () => hour(random, 2));
    expect(restartLogE(blocks, 24)).toBeGreaterThanOrEqual(plainLogE(blocks) + Math.log(0.5));
  });

  it("stay finite where the factors themselves would overflow or vanish", () => {
    const huge = Array.from({ length: 9 }, () => 900);
    const tiny = Array.from({ length: 9 }, () => -900);
    expect(restartLogE([huge, huge, tiny, huge], 8)).toBeGreaterThan(1700);
    // Cash for the restarts still to come is left: 6 of 7 later shares of a half.
    expect(restartLogE([tiny, tiny], 8)).toBeCloseTo(Math.log((0.5 * 6) / 7), 12);
    // All weight is spent, and the last block's own share is all there is.
    expect(restartLogE([tiny, tiny], 2)).toBeLessThan(-900);
  });

  it("keep a state of constant size that survives JSON to the bit", () => {
    const random = seededRandom(11);
    const blocks = Array.from({ length: 30 }, () => hour(random, 1.4));
    const weights = restartWeights(24);
    let state = NO_BLOCKS;
    for (const [index, block] of blocks.entries()) {
      state = JSON.parse(JSON.stringify(closeBlock(state, block, weights))) as typeof state;
      const all = restartLogE(blocks.slice(0, index + 1), 24);
      expect(restartStateLogE(state, weights)).toBe(all);
    }
    expect(state.logs).toHaveLength(9);
  });

  it("raise a false alarm in at most 5% of healthy days, looking each hour", () => {
    const runs = 150;
    let alarms = 0;
    for (let run = 0; run < runs; run += 1) {
      const random = seededRandom(1000 + run);
      const blocks: number[][] = [];
      let isAlarmed = false;
      for (let time = 0; time < 24; time += 1) {
        blocks.push(hour(random, 1));
        isAlarmed ||= restartLogE(blocks, 24) >= ALARM;
      }
      if (isAlarmed) alarms += 1;
    }
    expect(alarms).toBeLessThanOrEqual(allowedCount(0.05, runs));
  });
});

describe("drift detector without a control arm", () => {
  const design = (rest: Partial<DriftDesign>): DriftDesign => ({
    tolerance: 0,
    drop: 0.05,
    deviation: 0.03,
    direction: -1,
    averageRunLength: 60,
    ...rest,
  });
  const quiet = (random: () => number, hours: number, shift: number) =>
    Array.from({ length: hours }, () => {
      const reference = 0.8;
      return { reference, mean: reference - shift + 0.03 * seededNormal(random) };
    });

  it("runs at least as long as promised between false alarms, on average", () => {
    const runs = 200;
    const longest = 500;
    let total = 0;
    for (let run = 0; run < runs; run += 1) {
      const blocks = quiet(seededRandom(500 + run), longest, 0);
      // A run without an alarm counts with the length that was watched: an underestimate.
      total += (assessDrift(blocks, design({})).alarmAt ?? longest) + 1;
    }
    expect(total / runs).toBeGreaterThanOrEqual(60);
  });

  it("sees a fall of the designed size within half a day, and says when", () => {
    const random = seededRandom(42);
    const blocks = [...quiet(random, 48, 0), ...quiet(random, 24, 0.05)];
    const { alarmAt, logStatistic } = assessDrift(blocks, design({ averageRunLength: 730 }));
    expect(alarmAt).toBeGreaterThanOrEqual(48);
    expect(alarmAt).toBeLessThan(60);
    expect(logStatistic).toBeGreaterThan(Math.log(730));
  });

  it("does not see what is within the tolerance, nor a move in the good direction", () => {
    const options = { tolerance: 0.02, averageRunLength: 4380 };
    const small = quiet(seededRandom(43), 336, 0.01);
    const better = quiet(seededRandom(44), 336, -0.05);
    expect(assessDrift(small, design(options)).alarmAt).toBeNull();
    expect(assessDrift(better, design(options)).alarmAt).toBeNull();
    expect(assessDrift(better, design({ ...options, direction: 1 })).alarmAt).not.toBeNull();
  });

  it("takes a deviation that allows for an estimated reference", () => {
    expect(driftDeviation(0.03)).toBeCloseTo(0.03 * 1.2 * Math.sqrt(1.25), 12);
    expect(assessDrift([], design({}))).toEqual({ logStatistic: -Infinity, alarmAt: null });
  });
});
