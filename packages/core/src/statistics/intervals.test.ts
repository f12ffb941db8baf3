import { describe, expect, it } from "vitest";
import { exactDifferenceInterval, exactRatioInterval } from "./exact-interval.ts";
import { normalQuantile } from "./normal-quantile.ts";
import { quantileInterval } from "./quantile-interval.ts";
import { rateInterval } from "./rate-interval.ts";
import { randomisedBetLogE } from "./randomised-bet.ts";
import { rateRatioLogE } from "./rate-ratio.ts";
import { allowedCount, seededNormal, seededRandom } from "./testing/e-process.ts";

const RUNS = 120;
const LOOKS = 8;
const ALPHA = 0.1;

/** Runs in which some look missed the truth. */
function misses(isMissed: (random: () => number) => boolean): number {
  return Array.from({ length: RUNS }, (_, run) => isMissed(seededRandom(run + 1))).filter(Boolean)
    .length;
}

/** Counts of both arms that grow from look to look at a share of 20%. */
function watchArms(
  random: () => number,
  rates: readonly [candidate: number, baseline: number],
  isMissed: (counts: { readonly candidate: number[]; readonly baseline: number[] }) => boolean,
): boolean {
  const counts = { candidate: [0, 0], baseline: [0, 0] };
  for (let look = 0; look < LOOKS; look += 1) {
    for (let request = 0; request < 400; request += 1) {
      const isCandidate = random() < 0.2;
      const arm = isCandidate ? counts.candidate : counts.baseline;
      const event = random() < rates[isCandidate ? 0 : 1] ? 1 : 0;
      arm[event] = arm[event]! + 1;
    }
    if (isMissed(counts)) return true;
  }
  return false;
}

const contains = ({ low, high }: { low: number | null; high: number | null }, truth: number) =>
  (low ?? -Infinity) <= truth && truth <= (high ?? Infinity);

describe("intervals cover the truth at all looks together (seeded)", () => {
  it("ratio of rates", () => {
    const missed = misses((random) =>
      watchArms(random, [0.09, 0.06], ({ candidate, baseline }) => {
        const stage = {
          propensity: 0.2,
          candidateEvents: candidate[1]!,
          baselineEvents: baseline[1]!,
        };
        return !contains(exactRatioInterval([stage], { alpha: ALPHA, designStep: 1.5 }), 1.5);
      }),
    );
    expect(missed).toBeLessThanOrEqual(allowedCount(ALPHA, RUNS));
  });

  it("difference of means", () => {
    const missed = misses((random) =>
      watchArms(random, [0.18, 0.15], (counts) => {
        const values = [0, 1];
        const stage = {
          propensity: 0.2,
          candidate: { values, counts: counts.candidate },
          baseline: { values, counts: counts.baseline },
        };
        const tuning = { alpha: ALPHA, centre: 0.15, effect: 0.03, variance: 0.1275 };
        return !contains(exactDifferenceInterval([stage], tuning), 0.03);
      }),
    );
    expect(missed).toBeLessThanOrEqual(allowedCount(ALPHA, RUNS));
  });

  it("one rate", () => {
    const missed = misses((random) =>
      watchArms(random, [0.05, 0.05], ({ baseline }) => {
        const seen = { events: baseline[1]!, observations: baseline[0]! + baseline[1]! };
        return !contains(rateInterval(seen, { alpha: ALPHA, tOpt: 2000 }), 0.05);
      }),
    );
    expect(missed).toBeLessThanOrEqual(allowedCount(ALPHA, RUNS));
  });

  it("p95 of a latency in bins", () => {
    const truth = Math.exp(0.7 * normalQuantile(0.95));
    const tuning = { quantile: 0.95, alpha: ALPHA, tOpt: 2000 };
    const edges = Array.from({ length: 200 }, (_, index) => 0.05 * 1.04 ** index);
    const missed = misses((random) => {
      const counts = edges.map(() => 0);
      for (let look = 0; look < LOOKS; look += 1) {
        for (let request = 0; request < 300; request += 1) {
          const latency = Math.exp(0.7 * seededNormal(random));
          const bin = Math.floor(Math.log(latency / 0.05) / Math.log(1.04));
          counts[Math.min(edges.length - 1, Math.max(0, bin))]! += 1;
        }
        const bins = counts.map((count, index) => ({
          from: edges[index]!,
          to: edges[index]! * 1.04,
          count,
        }));
        if (!contains(quantileInterval(bins, tuning), truth)) return true;
      }
      return false;
    });
    expect(missed).toBeLessThanOrEqual(allowedCount(ALPHA, RUNS));
  });
});

describe("exact intervals", () => {
  const stages = [
    { propensity: 0.05, candidateEvents: 6, baselineEvents: 40 },
    { propensity: 0.25, candidateEvents: 30, baselineEvents: 60 },
  ];

  it("end where the test stops rejecting", () => {
    const alpha = 0.05;
    const { low, high } = exactRatioInterval(stages, { alpha, designStep: 1.5 });
    const above = { nullRatio: low, designRatio: low * 1.5, direction: 1 as const };
    const below = { nullRatio: high, designRatio: high / 1.5, direction: -1 as const };
    expect(rateRatioLogE(stages, above)).toBeCloseTo(Math.log(2 / alpha), 9);
    expect(rateRatioLogE(stages, below)).toBeCloseTo(Math.log(2 / alpha), 9);
  });

  it("contain the estimate and shrink with alpha and with data", () => {
    const wide = exactRatioInterval(stages, { alpha: 0.01, designStep: 1.5 });
    const narrow = exactRatioInterval(stages, { alpha: 0.2, designStep: 1.5 });
    expect(wide.low).toBeLessThan(narrow.low);
    expect(wide.high).toBeGreaterThan(narrow.high);
    const double = exactRatioInterval([...stages, ...stages], { alpha: 0.2, designStep: 1.5 });
    expect(double.high / double.low).toBeLessThan(narrow.high / narrow.low);
  });

  it("are open where nothing is known", () => {
    expect(exactRatioInterval([], { alpha: 0.05, designStep: 1.5 })).toEqual({
      low: 0,
      high: Infinity,
    });
    const tuning = { alpha: 0.05, centre: 0.15, effect: 0.02, variance: 0.1275 };
    expect(exactDifferenceInterval([], tuning)).toEqual({ low: -1, high: 1 });
    const noEvents = [{ propensity: 0.5, candidateEvents: 0, baselineEvents: 40 }];
    expect(exactRatioInterval(noEvents, { alpha: 0.05, designStep: 1.5 }).low).toBe(0);
    expect(exactRatioInterval(noEvents, { alpha: 0.05, designStep: 1.5 }).high).toBeLessThan(1);
  });

  it("a difference that the gate's test proves is outside the interval at that level", () => {
    const values = [0, 1];
    const stage = {
      propensity: 0.1,
      candidate: { values, counts: [700, 300] },
      baseline: { values, counts: [7650, 1350] },
    };
    const tuning = { effect: 0.02, variance: 0.1275, centre: 0.15 };
    const { low, high } = exactDifferenceInterval([stage], { ...tuning, alpha: 0.05 });
    const contrast = { ratio: 1, offset: 0, direction: 1 as const };
    expect(randomisedBetLogE([stage], { ...tuning, contrast })).toBeGreaterThan(Math.log(40));
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(0.15);
    expect(high).toBeGreaterThan(0.15);
  });
});

describe("quantile interval from bins", () => {
  const tuning = { quantile: 0.95, alpha: 0.05, tOpt: 2000 };
  const bins = (counts: readonly number[]) =>
    counts.map((count, index) => ({ from: index, to: index + 1, count }));

  it("gives away what the bins hide, and merges by adding counts", () => {
    const counts = Array.from({ length: 100 }, () => 30);
    const interval = quantileInterval(bins(counts), tuning);
    expect(interval.low).toBeLessThan(95);
    expect(interval.high).toBeGreaterThan(95);
    const coarse = Array.from({ length: 10 }, (_, index) => ({
      from: index * 10,
      to: index * 10 + 10,
      count: 300,
    }));
    const wider = quantileInterval(coarse, tuning);
    expect(wider.low).toBeLessThanOrEqual(interval.low!);
    expect(wider.high).toBeGreaterThanOrEqual(interval.high!);
  });

  it("has no upper end while there are few observations, and none at all without any", () => {
    expect(quantileInterval(bins([10, 10, 10]), tuning).high).toBeNull();
    expect(quantileInterval(bins([0, 0]), tuning)).toEqual({ low: null, high: null });
  });
});
