import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLUSTER_BUCKETS, clusteredMean, mergeBuckets } from "./cluster-variance.ts";
import type { NormalStratum } from "./normal-contrast.ts";
import {
  bucketArm,
  estimateContrast,
  momentArm,
  normalBurnIn,
  normalContrastLogE,
  rateArm,
} from "./normal-contrast.ts";
import { allowedCount, seededRandom } from "./testing/e-process.ts";

const NO_HARM = { ratio: 1, offset: 0, direction: 1 as const };
const ALARM = Math.log(20);
const harmLogE = (strata: readonly NormalStratum[]): number =>
  normalContrastLogE(strata, { contrast: NO_HARM, effect: 0.04, alpha: 0.05 });

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

describe("sticky users, watched while they keep coming (seeded)", () => {
  const RUNS = 150;
  const USERS = 400;

  type Arm = { readonly counts: number[]; readonly sums: number[]; n: number; events: number };
  const emptyArm = (): Arm => ({
    counts: Array.from({ length: CLUSTER_BUCKETS }, () => 0),
    sums: Array.from({ length: CLUSTER_BUCKETS }, () => 0),
    n: 0,
    events: 0,
  });

  /** No effect: each user has a rate of their own, from 2% to 60%, and stays in their arm. */
  function watch(seed: number): { readonly bucketed: boolean; readonly perRequest: boolean } {
    const random = seededRandom(seed);
    const users = Array.from({ length: USERS }, (_, index) => ({
      isCandidate: random() < 0.3,
      bucket: index % CLUSTER_BUCKETS,
      rate: 0.02 + 0.58 * random() ** 3,
    }));
    const [candidate, baseline] = [emptyArm(), emptyArm()];
    const alarms = { bucketed: false, perRequest: false };
    for (let look = 0; look < 12; look += 1) {
      for (let request = 0; request < 1500; request += 1) {
        const user = users[Math.floor(random() * USERS)]!;
        const arm = user.isCandidate ? candidate : baseline;
        const event = random() < user.rate ? 1 : 0;
        arm.counts[user.bucket]! += 1;
        arm.sums[user.bucket]! += event;
        arm.n += 1;
        arm.events += event;
      }
      const bucketed = {
        candidate: bucketArm(candidate, candidate.events),
        baseline: bucketArm(baseline, baseline.events),
      };
      const perRequest = {
        candidate: rateArm(candidate.events, candidate.n),
        baseline: rateArm(baseline.events, baseline.n),
      };
      if (normalBurnIn([bucketed], "bounded").isReadyForRollback) {
        alarms.bucketed ||= harmLogE([bucketed]) >= ALARM;
      }
      alarms.perRequest ||= harmLogE([perRequest]) >= ALARM;
    }
    return alarms;
  }

  it("bucket variance keeps false alarms at 5%, counting requests does not", () => {
    const outcomes = Array.from({ length: RUNS }, (_, run) => watch(run + 1));
    const bucketed = outcomes.filter((outcome) => outcome.bucketed).length;
    const perRequest = outcomes.filter((outcome) => outcome.perRequest).length;
    expect(bucketed).toBeLessThanOrEqual(allowedCount(0.05, RUNS));
    expect(perRequest).toBeGreaterThan(allowedCount(0.05, RUNS));
  });
});
