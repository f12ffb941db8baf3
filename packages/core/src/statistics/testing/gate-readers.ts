import { rejectByEBenjaminiHochberg } from "../e-bh.ts";
import { logSumExp } from "../log-sum-exp.ts";
import { cleanObservationsNeeded } from "../one-sample.ts";
import { randomisedBetLogE } from "../randomised-bet.ts";
import { candidateShare, rateRatioLogE } from "../rate-ratio.ts";
import { closeBlock, NO_BLOCKS } from "../restarts.ts";
import { sampleRatioLogE } from "../sample-ratio.ts";
import type { Reader, Vector } from "./reference-vectors.ts";

type Stage = {
  readonly w: number;
  readonly canary: readonly [number, number];
  readonly baseline: readonly [number, number];
  readonly canary_events: number;
  readonly baseline_events: number;
};

const stagesOf = (vector: Vector): readonly Stage[] =>
  (vector.inputs as { readonly stages: readonly Stage[] }).stages;
const counts = ([events, n]: readonly [number, number]) => ({
  values: [0, 1],
  counts: [n - events, events],
});

const grids: readonly Reader[] = [
  {
    covers: /^ln sum_j W_j prod_cells/,
    read: (i, vector) =>
      randomisedBetLogE(
        stagesOf(vector).map((stage) => ({
          propensity: stage.w,
          candidate: counts(stage.canary),
          baseline: counts(stage.baseline),
        })),
        {
          contrast: { ratio: i["R"]!, offset: i["delta"]!, direction: i["dir"] as 1 | -1 },
          centre: i["m"]!,
          effect: i["eff"]!,
          variance: i["sd2"]!,
        },
      ),
  },
  {
    covers: /^R_j=R0\*exp/,
    read: (i, vector) =>
      rateRatioLogE(
        stagesOf(vector).map((stage) => ({
          propensity: stage.w,
          candidateEvents: stage.canary_events,
          baselineEvents: stage.baseline_events,
        })),
        { nullRatio: i["R0"]!, designRatio: i["Rd"]!, direction: i["dir"] as 1 | -1 },
      ),
  },
  {
    covers: /^ln sum_j p_j prod_stages|^as f04/,
    // A grid and weights of the vector's own, on our share of events θ(R, w).
    read: (i, vector) => {
      const { R_grid, weights } = vector.inputs as {
        readonly R_grid: readonly number[];
        readonly weights: readonly number[];
      };
      const logs = R_grid.map((ratio, index) => {
        let sum = Math.log(weights[index]!);
        for (const stage of stagesOf(vector)) {
          const at = candidateShare(ratio, stage.w);
          const none = candidateShare(i["R0"]!, stage.w);
          sum +=
            stage.canary_events * Math.log(at.candidate / none.candidate) +
            stage.baseline_events * Math.log(at.baseline / none.baseline);
        }
        return sum;
      });
      return logSumExp(logs);
    },
  },
];

const others: readonly Reader[] = [
  {
    covers: /^ln\[B\(a\+nc/,
    read: (i) =>
      sampleRatioLogE(
        { candidate: i["n_canary"]!, baseline: i["n_baseline"]!, propensity: i["w"]! },
        i["concentration"],
      ),
  },
  {
    covers: /^n_clean = ceil/,
    read: (i) => cleanObservationsNeeded(i["pmax"]!, i["alpha"]!),
  },
  {
    covers: /^M_t=\(M_\{t-1\}/,
    read: (_, vector) => {
      const { L, pi } = vector.inputs as {
        readonly L: readonly number[];
        readonly pi: readonly number[];
      };
      let state = NO_BLOCKS;
      return L.map((factor) => {
        state = closeBlock(state, [Math.log(factor)], pi);
        return Math.exp(state.logs[0]!);
      });
    },
  },
  {
    covers: /^reject k\*=max/,
    read: (i, vector) => {
      const { e } = vector.inputs as { readonly e: readonly number[] };
      return rejectByEBenjaminiHochberg(e.map(Math.log), i["alpha"]!);
    },
  },
];

/** The tests that gates decide with. */
export const GATE_READERS: readonly Reader[] = [...grids, ...others];
