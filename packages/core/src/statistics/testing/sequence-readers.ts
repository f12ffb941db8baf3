import { logSumExp } from "../log-sum-exp.ts";
import { logWealths } from "../log-wealth.ts";
import { bettingCapital, hedgedInterval } from "../sequences/betting-interval.ts";
import { bernsteinLowerEnds, hoeffdingInterval } from "../sequences/conjugate-mixture.ts";
import { predictableBets } from "../sequences/predictable-bets.ts";
import {
  predictableBernsteinIntervals,
  predictableHoeffdingIntervals,
} from "../sequences/predictable-mixture.ts";
import { treatmentEffects } from "../sequences/treatment-effect.ts";
import { twoProportionsLogEs } from "../sequences/two-proportions.ts";
import type { Bounds } from "../confidence-interval.ts";
import type { Reader, Vector } from "./reference-vectors.ts";

const outcomesOf = (vector: Vector): readonly number[] =>
  (vector.inputs as { readonly x: readonly number[] }).x;
const ends = (intervals: readonly Bounds[]): readonly (readonly number[])[] => [
  intervals.map(({ low }) => low),
  intervals.map(({ high }) => high),
];

const betting: readonly Reader[] = [
  {
    covers: /^lambda_predmix_eb/,
    read: (i, vector) => predictableBets(outcomesOf(vector), i["alpha"]!),
  },
  {
    covers: /^betting_mart/,
    read: (i, vector) =>
      bettingCapital(outcomesOf(vector), {
        mean: i["m"]!,
        alpha: i["alpha"]!,
        side: i["theta"] === 1 ? "above" : "either",
      }),
  },
  {
    covers: /^hedged_cs/,
    read: (i, vector) => {
      const tuning = { alpha: i["alpha"]!, breaks: i["breaks"]! };
      const { low, high } = hedgedInterval(outcomesOf(vector), tuning);
      return [low, high];
    },
  },
  {
    covers: /^diversified_betting_mart/,
    read: (i, vector) => {
      const { x, lambdas, weights } = vector.inputs as {
        readonly x: readonly number[];
        readonly lambdas: readonly number[];
        readonly weights: readonly number[];
      };
      return x.map((_, index) => {
        const outcomes = x.slice(0, index + 1).map((value) => value - i["m"]!);
        const logs = logWealths(lambdas, { outcomes, counts: outcomes.map(() => 1) });
        return Math.exp(logSumExp(logs.map((log, point) => log + Math.log(weights[point]!))));
      });
    },
  },
];

const boundedMeans: readonly Reader[] = [
  {
    covers: /^predmix_empbern_twosided_cs/,
    read: (i, vector) => ends(predictableBernsteinIntervals(outcomesOf(vector), i["alpha"]!)),
  },
  {
    covers: /^predmix_hoeffding_cs/,
    read: (i, vector) => ends(predictableHoeffdingIntervals(outcomesOf(vector), i["alpha"]!)),
  },
  {
    covers: /^conjmix_hoeffding_twosided_cs/,
    read: (i, vector) => {
      let sum = 0;
      const intervals = outcomesOf(vector).map((outcome, index) => {
        sum += outcome;
        const tuning = { alpha: i["alpha"]!, nOpt: i["t_opt"]! };
        return hoeffdingInterval({ n: index + 1, sum }, tuning);
      });
      return ends(intervals);
    },
  },
  {
    covers: /^conjmix_empbern_lower_cs/,
    // The published function halves alpha inside; ours spends what it is given.
    read: (i, vector) =>
      bernsteinLowerEnds(outcomesOf(vector), { alpha: i["alpha"]! / 2, vOpt: i["v_opt"]! }),
  },
];

const twoSamples: readonly Reader[] = [
  {
    covers: /^estimate_average_treatment_effect/,
    read: (i, vector) => {
      const { y, treatment } = vector.inputs as {
        readonly y: readonly number[];
        readonly treatment: readonly number[];
      };
      const units = y.map((outcome, index) => ({ isCandidate: treatment[index] === 1, outcome }));
      const design = { propensity: i["propensity"]!, alpha: 0.05, vOpt: i["v_opt"]! };
      const estimates = treatmentEffects(units, design);
      return (vector.expected as readonly { readonly t: number }[]).map(({ t }) => {
        const { effect, low, high, pValue } = estimates[t - 1]!;
        return { t, point: effect, lower: low, upper: high, p: pValue };
      });
    },
  },
  {
    covers: /^calculateSequential2x2E/,
    read: (i, vector) => {
      const { ya, yb } = vector.inputs as {
        readonly ya: readonly number[];
        readonly yb: readonly number[];
      };
      const blocks = ya.map((candidate, index) => ({ candidate, baseline: yb[index]! }));
      return twoProportionsLogEs(blocks, {
        candidateSize: i["na"]!,
        baselineSize: i["nb"]!,
        prior: {
          candidate: [i["betaA1"]!, i["betaA2"]!],
          baseline: [i["betaB1"]!, i["betaB2"]!],
        },
      }).map(Math.exp);
    },
  },
];

/** Sequences that depend on the order of the outcomes. */
export const SEQUENCE_READERS: readonly Reader[] = [...betting, ...boundedMeans, ...twoSamples];
