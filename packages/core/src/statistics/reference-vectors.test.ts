import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  betaBinomialBound,
  betaBinomialLogE,
  betaBinomialMixture,
} from "./beta-binomial-mixture.ts";
import { radiusMultiplier } from "./confidence-interval.ts";
import { rejectByEBenjaminiHochberg } from "./e-bh.ts";
import { logWealths } from "./log-wealth.ts";
import { logSumExp } from "./log-sum-exp.ts";
import type { Sides } from "./normal-mixture.ts";
import { normalMixtureBound, normalMixtureLogE, normalMixtureRho } from "./normal-mixture.ts";
import { cleanObservationsNeeded } from "./one-sample.ts";
import { randomisedBetLogE } from "./randomised-bet.ts";
import { candidateShare, rateRatioLogE } from "./rate-ratio.ts";
import { sampleRatioLogE } from "./sample-ratio.ts";

type Inputs = Readonly<Record<string, never>>;
type Vector = {
  readonly id: string;
  readonly function: string;
  readonly inputs: Inputs;
  readonly expected: unknown;
  readonly tol_rel: number;
  readonly upstream_target?: unknown;
  readonly target_abs_tol?: number;
};
// Inputs differ by function; each reader below takes the numbers that its own function has.
type Numbers = Readonly<Record<string, number>>;
type Read = (inputs: Numbers & { readonly one_sided: boolean }, vector: Vector) => unknown;
type Stage = {
  readonly w: number;
  readonly canary: readonly [number, number];
  readonly baseline: readonly [number, number];
  readonly canary_events: number;
  readonly baseline_events: number;
};

const sidesOf = (oneSided: boolean): Sides => (oneSided ? "one_sided" : "two_sided");
const rhoOf = (i: Numbers, oneSided: boolean): number =>
  normalMixtureRho({ vOpt: i["v_opt"]!, alphaOpt: i["alpha_opt"]! }, sidesOf(oneSided));
const normalLogE: Read = (i) =>
  normalMixtureLogE({ s: i["s"]!, v: i["v"]! }, rhoOf(i, i.one_sided), sidesOf(i.one_sided));
const normalBound: Read = (i) =>
  normalMixtureBound(i["v"]!, {
    alpha: i["alpha"]!,
    rho: rhoOf(i, i.one_sided),
    sides: sidesOf(i.one_sided),
  });
const betaMixture = (i: Numbers, oneSided: boolean) =>
  betaBinomialMixture(
    { g: i["g"]!, h: i["h"]! },
    { vOpt: i["v_opt"]!, alphaOpt: i["alpha_opt"]! },
    sidesOf(oneSided),
  );
const betaLogE =
  (isOneSided?: boolean): Read =>
  (i) =>
    betaBinomialLogE({ s: i["s"]!, v: i["v"]! }, betaMixture(i, isOneSided ?? i.one_sided));
const betaBound: Read = (i) => betaBinomialBound(i["v"]!, i["alpha"]!, betaMixture(i, i.one_sided));
const counts = ([events, n]: readonly [number, number]) => ({
  values: [0, 1],
  counts: [n - events, events],
});
const stagesOf = (vector: Vector): readonly Stage[] =>
  (vector.inputs as { readonly stages?: readonly Stage[] }).stages ?? [];

const readers: readonly { readonly covers: RegExp; readonly read: Read }[] = [
  {
    covers: /^TwoSidedNormalMixture.best_rho/,
    read: (i) => normalMixtureRho({ vOpt: i["v"]!, alphaOpt: i["alpha"]! }, "two_sided"),
  },
  { covers: /^normal_log_mixture/, read: normalLogE },
  {
    covers: /^e for H0: p_c-p_b<=0.01/,
    read: (i) => normalMixtureLogE({ s: i["s"]!, v: i["v"]! }, rhoOf(i, true), "one_sided"),
  },
  { covers: /^normal_mixture_bound/, read: normalBound },
  { covers: /^beta_binomial_log_mixture (one|two)-sided$/, read: betaLogE() },
  { covers: /^beta_binomial_log_mixture one-sided (with )?g=/, read: betaLogE(true) },
  { covers: /^beta_binomial_mixture_bound/, read: betaBound },
  {
    covers: /^lower_radius = bbmb/,
    read: (i) => {
      const [p, t] = [i["p"]!, i["t"]!];
      const tuning = { vOpt: p * (1 - p) * i["t_opt"]!, alphaOpt: i["alpha"]! };
      const radius = (g: number): number =>
        betaBinomialBound(
          p * (1 - p) * t,
          i["alpha"]!,
          betaBinomialMixture({ g, h: 1 - g }, tuning, "two_sided"),
        ) / t;
      return [radius(1 - p), radius(p)];
    },
  },
  {
    covers: /^diversified_betting_mart/,
    read: (i, vector) => {
      const { x, lambdas } = vector.inputs as unknown as {
        readonly x: readonly number[];
        readonly lambdas: readonly number[];
      };
      return x.map((_, index) => {
        const outcomes = x.slice(0, index + 1).map((value) => value - i["m"]!);
        const seen = { outcomes, counts: outcomes.map(() => 1) };
        return Math.exp(logSumExp(logWealths(lambdas, seen).map((log) => log + Math.log(0.25))));
      });
    },
  },
  {
    covers: /^ln\[B\(a\+nc/,
    read: (i) =>
      sampleRatioLogE(
        { candidate: i["n_canary"]!, baseline: i["n_baseline"]!, propensity: i["w"]! },
        i["concentration"]!,
      ),
  },
  {
    covers: /^n_clean = ceil/,
    read: (i) => cleanObservationsNeeded(i["pmax"]!, i["alpha"]!),
  },
  {
    covers: /^reject k\*=max/,
    read: (i, vector) => {
      const { e } = vector.inputs as unknown as { readonly e: readonly number[] };
      return rejectByEBenjaminiHochberg(e.map(Math.log), i["alpha"]!);
    },
  },
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
    read: (i, vector) => {
      const { R_grid, weights } = vector.inputs as unknown as {
        readonly R_grid: readonly number[];
        readonly weights: readonly number[];
      };
      return logSumExp(
        R_grid.map((ratio, index) =>
          stagesOf(vector).reduce((sum, stage) => {
            const at = candidateShare(ratio, stage.w);
            const none = candidateShare(i["R0"]!, stage.w);
            return (
              sum +
              stage.canary_events * Math.log(at.candidate / none.candidate) +
              stage.baseline_events * Math.log(at.baseline / none.baseline)
            );
          }, Math.log(weights[index]!)),
        ),
      );
    },
  },
  {
    covers: /^drconfseq std_conjmix_margin/,
    // Unit variance and mean of t observations; ρ²_WS is 1/ρ, so the design distance follows from it.
    read: (i) => {
      const rho = 1 / i["rho2"]!;
      const vOpt =
        rho * (rho / normalMixtureRho({ vOpt: rho, alphaOpt: i["alpha"]! }, "two_sided"));
      const designDistance = 2.8 / Math.sqrt(vOpt);
      return (
        Math.sqrt(1 / i["t"]!) *
        radiusMultiplier(1 / i["t"]!, { alpha: i["alpha"]!, designDistance })
      );
    },
  },
];

/** Reference functions that this package does not have. A new one must be added here or above. */
const NOT_IMPLEMENTED: readonly RegExp[] = [
  /^gamma_exponential/,
  /^gamma_poisson/,
  /^poly_stitching_bound/,
  /^empirical_process_lil_bound/,
  /^double_stitching_bound/,
  /^quantile_ab_p_value/,
  /^bernoulli_confidence_interval/,
  /^lambda_predmix_eb/,
  /^betting_mart/,
  /^hedged_cs/,
  /^predmix_/,
  /^conjmix_/,
  /^estimate_average_treatment_effect/,
  /^sequential_rho/,
  /^sequential_interval_halfwidth/,
  /^drconfseq best_rho2_exact/,
  /^avlm z_radius/,
  /^calculateSequential2x2E/,
  /^M_t=\(M_\{t-1\}/,
];

function findVectors(): string | null {
  const repository = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
  const given = process.env["SPILLWAY_SHARED_DIR"];
  const places = [given, join(repository, "../shared"), join(repository, "../../shared")];
  for (const place of places) {
    const file = place === undefined ? "" : join(place, "vectors/confidence-sequences.json");
    if (file !== "" && existsSync(file)) return file;
  }
  return null;
}

function expectClose(actual: unknown, expected: unknown, tolerance: number): void {
  if (Array.isArray(expected)) {
    expect(actual).toHaveLength(expected.length);
    for (const [index, value] of expected.entries()) {
      expectClose((actual as unknown[])[index], value, tolerance);
    }
    return;
  }
  const wanted = expected as number;
  expect(Math.abs((actual as number) - wanted)).toBeLessThanOrEqual(
    tolerance * Math.max(1e-12, Math.abs(wanted)),
  );
}

const file = findVectors();

describe.skipIf(file === null)(
  "reference vectors (skipped: no vectors/ beside the repository)",
  () => {
    const vectors: readonly Vector[] =
      file === null
        ? []
        : (JSON.parse(readFileSync(file, "utf8")) as { readonly vectors: readonly Vector[] })
            .vectors;

    for (const vector of vectors) {
      const reader = readers.find(({ covers }) => covers.test(vector.function));
      if (reader !== undefined) {
        it(`${vector.id} ${vector.function.slice(0, 60)}`, () => {
          const actual = reader.read(vector.inputs as never, vector);
          expectClose(actual, vector.expected, vector.tol_rel);
          if (vector.upstream_target !== undefined) {
            const distance = Math.abs((actual as number) - (vector.upstream_target as number));
            expect(distance).toBeLessThanOrEqual(vector.target_abs_tol ?? 0);
          }
        });
      }
    }

    it("what is not reproduced yet is exactly what is listed, and nothing listed is stale", () => {
      const open = vectors
        .map((vector) => vector.function)
        .filter((name) => !readers.some(({ covers }) => covers.test(name)));
      const unlisted = open.filter((name) => !NOT_IMPLEMENTED.some((listed) => listed.test(name)));
      const stale = NOT_IMPLEMENTED.filter((listed) => !open.some((name) => listed.test(name)));
      expect({ unlisted, stale: stale.map(String) }).toEqual({ unlisted: [], stale: [] });
    });
  },
);
