import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLUSTER_BUCKETS, clusteredMean, mergeBuckets } from "./cluster-variance.ts";
import type { NormalStratum } from "./normal-contrast.ts";
import { allowedCount, seededRandom } from "./testing/e-process.ts";
import {
  bucketArm,
  estimateContrast,
  momentArm,
  normalBurnIn,
  normalContrastLogE,
  rateArm,
} from "./normal-contrast.ts";

const NO_HARM = { ratio: 1, offset: 0, direction: 1 as const };
const ALARM = Math.log(20);
const DESIGN = { direction: 1 as const, effect: 0.04, alpha: 0.05 };
const harmLogE = (strata: readonly NormalStratum[]): number =>
  normalContrastLogE(estimateContrast(strata, NO_HARM), DESIGN);

describe("variance between hash buckets", () => {
  const sums = fc
    .array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 8, maxLength: 8 })
    .map((buckets) => ({
      counts: buckets.map(([count]) => count),
      sums: buckets.map(([count, sum]) => Math.min(count, sum)),
    }));

  it("is that of the mean of bucket means when all buckets are of one size", () => {
    const means = [0.1, 0.4, 0.2, 0.3];
    const size = 25;
    const seen = clusteredMean({
      counts: means.map(() => size),
      sums: means.map((mean) => mean * size),
    });
    const mean = 0.25;
    const sample = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3;
    expect(seen?.mean).toBeCloseTo(mean, 12);
    expect(seen?.variance).toBeCloseTo(sample / 4, 12);
    expect(seen?.buckets).toBe(4);
  });

  it("does not depend on the order of buckets or shards", () => {
    fc.assert(
      fc.property(sums, sums, (left, right) => {
        const merged = mergeBuckets(left, right);
        expect(mergeBuckets(right, left)).toEqual(merged);
        const turned = { counts: merged.counts.toReversed(), sums: merged.sums.toReversed() };
        const [one, two] = [clusteredMean(merged), clusteredMean(turned)];
        expect(two?.mean).toBe(one?.mean);
        if (one !== null && Number.isFinite(one.variance)) {
          expect(two?.variance).toBeCloseTo(one.variance, 10);
        }
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it("says nothing of an empty arm, and gives one bucket no certainty at all", () => {
    expect(clusteredMean({ counts: [0, 0], sums: [0, 0] })).toBeNull();
    expect(clusteredMean({ counts: [9, 0], sums: [3, 0] })?.variance).toBe(Infinity);
  });
});

describe("contrast over strata", () => {
  it("a stage with one empty arm says nothing", () => {
    const stage = { candidate: rateArm(30, 200), baseline: rateArm(200, 1800) };
    const empty = { candidate: rateArm(0, 0), baseline: rateArm(900, 1000) };
    expect(estimateContrast([stage, empty], NO_HARM)).toEqual(estimateContrast([stage], NO_HARM));
    expect(estimateContrast([empty], NO_HARM)).toBeNull();
    expect(harmLogE([empty])).toBe(0);
  });

  it("a baseline that drifts between stages is no effect, unlike for pooled arms", () => {
    // The rate doubles while the share grows from 5% to 50%: no difference in either stage.
    const early = { candidate: rateArm(50, 500), baseline: rateArm(950, 9500) };
    const late = { candidate: rateArm(1000, 5000), baseline: rateArm(1000, 5000) };
    const pooled = { candidate: rateArm(1050, 5500), baseline: rateArm(1950, 14_500) };
    expect(estimateContrast([early, late], NO_HARM)?.estimate).toBeCloseTo(0, 12);
    expect(harmLogE([early, late])).toBeLessThan(0);
    expect(harmLogE([pooled])).toBeGreaterThan(ALARM);
  });

  it("a ratio margin is the difference against the scaled baseline", () => {
    const stage = { candidate: rateArm(180, 1000), baseline: rateArm(1350, 9000) };
    const seen = estimateContrast([stage], { ratio: 1.2, offset: 0, direction: 1 });
    expect(seen?.estimate).toBeCloseTo(0.18 - 1.2 * 0.15, 12);
  });

  it("moments of binary outcomes agree with the rate, up to the smoothing", () => {
    const rate = rateArm(150, 1000);
    const moments = momentArm({ observations: 1000, sum: 150, sumOfSquares: 150 });
    expect(moments.mean).toBe(rate.mean);
    expect(moments.meanVariance / rate.meanVariance).toBeCloseTo(1, 2);
  });
});

describe("burn-in of the normal mixture", () => {
  const stage = (events: number, candidates: number): NormalStratum => ({
    candidate: rateArm(events, candidates),
    baseline: rateArm(90, 900),
  });

  it("rollback needs 50 per arm and 10 events, promotion 200 and 30 candidate events", () => {
    const ready = (events: number, n: number) => normalBurnIn([stage(events, n)], "bounded");
    expect(ready(5, 49)).toEqual({ isReadyForRollback: false, isReadyForPromotion: false });
    expect(ready(5, 50)).toEqual({ isReadyForRollback: true, isReadyForPromotion: false });
    expect(ready(29, 200)).toEqual({ isReadyForRollback: true, isReadyForPromotion: false });
    expect(ready(30, 199)).toEqual({ isReadyForRollback: true, isReadyForPromotion: false });
    expect(ready(30, 200)).toEqual({ isReadyForRollback: true, isReadyForPromotion: true });
  });

  it("skewed outcomes need 2,000 for promotion, heavy tails are never promoted on it", () => {
    const arm = (observations: number) => {
      const moments = { observations, sum: observations, sumOfSquares: 4 * observations };
      return { candidate: momentArm(moments), baseline: momentArm(moments) };
    };
    expect(normalBurnIn([arm(1999)], "skewed").isReadyForPromotion).toBe(false);
    expect(normalBurnIn([arm(2000)], "skewed").isReadyForPromotion).toBe(true);
    expect(normalBurnIn([arm(1e7)], "heavy")).toEqual({
      isReadyForRollback: true,
      isReadyForPromotion: false,
    });
  });

  it("a few tenants are not enough, however many requests they send", () => {
    const counts = Array.from({ length: CLUSTER_BUCKETS }, (_, index) => (index < 10 ? 1000 : 0));
    const arm = bucketArm({ counts, sums: counts.map((count) => count / 2) }, 5000);
    const burnIn = normalBurnIn([{ candidate: arm, baseline: arm }], "bounded");
    expect(burnIn).toEqual({ isReadyForRollback: false, isReadyForPromotion: false });
  });
});

describe("randomised per request, watched all the time (seeded)", () => {
  const RUNS = 200;

  /** Whether harm is alarmed within 6,000 requests at a share of 20% and a baseline rate of 8%. */
  function isAlarmed(seed: number, candidateRate: number): boolean {
    const random = seededRandom(seed);
    const [candidate, baseline] = [
      { n: 0, events: 0 },
      { n: 0, events: 0 },
    ];
    for (let request = 1; request <= 6000; request += 1) {
      const isCandidate = random() < 0.2;
      const arm = isCandidate ? candidate : baseline;
      arm.n += 1;
      if (random() < (isCandidate ? candidateRate : 0.08)) arm.events += 1;
      if (request % 50 !== 0) continue;
      const stratum = {
        candidate: rateArm(candidate.events, candidate.n),
        baseline: rateArm(baseline.events, baseline.n),
      };
      if (!normalBurnIn([stratum], "bounded").isReadyForRollback) continue;
      if (harmLogE([stratum]) >= Math.log(20)) return true;
    }
    return false;
  }
  const alarms = (candidateRate: number): number =>
    Array.from({ length: RUNS }, (_, run) => isAlarmed(run + 1, candidateRate)).filter(Boolean)
      .length;

  it("keeps false alarms at 5% after the burn-in, and finds half as much again", () => {
    expect(alarms(0.08)).toBeLessThanOrEqual(allowedCount(0.05, RUNS));
    expect(alarms(0.12)).toBeGreaterThan(0.8 * RUNS);
  });
});
