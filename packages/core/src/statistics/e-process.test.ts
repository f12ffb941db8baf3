import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mixGrid } from "./bet-grid.ts";
import { betaBinomialLogE, betaBinomialMixture } from "./beta-binomial-mixture.ts";
import { logWeightedAverage } from "./log-sum-exp.ts";
import { normalMixtureLogE } from "./normal-mixture.ts";
import { cleanRateLogE, meanLogs, rateLogs } from "./one-sample.ts";
import { pairedBetLogs } from "./paired-bet.ts";
import { randomisedBetLogE } from "./randomised-bet.ts";
import { rateRatioLogE } from "./rate-ratio.ts";
import { restartLogE } from "./restarts.ts";
import { sampleRatioLogE } from "./sample-ratio.ts";
import { largestStep } from "./testing/e-process.ts";

// Rounding of a few sums of exponentials.
const ROUNDING = 1e-9;
const SETTINGS = { numRuns: 60, seed: 20_260_101 };

const chance = fc.double({ min: 0.001, max: 0.999, noNaN: true });
const share = fc.double({ min: 0.01, max: 0.9, noNaN: true });
const direction = fc.constantFrom<1 | -1>(1, -1);
const slack = fc.double({ min: 0, max: 0.5, noNaN: true });

const binary = (misses: number, events: number) => ({ values: [0, 1], counts: [misses, events] });
/** Chances of [candidate event, candidate none, baseline event, baseline none]. */
const armChances = (w: number, candidate: number, baseline: number): readonly number[] => [
  w * candidate,
  w * (1 - candidate),
  (1 - w) * baseline,
  (1 - w) * (1 - baseline),
];

describe("under its null no test grows in mean, from any state, exactly enumerated", () => {
  it("rate ratio (M1), for any rates with p_c on the null's side of R0 p_b", () => {
    fc.assert(
      fc.property(chance, chance, share, slack, direction, (candidate, baseline, w, extra, way) => {
        const nullRatio = (candidate / baseline) * (1 + extra) ** way;
        const design = { nullRatio, designRatio: nullRatio * 1.5 ** way, direction: way };
        const logE = ([candidateEvents = 0, , baselineEvents = 0]: readonly number[]): number =>
          rateRatioLogE([{ propensity: w, candidateEvents, baselineEvents }], design);
        const step = largestStep(armChances(w, candidate, baseline), logE, 3);
        expect(step).toBeLessThan(ROUNDING);
      }),
      SETTINGS,
    );
  });

  it("randomised contrast (M3), for any means, centre, ratio and offset at or inside the null", () => {
    const ratios = fc.double({ min: 0.5, max: 2, noNaN: true });
    fc.assert(
      fc.property(
        fc.record({ candidate: chance, baseline: chance, w: share, slack, way: direction }),
        fc.record({ ratio: ratios, centre: chance, effect: share, variance: share }),
        (truth, aim) => {
          const { candidate, baseline, w, way } = truth;
          const offset = candidate - aim.ratio * baseline + way * truth.slack;
          const contrast = { ratio: aim.ratio, offset, direction: way };
          const logE = ([ce = 0, cn = 0, be = 0, bn = 0]: readonly number[]): number =>
            randomisedBetLogE(
              [{ propensity: w, candidate: binary(cn, ce), baseline: binary(bn, be) }],
              { ...aim, contrast },
            );
          expect(largestStep(armChances(w, candidate, baseline), logE, 3)).toBeLessThan(ROUNDING);
        },
      ),
      SETTINGS,
    );
  });

  it("one rate (M4) and one mean, on both sides", () => {
    const nulls = fc.double({ min: 0.001, max: 0.85, noNaN: true });
    fc.assert(
      fc.property(nulls, slack, direction, share, (nullRate, extra, way, effect) => {
        const rate = way > 0 ? nullRate * (1 - extra) : Math.min(1, nullRate + extra);
        const events = ([hits = 0, misses = 0]: readonly number[]): number =>
          mixGrid(
            rateLogs(
              { events: hits, observations: hits + misses },
              {
                nullRate,
                direction: way,
              },
            ),
          );
        const mean = ([hits = 0, misses = 0]: readonly number[]): number =>
          mixGrid(
            meanLogs(binary(misses, hits), {
              nullMean: nullRate,
              direction: way,
              effect,
              variance: 0.1,
            }),
          );
        expect(largestStep([rate, 1 - rate], events, 5)).toBeLessThan(ROUNDING);
        expect(largestStep([rate, 1 - rate], mean, 5)).toBeLessThan(ROUNDING);
      }),
      SETTINGS,
    );
  });

  it("pairs, for any dependence between the two answers", () => {
    fc.assert(
      fc.property(
        fc.tuple(chance, chance, chance, chance),
        fc.record({ ratio: share, effect: share, slack, way: direction }),
        (raw, { ratio, effect, slack: extra, way }) => {
          const total = raw.reduce((sum, part) => sum + part, 0);
          // Both, candidate only, baseline only, neither.
          const chances = raw.map((part) => part / total);
          const [both = 0, only = 0, other = 0] = chances;
          const offset = both + only - ratio * (both + other) + way * extra;
          const contrast = { ratio, offset, direction: way };
          const logE = (counts: readonly number[]): number =>
            mixGrid(
              pairedBetLogs(
                { candidate: [1, 1, 0, 0], baseline: [1, 0, 1, 0], counts },
                { contrast, effect, variance: 0.1 },
              ),
            );
          expect(largestStep(chances, logE, 3)).toBeLessThan(ROUNDING);
        },
      ),
      SETTINGS,
    );
  });

  it("sample ratio and two-sided beta-binomial, at the null itself", () => {
    fc.assert(
      fc.property(share, (w) => {
        const split = ([candidate = 0, baseline = 0]: readonly number[]): number =>
          sampleRatioLogE({ candidate, baseline, propensity: w }, 50);
        const step = { g: w, h: 1 - w };
        const mixture = betaBinomialMixture(step, { vOpt: 10, alphaOpt: 0.05 }, "two_sided");
        const beta = ([hits = 0, misses = 0]: readonly number[]): number => {
          const n = hits + misses;
          return betaBinomialLogE({ s: hits - w * n, v: w * (1 - w) * n }, mixture);
        };
        expect(Math.abs(largestStep([w, 1 - w], split, 6))).toBeLessThan(ROUNDING);
        expect(Math.abs(largestStep([w, 1 - w], beta, 6))).toBeLessThan(ROUNDING);
      }),
      SETTINGS,
    );
  });

  it("zero tolerance: clean observations, at the rate that is to be ruled out", () => {
    fc.assert(
      fc.property(share, (rate) => {
        const mean = rate * Math.exp(cleanRateLogE({ events: 1, observations: 1 }, rate));
        const clean = (1 - rate) * Math.exp(cleanRateLogE({ events: 0, observations: 1 }, rate));
        expect(mean + clean).toBeCloseTo(1, 12);
      }),
      SETTINGS,
    );
  });

  it("weighted restarts, over every order of outcomes, also beyond the plan", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), share, slack, (planned, nullRate, extra) => {
        const rate = nullRate * (1 - extra);
        const [hit, miss] = [1, 0].map((events) =>
          rateLogs({ events, observations: 1 }, { nullRate: nullRate, direction: 1 }),
        ) as [number[], number[]];
        const visit = (blocks: readonly number[][]): void => {
          const now = Math.exp(restartLogE(blocks, planned));
          const mean =
            rate * Math.exp(restartLogE([...blocks, hit], planned)) +
            (1 - rate) * Math.exp(restartLogE([...blocks, miss], planned));
          expect(mean).toBeLessThanOrEqual(now * (1 + ROUNDING));
          if (blocks.length === 6) return;
          visit([...blocks, hit]);
          visit([...blocks, miss]);
        };
        visit([]);
        expect(restartLogE([], planned)).toBeCloseTo(0, 12);
      }),
      { ...SETTINGS, numRuns: 20 },
    );
  });

  it("a weighted average keeps a mean of at most 1, however its parts depend on each other", () => {
    fc.assert(
      fc.property(chance, share, (rate, weight) => {
        const up = [Math.log(1 / rate), Number.NEGATIVE_INFINITY];
        const down = [Number.NEGATIVE_INFINITY, Math.log(1 / (1 - rate))];
        const mean = [rate, 1 - rate].reduce(
          (sum, p, outcome) =>
            sum +
            p *
              Math.exp(
                logWeightedAverage([
                  { weight, logValue: up[outcome] as number },
                  { weight: 1 - weight, logValue: down[outcome] as number },
                ]),
              ),
          0,
        );
        expect(mean).toBeCloseTo(1, 12);
      }),
      SETTINGS,
    );
  });
});

describe("evidence is counts: shards merge in any order", () => {
  const cell = fc.tuple(fc.nat(200), fc.nat(200), fc.nat(200), fc.nat(200));

  it("the merged counts of one stage give the sum of the shards' log factors", () => {
    const design = {
      contrast: { ratio: 1, offset: 0.01, direction: 1 as const },
      centre: 0.15,
      effect: 0.02,
      variance: 0.1275,
    };
    const stage = ([ce, cn, be, bn]: readonly [number, number, number, number]) => ({
      propensity: 0.1,
      candidate: binary(cn, ce),
      baseline: binary(bn, be),
    });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 5 }), (shards) => {
        const merged = shards.reduce((sum, shard) => [
          sum[0] + shard[0],
          sum[1] + shard[1],
          sum[2] + shard[2],
          sum[3] + shard[3],
        ]);
        const together = randomisedBetLogE([stage(merged)], design);
        const apart = randomisedBetLogE(shards.map(stage), design);
        const reversed = randomisedBetLogE(shards.toReversed().map(stage), design);
        expect(apart).toBeCloseTo(together, 8);
        expect(reversed).toBeCloseTo(together, 8);
      }),
      SETTINGS,
    );
  });

  it("the rate ratio of merged stages of one propensity is that of the stages one by one", () => {
    const design = { nullRatio: 1, designRatio: 1.5, direction: 1 as const };
    const stage = ([candidateEvents, , baselineEvents]: readonly number[]) => ({
      propensity: 0.25,
      candidateEvents: candidateEvents ?? 0,
      baselineEvents: baselineEvents ?? 0,
    });
    fc.assert(
      fc.property(cell, cell, (left, right) => {
        const merged = left.map((count, index) => count + (right[index] ?? 0));
        const together = rateRatioLogE([stage(merged)], design);
        expect(rateRatioLogE([stage(right), stage(left)], design)).toBeCloseTo(together, 8);
      }),
      SETTINGS,
    );
  });
});

describe("one side and two sides agree", () => {
  it("the two-sided normal mixture is the average of the two one-sided ones", () => {
    const numbers = fc.double({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 400, noNaN: true }), chance, (s, v, rho) => {
        const two = normalMixtureLogE({ s, v }, rho, "two_sided");
        const average = logWeightedAverage([
          { weight: 0.5, logValue: normalMixtureLogE({ s, v }, rho, "one_sided") },
          { weight: 0.5, logValue: normalMixtureLogE({ s: -s, v }, rho, "one_sided") },
        ]);
        expect(Math.abs(average - two)).toBeLessThan(1e-10 * Math.max(1, Math.abs(two)));
      }),
      SETTINGS,
    );
  });

  it("harm and safety of one margin are never both proven beyond 20 : 1 by the same counts", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), share, (candidateEvents, baselineEvents, w) => {
        const stage = { propensity: w, candidateEvents, baselineEvents };
        const harm = rateRatioLogE([stage], { nullRatio: 1.2, designRatio: 1.8, direction: 1 });
        const safety = rateRatioLogE([stage], { nullRatio: 1.2, designRatio: 0.8, direction: -1 });
        expect(Math.min(harm, safety)).toBeLessThan(Math.log(20));
      }),
      SETTINGS,
    );
  });
});

describe("evidence falls as the margin widens", () => {
  it("harm beyond a larger ratio is never better proven, for a fixed step to the alternative", () => {
    const ratio = fc.double({ min: 0.5, max: 3, noNaN: true });
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), share, ratio, ratio, (c, b, w, one, other) => {
        const stage = { propensity: w, candidateEvents: c, baselineEvents: b };
        const at = (nullRatio: number): number =>
          rateRatioLogE([stage], { nullRatio, designRatio: nullRatio * 1.5, direction: 1 });
        const [near, far] = [Math.min(one, other), Math.max(one, other)];
        expect(at(far)).toBeLessThanOrEqual(at(near) + ROUNDING);
      }),
      SETTINGS,
    );
  });

  it("a rate above a larger limit is never better proven", () => {
    const rates = fc.double({ min: 0.001, max: 0.05, noNaN: true });
    fc.assert(
      fc.property(fc.nat(100), fc.nat(400), rates, (events, others, nullRate) => {
        const seen = { events, observations: events + others };
        const at = (limit: number): number =>
          mixGrid(rateLogs(seen, { nullRate: limit, direction: 1 }));
        expect(at(nullRate * 1.1)).toBeLessThanOrEqual(at(nullRate) + ROUNDING);
      }),
      SETTINGS,
    );
  });
});
