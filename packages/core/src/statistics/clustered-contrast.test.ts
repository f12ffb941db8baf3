import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BucketSums } from "./bucket-sums.ts";
import type { ClusteredStratum } from "./clustered-contrast.ts";
import { clusteredArm, clusteredArms } from "./clustered-contrast.ts";
import { normalContrastLogE } from "./normal-contrast.ts";
import { allowedCount, seededRandom } from "./testing/e-process.ts";

const BUCKETS = 64;
const RUNS = 150;
const USERS = 400;
const STAGES = 3;
const LOOKS_PER_STAGE = 4;
/** Before it the normal mixture says nothing. */
const LEAST_PER_ARM = 50;

type GrowingArm = { readonly counts: number[]; readonly sums: number[] };
const emptyArm = (): GrowingArm => ({
  counts: Array.from({ length: BUCKETS }, () => 0),
  sums: Array.from({ length: BUCKETS }, () => 0),
});
const alone = (sums: BucketSums) => clusteredArm([{ sums, weight: 1 }]);

/** The difference of the arms, with the variance that is asked for; null before the burn-in. */
function differenceOf(
  strata: readonly ClusteredStratum[],
  varianceOf: (of: NonNullable<ReturnType<typeof clusteredArms>>) => number,
) {
  const arms = clusteredArms(strata);
  if (arms === null) return null;
  const { candidate, baseline } = arms;
  if (Math.min(candidate.observations, baseline.observations) < LEAST_PER_ARM) return null;
  return { estimate: candidate.mean - baseline.mean, variance: varianceOf(arms) };
}

const isAlarm = (seen: ReturnType<typeof differenceOf>): boolean =>
  seen !== null && normalContrastLogE(seen, { direction: 1, effect: 0.04 }) >= Math.log(20);

type Alarms = { byUnit: boolean; byRequest: boolean };

/** No effect: each user has a rate of their own, from 2% to 60%, and keeps their arm in all stages. */
function watch(seed: number): Alarms {
  const random = seededRandom(seed);
  const users = Array.from({ length: USERS }, (_, index) => ({
    isCandidate: random() < 0.3,
    bucket: index % BUCKETS,
    rate: 0.02 + 0.58 * random() ** 3,
  }));
  const alarms = { byUnit: false, byRequest: false };
  const strata: { candidate: GrowingArm; baseline: GrowingArm }[] = [];
  for (let look = 0; look < STAGES * LOOKS_PER_STAGE; look += 1) {
    if (look % LOOKS_PER_STAGE === 0) {
      strata.push({ candidate: emptyArm(), baseline: emptyArm() });
    }
    const stage = strata.at(-1)!;
    for (let request = 0; request < 1500; request += 1) {
      const user = users[Math.floor(random() * USERS)]!;
      const arm = user.isCandidate ? stage.candidate : stage.baseline;
      arm.counts[user.bucket]! += 1;
      if (random() < user.rate) arm.sums[user.bucket]! += 1;
    }
    alarms.byUnit ||= isAlarm(
      differenceOf(strata, ({ candidate, baseline }) => candidate.variance + baseline.variance),
    );
    alarms.byRequest ||= isAlarm(
      differenceOf(
        strata,
        ({ candidate, baseline }) => candidate.eventVariance + baseline.eventVariance,
      ),
    );
  }
  return alarms;
}

describe("an arm of sticky users", () => {
  it("has the variance of the mean of bucket means when all buckets are of one size", () => {
    const means = [0.1, 0.4, 0.2, 0.3];
    const size = 25;
    const seen = alone({ counts: means.map(() => size), sums: means.map((mean) => mean * size) });
    const mean = 0.25;
    const sample = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3;
    expect(seen?.mean).toBeCloseTo(mean, 12);
    expect(seen?.variance).toBeCloseTo(sample / 4, 12);
    expect(seen?.buckets).toBe(4);
  });

  it("is the same in whatever order its buckets are", () => {
    const buckets = fc
      .array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 8, maxLength: 8 })
      .map((pairs) => ({
        counts: pairs.map(([count]) => count),
        sums: pairs.map(([count, sum]) => Math.min(count, sum)),
      }));
    fc.assert(
      fc.property(buckets, ({ counts, sums }) => {
        const one = alone({ counts, sums });
        const turned = alone({ counts: counts.toReversed(), sums: sums.toReversed() });
        expect(turned?.mean).toBe(one?.mean);
        if (one !== null && Number.isFinite(one.variance)) {
          expect(turned?.variance).toBeCloseTo(one.variance, 10);
        }
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it("says nothing when empty, and has no certainty at all from one bucket", () => {
    expect(alone({ counts: [0, 0], sums: [0, 0] })).toBeNull();
    expect(alone({ counts: [9, 0], sums: [3, 0] })?.variance).toBe(Infinity);
  });
});

describe("arms of sticky users over stages", () => {
  const random = seededRandom(3);
  const arm = (): BucketSums => {
    const counts = Array.from({ length: BUCKETS }, () => Math.floor(random() * 30));
    return { counts, sums: counts.map((count) => Math.floor(random() * (count + 1))) };
  };
  const stage: ClusteredStratum = { candidate: arm(), baseline: arm() };

  it("the same users seen twice say no more than once", () => {
    const once = clusteredArms([stage])!;
    const twice = clusteredArms([stage, stage])!;
    expect(twice.candidate.mean).toBeCloseTo(once.candidate.mean, 12);
    expect(twice.candidate.variance).toBeCloseTo(once.candidate.variance, 12);
    expect(twice.baseline.variance).toBeCloseTo(once.baseline.variance, 12);
  });

  it("a stage without one of the arms says nothing", () => {
    const empty = { candidate: emptyArm(), baseline: arm() };
    expect(clusteredArms([empty])).toBeNull();
    expect(clusteredArms([])).toBeNull();
    expect(clusteredArms([stage, empty])).toEqual(clusteredArms([stage]));
  });

  it("keeps false alarms at 5% while they come back, where counting requests does not (seeded)", () => {
    const outcomes = Array.from({ length: RUNS }, (_, run) => watch(run + 1));
    const count = (kind: keyof Alarms): number => outcomes.filter((alarms) => alarms[kind]).length;
    expect(count("byUnit")).toBeLessThanOrEqual(allowedCount(0.05, RUNS));
    expect(count("byRequest")).toBeGreaterThan(allowedCount(0.05, RUNS));
  });
});
