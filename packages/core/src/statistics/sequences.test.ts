import { describe, expect, it } from "vitest";
import { gammaExponentialLogE, gammaMixture, gammaPoissonLogE } from "./gamma-mixture.ts";
import { betaBinomialLogE, betaBinomialMixture } from "./beta-binomial-mixture.ts";
import { bettingCapital, hedgedInterval } from "./sequences/betting-interval.ts";
import { bernsteinLowerEnds, hoeffdingInterval } from "./sequences/conjugate-mixture.ts";
import {
  predictableBernsteinIntervals,
  predictableHoeffdingIntervals,
} from "./sequences/predictable-mixture.ts";
import { equalQuantilesPValue } from "./sequences/quantile-comparison.ts";
import { treatmentEffects } from "./sequences/treatment-effect.ts";
import { twoProportionsLogEs } from "./sequences/two-proportions.ts";
import { allowedCount, largestStep, seededRandom } from "./testing/e-process.ts";

const ROUNDING = 1e-9;
const RATES = [0.02, 0.1, 0.3, 0.5, 0.8];

/** Mean of f over all sequences of `length` binary outcomes with this rate: exact. */
function meanOver(
  length: number,
  rate: number,
  f: (outcomes: readonly number[]) => number,
): number {
  let mean = 0;
  for (let code = 0; code < 2 ** length; code += 1) {
    const outcomes = Array.from({ length }, (_, index) => (code >> index) & 1);
    const events = outcomes.reduce((sum, outcome) => sum + outcome, 0);
    mean += rate ** events * (1 - rate) ** (length - events) * f(outcomes);
  }
  return mean;
}

describe("sequences that depend on the order have a mean of at most 1 under their null", () => {
  it("betting on a mean, at the null and on its far side", () => {
    for (const rate of RATES) {
      for (const mean of [rate, rate + 0.1]) {
        const capital = (outcomes: readonly number[]): number =>
          bettingCapital(outcomes, { mean, alpha: 0.05, side: "above" }).at(-1)!;
        expect(meanOver(8, rate, capital)).toBeLessThan(1 + ROUNDING);
      }
    }
  });

  it("empirical Bernstein: the gamma-exponential mixture on outcomes in [0, 1]", () => {
    const mixture = gammaMixture({ vOpt: 2, alphaOpt: 0.05 }, 1);
    for (const rate of RATES) {
      const e = (outcomes: readonly number[]): number => {
        let [s, v, sum] = [0, 0, 0];
        for (const [index, outcome] of outcomes.entries()) {
          v += (outcome - (index === 0 ? 0.5 : sum / index)) ** 2;
          s += outcome - rate;
          sum += outcome;
        }
        return Math.exp(gammaExponentialLogE({ s, v }, mixture));
      };
      expect(meanOver(10, rate, e)).toBeLessThan(1 + ROUNDING);
    }
  });

  it("two proportions, when both are equal", () => {
    const design = {
      candidateSize: 1,
      baselineSize: 1,
      prior: { candidate: [0.18, 0.18], baseline: [0.18, 0.18] },
    } as const;
    for (const rate of RATES) {
      const e = (outcomes: readonly number[]): number => {
        const blocks = [0, 2, 4, 6].map((at) => ({
          candidate: outcomes[at]!,
          baseline: outcomes[at + 1]!,
        }));
        return Math.exp(twoProportionsLogEs(blocks, design).at(-1)!);
      };
      expect(meanOver(8, rate, e)).toBeLessThan(1 + ROUNDING);
    }
  });

  it("Poisson counts, and one rate on its null's side, from any state", () => {
    const poisson = gammaMixture({ vOpt: 5, alphaOpt: 0.05 }, 1);
    for (const expected of [0.4, 1]) {
      for (const seen of [0, 2, 7]) {
        const at = (count: number, v: number): number =>
          gammaPoissonLogE({ s: count - v, v }, poisson);
        let [mean, chance] = [0, Math.exp(-expected)];
        for (let more = 0; more < 60; more += 1) {
          mean += chance * Math.exp(at(seen + more, 4) - at(seen, 3));
          chance *= expected / (more + 1);
        }
        expect(mean).toBeLessThan(1 + ROUNDING);
      }
    }
    const mixture = betaBinomialMixture(
      { g: 0.3, h: 0.7 },
      { vOpt: 10, alphaOpt: 0.05 },
      "one_sided",
    );
    const logE = ([hits = 0, misses = 0]: readonly number[]): number => {
      const n = hits + misses;
      return betaBinomialLogE({ s: hits - 0.3 * n, v: 0.21 * n }, mixture);
    };
    for (const rate of [0.05, 0.2, 0.3]) {
      expect(largestStep([rate, 1 - rate], logE, 6)).toBeLessThan(ROUNDING);
    }
  });
});

describe("intervals of one mean cover it at all looks together (seeded)", () => {
  const RUNS = 150;
  const LENGTH = 150;
  const ALPHA = 0.1;
  const samples = Array.from({ length: RUNS }, (_, run) => {
    const random = seededRandom(run + 1);
    // Mean ¾ and skewed, like scores.
    return Array.from({ length: LENGTH }, () => Math.cbrt(random()));
  });
  const missed = (isMissed: (outcomes: readonly number[]) => boolean): number =>
    samples.filter(isMissed).length;
  const isOutside = ({ low, high }: { readonly low: number; readonly high: number }): boolean =>
    low > 0.75 || high < 0.75;

  it("predictable mixtures", () => {
    const bernstein = missed((x) => predictableBernsteinIntervals(x, ALPHA).some(isOutside));
    const hoeffding = missed((x) => predictableHoeffdingIntervals(x, ALPHA).some(isOutside));
    expect(Math.max(bernstein, hoeffding)).toBeLessThanOrEqual(allowedCount(ALPHA, RUNS));
  });

  it("conjugate mixtures, the Bernstein one on its one side", () => {
    const bernstein = missed((x) =>
      bernsteinLowerEnds(x.slice(0, 60), { alpha: ALPHA, vOpt: 5 }).some((low) => low > 0.75),
    );
    const hoeffding = missed((x) => {
      let sum = 0;
      return x.some((outcome, index) => {
        sum += outcome;
        return isOutside(hoeffdingInterval({ n: index + 1, sum }, { alpha: ALPHA, nOpt: 100 }));
      });
    });
    expect(Math.max(bernstein, hoeffding)).toBeLessThanOrEqual(allowedCount(ALPHA, RUNS));
  });

  it("hedged betting, and it is the narrowest", () => {
    const tuning = { alpha: ALPHA, breaks: 100 };
    expect(missed((x) => isOutside(hedgedInterval(x, tuning)))).toBeLessThanOrEqual(
      allowedCount(ALPHA, RUNS),
    );
    const x = samples[0]!;
    const width = ({ low, high }: { readonly low: number; readonly high: number }) => high - low;
    const narrowest = width(hedgedInterval(x, tuning));
    expect(narrowest).toBeLessThan(width(predictableBernsteinIntervals(x, ALPHA).at(-1)!));
    expect(narrowest).toBeLessThan(width(predictableHoeffdingIntervals(x, ALPHA).at(-1)!));
  });

  it("the effect of a randomised treatment", () => {
    const effects = Array.from({ length: 60 }, (_, run) => {
      const random = seededRandom(900 + run);
      const units = Array.from({ length: 200 }, () => {
        const isCandidate = random() < 0.5;
        return { isCandidate, outcome: random() < (isCandidate ? 0.5 : 0.3) ? 1 : 0 };
      });
      return treatmentEffects(units, { propensity: 0.5, alpha: ALPHA, vOpt: 100 });
    });
    const outside = effects.filter((looks) =>
      looks.some(({ low, high }) => low > 0.2 || high < 0.2),
    );
    expect(outside.length).toBeLessThanOrEqual(allowedCount(ALPHA, effects.length));
  });
});

describe("equal quantiles", () => {
  const test = { quantile: 0.9, tOpt: 300, alphaOpt: 0.05 };
  const sample = (seed: number, shift: number): readonly number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 300 }, () => random() + shift);
  };

  it("one sample against itself gives 1, and the arms may be swapped", () => {
    expect(equalQuantilesPValue(sample(1, 0), sample(1, 0), test)).toBe(1);
    const there = equalQuantilesPValue(sample(1, 0), sample(2, 0.2), test);
    expect(equalQuantilesPValue(sample(2, 0.2), sample(1, 0), test)).toBeCloseTo(there, 12);
  });

  it("only the order of the values counts", () => {
    const [one, two] = [sample(3, 0), sample(4, 0.15)];
    const warped = [one, two].map((values) => values.map((value) => Math.exp(5 * value)));
    const plain = equalQuantilesPValue(one, two, test);
    expect(equalQuantilesPValue(warped[0]!, warped[1]!, test)).toBeCloseTo(plain, 12);
  });

  it("a larger shift is better proven", () => {
    const values = [0.1, 0.2, 0.3].map((shift) =>
      equalQuantilesPValue(sample(5, 0), sample(6, shift), test),
    );
    expect(values).toEqual(values.toSorted((left, right) => right - left));
    expect(values[2]).toBeLessThan(0.001);
  });
});
