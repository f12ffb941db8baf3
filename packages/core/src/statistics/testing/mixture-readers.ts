import {
  exactMixtureRho,
  linearModelRadius,
  oneSidedRadius,
  twoSidedRadius,
} from "../asymptotic-radius.ts";
import {
  betaBinomialBound,
  betaBinomialLogE,
  betaBinomialMixture,
} from "../beta-binomial-mixture.ts";
import { radiusMultiplier } from "../confidence-interval.ts";
import {
  gammaExponentialBound,
  gammaExponentialLogE,
  gammaMixture,
  gammaPoissonBound,
  gammaPoissonLogE,
} from "../gamma-mixture.ts";
import type { Sides } from "../normal-mixture.ts";
import { normalMixtureBound, normalMixtureLogE, normalMixtureRho } from "../normal-mixture.ts";
import { normalQuantile } from "../normal-quantile.ts";
import { quantileRanks } from "../quantile-interval.ts";
import { rateInterval } from "../rate-interval.ts";
import { equalQuantilesPValue } from "../sequences/quantile-comparison.ts";
import { doubleStitchingBound, empiricalProcessBound, polyStitchingBound } from "../stitching.ts";
import type { Numbers, Reader } from "./reference-vectors.ts";

const sidesOf = (oneSided: boolean): Sides => (oneSided ? "one_sided" : "two_sided");
const tuningOf = (i: Numbers) => ({ vOpt: i["v_opt"]!, alphaOpt: i["alpha_opt"]! });
const sumOf = (i: Numbers) => ({ s: i["s"]!, v: i["v"]! });
const rhoOf = (i: Numbers, oneSided: boolean): number =>
  normalMixtureRho(tuningOf(i), sidesOf(oneSided));
const betaMixture = (i: Numbers, oneSided: boolean) =>
  betaBinomialMixture({ g: i["g"]!, h: i["h"]! }, tuningOf(i), sidesOf(oneSided));
const gamma = (i: Numbers) => gammaMixture(tuningOf(i), i["c"]!);
const count = (length: number, at: (index: number) => number): readonly number[] =>
  Array.from({ length }, (_, index) => at(index));

const normal: readonly Reader[] = [
  {
    covers: /^TwoSidedNormalMixture.best_rho/,
    read: (i) => normalMixtureRho({ vOpt: i["v"]!, alphaOpt: i["alpha"]! }, "two_sided"),
  },
  {
    covers: /^normal_log_mixture/,
    read: (i) => normalMixtureLogE(sumOf(i), rhoOf(i, i.one_sided), sidesOf(i.one_sided)),
  },
  {
    covers: /^e for H0: p_c-p_b<=0.01/,
    read: (i) => normalMixtureLogE(sumOf(i), rhoOf(i, true), "one_sided"),
  },
  {
    covers: /^normal_mixture_bound/,
    read: (i) =>
      normalMixtureBound(i["v"]!, {
        alpha: i["alpha"]!,
        rho: rhoOf(i, i.one_sided),
        sides: sidesOf(i.one_sided),
      }),
  },
  {
    covers: /^sequential_rho/,
    // ρ² of the asymptotic sequences is 1/ρ of the mixture.
    read: (i) =>
      1 / Math.sqrt(normalMixtureRho({ vOpt: i["n_star"]!, alphaOpt: i["alpha"]! }, "two_sided")),
  },
  {
    covers: /^sequential_interval_halfwidth\(/,
    read: (i) =>
      twoSidedRadius(
        { n: i["n"]!, variance: i["s2"]! },
        { alpha: i["alpha"]!, nOpt: i["n_star"]! },
      ),
  },
  {
    covers: /^sequential_interval_halfwidth_one_sided/,
    read: (i) =>
      oneSidedRadius(
        { n: i["n"]!, variance: i["s2"]! },
        { alpha: i["alpha"]!, nOpt: i["n_star"]! },
      ),
  },
  {
    covers: /^drconfseq best_rho2_exact/,
    read: (i) => 1 / exactMixtureRho(i["t_opt"]!, i["alpha"]!),
  },
  {
    covers: /^drconfseq std_conjmix_margin/,
    // Unit variance and mean of t observations; the design distance follows from ρ.
    read: (i) => {
      const rho = 1 / i["rho2"]!;
      const tuned = normalMixtureRho({ vOpt: rho, alphaOpt: i["alpha"]! }, "two_sided");
      const designDistance = 2.8 / Math.sqrt(rho * (rho / tuned));
      const t = i["t"]!;
      return Math.sqrt(1 / t) * radiusMultiplier(1 / t, { alpha: i["alpha"]!, designDistance });
    },
  },
  {
    covers: /^avlm z_radius/,
    read: (i) => linearModelRadius(i["n"]!, i["alpha"]!, i["g"]!),
  },
];

const betaAndGamma: readonly Reader[] = [
  {
    covers: /^beta_binomial_log_mixture (one|two)-sided$/,
    read: (i) => betaBinomialLogE(sumOf(i), betaMixture(i, i.one_sided)),
  },
  {
    covers: /^beta_binomial_log_mixture one-sided (with )?g=/,
    read: (i) => betaBinomialLogE(sumOf(i), betaMixture(i, true)),
  },
  {
    covers: /^beta_binomial_mixture_bound/,
    read: (i) => betaBinomialBound(i["v"]!, i["alpha"]!, betaMixture(i, i.one_sided)),
  },
  {
    covers: /^gamma_exponential_log_mixture/,
    read: (i) => gammaExponentialLogE(sumOf(i), gamma(i)),
  },
  {
    covers: /^gamma_exponential_mixture_bound/,
    read: (i) => gammaExponentialBound(i["v"]!, i["alpha"]!, gamma(i)),
  },
  { covers: /^gamma_poisson_log_mixture/, read: (i) => gammaPoissonLogE(sumOf(i), gamma(i)) },
  {
    covers: /^gamma_poisson_mixture_bound/,
    read: (i) => gammaPoissonBound(i["v"]!, i["alpha"]!, gamma(i)),
  },
  {
    covers: /^bernoulli_confidence_interval/,
    read: (i) => {
      const { low, high } = rateInterval(
        { events: i["num_successes"]!, observations: i["num_trials"]! },
        { alpha: i["alpha"]!, tOpt: i["t_opt"]!, alphaOpt: i["alpha_opt"]! },
      );
      return [low, high];
    },
  },
];

const quantiles: readonly Reader[] = [
  {
    covers: /^poly_stitching_bound/,
    read: (i) =>
      polyStitchingBound(i["v"]!, i["alpha"]!, {
        vMin: i["v_min"]!,
        c: i["c"]!,
        s: i["s"]!,
        eta: i["eta"]!,
      }),
  },
  {
    covers: /^empirical_process_lil_bound/,
    read: (i) =>
      empiricalProcessBound(i["t"]!, i["alpha"]!, { tMin: i["t_min"]!, leading: i["A"]! }),
  },
  {
    covers: /^double_stitching_bound/,
    read: (i) =>
      doubleStitchingBound({ quantile: i["quantile_p"]!, t: i["t"]! }, i["alpha"]!, {
        tOpt: i["t_opt"]!,
        delta: i["delta"]!,
        s: i["s"]!,
        eta: i["eta"]!,
      }),
  },
  {
    covers: /^lower_radius = bbmb/,
    read: (i, vector) => {
      const ranks = quantileRanks(i["t"]!, {
        quantile: i["p"]!,
        alpha: i["alpha"]!,
        tOpt: i["t_opt"]!,
      });
      const indices = [ranks.lowRank, ranks.highRank];
      const sameIndices = String(indices) === String(vector.order_stat_indices_1based);
      return sameIndices ? [ranks.lowRadius, ranks.highRadius] : `ranks ${String(indices)}`;
    },
  },
  {
    covers: /^quantile_ab_p_value a=1..1000/,
    read: (i) =>
      equalQuantilesPValue(
        count(1000, (index) => index + 1),
        count(1000, (index) => index + 1 + i["offset"]!),
        { quantile: i["quantile_p"]!, tOpt: i["t_opt"]!, alphaOpt: i["alpha_opt"]! },
      ),
  },
  {
    covers: /^quantile_ab_p_value lognormal-like/,
    read: (i) => {
      const n = i["n"]!;
      const sample = count(n, (index) => Math.exp(i["sigma"]! * normalQuantile((index + 0.5) / n)));
      const scaled = sample.map((value) => i["scale"]! * value);
      const tuning = { quantile: i["quantile_p"]!, tOpt: i["t_opt"]!, alphaOpt: 0.05 };
      return equalQuantilesPValue(sample, scaled, tuning);
    },
  },
];

/** Mixtures, their boundaries and what is built on them. */
export const MIXTURE_READERS: readonly Reader[] = [...normal, ...betaAndGamma, ...quantiles];
